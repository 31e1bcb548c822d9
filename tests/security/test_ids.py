"""Ids look like ids, wherever they come from: a response of the service, a DAG author, or a record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingJournalError, KlingProtocolError, KlingRequestError
from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.http.ids import is_id
from airflow_provider_kling.journal.record import Phase, Record
from airflow_provider_kling.models import VideoO1Request
from airflow_provider_kling.operators.kling import KlingDownloadOperator
from airflow_provider_kling.sensors.kling import KlingTaskSensor
from tests.gateways.calls import envelope, response
from tests.submission import submission

IDS = ["t", "7", "task-v2v-abc123", "A.b_c-D", "x" * 512]
NOT_IDS = [
    ".",
    "..",
    ".hidden",
    "-rf",
    "_x",
    "../../dags/evil",
    "a/b",
    "a\\b",
    "a b",
    "a\nb",
    "a\n",
    "a\0b",
    "a%2fb",
    "a'; touch x; '",
    "$(x)",
    "a:b",
    "a~b",
    "a@b",
    "x?y=1",
    "x#y",
    "ü",
    "\u0661",
    "x" * 513,
    "None",  # what Jinja makes of a value that is missing
]
GATEWAY = make_gateway()


@pytest.mark.parametrize("text", IDS, ids=lambda text: text[:20])
def test_an_id_is_one(text: str) -> None:
    assert is_id(text)


@pytest.mark.parametrize("value", [*NOT_IDS, "", None, 7, b"t", ["t"]], ids=lambda value: repr(value)[:20])
def test_what_is_no_id_is_none(value: object) -> None:
    assert not is_id(value)


def in_submission(text: str) -> object:
    call = submission(GATEWAY, VideoO1Request(prompt="x"))
    return call.parse(response(envelope(task_id=text, status="pending")))


def in_task(text: str) -> object:
    return GATEWAY.task(text).parse(response(envelope(task_id=text, status="success")))


def in_upload(text: str) -> object:
    call = GATEWAY.files.upload(b"x", filename="a.png", content_type="image/png")
    return call.parse(response(envelope(file_id=text, url="https://files.example/a.png")))


def in_files(text: str) -> object:
    listed = [{"file_id": text, "url": "https://files.example/a.png"}]
    return GATEWAY.files.list().parse(response(envelope(files=listed)))


def in_request_log(text: str) -> object:
    call = GATEWAY.request_log.newest(entries=5, until=datetime(2026, 11, 1, tzinfo=UTC))
    return call.parse(response(envelope(requests=[{"task_id": text}])))


ANSWERS = [in_submission, in_task, in_upload, in_files, in_request_log]


@pytest.mark.parametrize("read", ANSWERS)
@pytest.mark.parametrize("text", NOT_IDS, ids=lambda text: repr(text)[:20])
def test_an_answer_with_something_else_for_an_id_breaks_the_protocol(
    read: Callable[[str], object], text: str
) -> None:
    with pytest.raises(KlingProtocolError, match="which is no id") as caught:
        read(text)
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("read", ANSWERS)
@pytest.mark.parametrize("text", IDS, ids=lambda text: text[:20])
def test_an_answer_with_an_id_is_read(read: Callable[[str], object], text: str) -> None:
    assert text in repr(read(text))


@pytest.mark.parametrize("text", NOT_IDS, ids=lambda text: repr(text)[:20])
def test_an_author_who_gives_something_else_is_told_when_the_dag_is_parsed(text: str) -> None:
    with pytest.raises(KlingRequestError, match="kling_task_id: must be an id"):
        KlingTaskSensor(task_id="wait", kling_task_id=text)
    for source in (text, {"task_id": text}):
        with pytest.raises(KlingRequestError, match="source: must be a task id"):
            KlingDownloadOperator(task_id="get", source=source, output="file:///results/")


def test_a_template_waits_until_it_is_rendered() -> None:
    KlingTaskSensor(task_id="wait", kling_task_id="{{ params.id }}")
    KlingDownloadOperator(task_id="get", source="{{ params.id }}", output="file:///results/")


@pytest.mark.parametrize("text", NOT_IDS, ids=lambda text: repr(text)[:20])
def test_the_hook_asks_the_service_nothing_about_something_else(
    connect: Callable[..., None], text: str
) -> None:
    connect(host="http://127.0.0.1:9")  # nothing listens there
    calls: list[Callable[[KlingHook], Any]] = [
        lambda hook: hook.get_task(text),
        lambda hook: hook.wait_for_task(text, timeout=1),
        lambda hook: hook.delete_file(text),
    ]
    with KlingHook() as hook:
        for call in calls:
            with pytest.raises(KlingRequestError, match="must be an id"):
                call(hook)


RECORD = Record(
    phase=Phase.SUBMITTED,
    fingerprint="0" * 64,
    conn_id="kling_default",
    model="kling-video-o1",
    key="k",
    gateway="any",
    clear_count=0,
    intent_at=1.0,
    deadline=2.0,
    task_id="t",
    uploads=("f",),
)


@pytest.mark.parametrize("text", NOT_IDS, ids=lambda text: repr(text)[:20])
@pytest.mark.parametrize("field", ["task_id", "uploads"])
def test_a_record_with_something_else_for_an_id_is_damaged(field: str, text: str) -> None:
    stored = {**RECORD.to_json(), field: text if field == "task_id" else ["f", text]}
    with pytest.raises(KlingJournalError, match="task is damaged"):
        Record.from_json(stored)
    assert asdict(Record.from_json(RECORD.to_json())) == asdict(RECORD)

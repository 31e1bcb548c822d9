"""A chat is told what became of a generation, with its cost, its page and its poster."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_kling.exceptions import KlingError
from airflow_provider_kling.generation.summary import Summary
from airflow_provider_kling.notifications.message import message
from airflow_provider_kling.notifications.result import on_result
from airflow_provider_kling.notifications.webhook import KlingWebhookNotifier
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.conftest import FakeTaskInstance
from tests.notifications_server import Chat, running_chat
from tests.storages import Storage
from tests.task_runner import context, run, video

SECRET = "T000/B000/secret-of-the-webhook"


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Iterator[Chat]:
    """A chat that the connection ``kling_webhook`` leads to."""
    with running_chat() as chat:
        connection = {"conn_type": "slackwebhook", "host": f"{chat.url}/services", "password": SECRET}
        monkeypatch.setenv("AIRFLOW_CONN_KLING_WEBHOOK", json.dumps(connection))
        monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.com/a")
        yield chat


class PulledTaskInstance(FakeTaskInstance):
    """A task instance whose XComs a callback can pull."""

    def xcom_pull(self, *, key: str, task_ids: str, map_indexes: int) -> Any:
        """Return what was pushed."""
        assert (task_ids, map_indexes) == (self.task_id, self.map_index)
        return self.xcoms.get(key)


def made(ti: PulledTaskInstance, **arguments: Any) -> dict[str, Any]:
    """Run a generation, and return the context of its callbacks."""
    operator = video(**arguments)
    try:
        ti.xcom_push("return_value", run(operator, ti))
    except KlingError:
        ti.xcoms.pop("return_value", None)
    return context(operator, ti)


@pytest.mark.contract
def test_a_success_is_told_with_its_cost_and_its_page(
    sandbox: SandboxProcess, chat: Chat, tmp_path: Path
) -> None:
    ti = PulledTaskInstance()
    ctx = made(ti, output=f"file://{tmp_path}/clip.mp4")
    KlingWebhookNotifier(text="New clip:")(ctx)
    ((path, body),) = chat.posts
    assert path == f"/services/{SECRET}"
    text, facts, prompt, page = body["text"].splitlines()
    assert (text, prompt) == ("New clip:", "A paper boat")
    result = ti.xcoms["return_value"]
    assert facts == f"kling-video-o1 · done · {result['duration_s']:g} s · {result['cost_usd']} USD"
    assert page == "<https://airflow.example.com/a/kling/gallery/task/dag/run/make/-1|Look at it>"
    assert "attachments" not in body, "a disk signs no links"


@pytest.mark.contract
def test_a_poster_on_a_storage_that_signs_links_is_shown(
    sandbox: SandboxProcess, chat: Chat, storage: Storage
) -> None:
    KlingWebhookNotifier()(made(PulledTaskInstance(), output=f"{storage.uri}/clip.mp4"))
    ((_, body),) = chat.posts
    shown = [each["image_url"] for each in body.get("attachments", [])]
    assert len(shown) == storage.uri.startswith("s3:")
    assert all(url.startswith("http") and "clip.jpg" in url for url in shown)


@pytest.mark.contract
def test_a_failure_is_told_with_its_error(sandbox: SandboxProcess, chat: Chat) -> None:
    sandbox.faults([{"method": "POST", "action": {"status": 400}}])
    KlingWebhookNotifier(text="{{ 1 + 1 }} alarms")(made(PulledTaskInstance()))
    ((_, body),) = chat.posts
    assert body["text"].startswith("2 alarms\nkling-video-o1 · failed\nA paper boat\n")
    assert "nothing is billed" in body["text"]


def test_what_has_no_generation_is_told_as_it_is(chat: Chat) -> None:
    """Such as a run that failed, and a deadline alert, which awaits its notifier."""
    KlingWebhookNotifier(text="The film is late")({"dag": None})
    asyncio.run(_awaited(KlingWebhookNotifier(text="The film is late", context={"dag_run": {}})))
    assert [body for _, body in chat.posts] == [{"text": "The film is late"}] * 2


async def _awaited(notifier: KlingWebhookNotifier) -> None:
    await notifier


def test_the_address_is_in_no_error_and_no_log(
    chat: Chat, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    chat.status = 404
    with pytest.raises(KlingError, match="answered 404") as rejected:
        KlingWebhookNotifier(text="x")({"dag": None})
    away = {"conn_type": "http", "host": "http://127.0.0.1:9", "password": SECRET}
    monkeypatch.setenv("AIRFLOW_CONN_KLING_WEBHOOK", json.dumps(away))
    with pytest.raises(KlingError, match="was not reached") as unreached:
        KlingWebhookNotifier(text="x")({"dag": None})
    for text in (str(rejected.value), str(unreached.value), caplog.text):
        assert SECRET not in text
    for error in (rejected.value, unreached.value):
        assert SECRET not in "".join(traceback.format_exception(error))


@given(prompt=st.text(alphabet=st.sampled_from("<>&!@|ab \n"), min_size=1))
def test_a_prompt_mentions_nobody_and_links_nowhere(prompt: str) -> None:
    told = message(text="", summary=Summary(prompt=prompt), page=None, image=None)
    assert "<" not in str(told["text"])
    assert ">" not in str(told["text"])


@pytest.mark.contract
def test_a_callback_gets_the_result_with_its_type(sandbox: SandboxProcess) -> None:
    ti, seen = PulledTaskInstance(), []
    callback = on_result(lambda result, context: seen.append((result["task_id"], context["ti"])))
    ctx = made(ti)
    callback(ctx)  # type: ignore[arg-type]  # a test's context
    assert seen == [(ti.xcoms["return_value"]["task_id"], ti)]

"""The whole way of a generation, on a service that is like the first in nothing but what it is for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_kling.decorators.kling import generate_task, video_task
from airflow_provider_kling.exceptions import (
    KlingAuthenticationError,
    KlingBadRequestError,
    KlingBalanceError,
    KlingModerationError,
    KlingRequestError,
    KlingServerError,
    KlingTaskFailedError,
)
from airflow_provider_kling.generation.media_arguments import INLINE_BYTES
from airflow_provider_kling.operators.kling import KlingDownloadOperator, KlingGenerateOperator
from airflow_provider_kling.sensors.kling import KlingTaskSensor
from tests.airflow_names import AirflowFailException
from tests.second_gateway.logical_task import LogicalTask, MemoryTask
from tests.second_gateway.service import ACCESS, SECRET, Result, SecondService, Verdict
from tests.task_runner import video

pytestmark = pytest.mark.contract

CHEAP: dict[str, Any] = {"mode": "std", "duration": 5}
PROMPT = "A paper boat"
FORM = {"contents": [{"kind": "words", "text": PROMPT}], "settings": {"quality": 720, "seconds": 5}}
both_ways = pytest.mark.parametrize("deferrable", [True, False], ids=["deferred", "blocking"])


def decorated(decorator: Callable[..., Any], **arguments: Any) -> Callable[..., Any]:
    """Return what makes the operator of a decorated function that returns the prompt."""

    def make(task: LogicalTask, **more: Any) -> Any:
        def film() -> str:
            return PROMPT

        with task.dag():
            return decorator(**arguments, **more)(film)().operator

    return make


OPERATORS: dict[str, Callable[..., Any]] = {
    "video": lambda task, **more: video(**more),
    "generate": lambda task, **more: KlingGenerateOperator(
        task_id="make", model="kling-video-o1", parameters={"prompt": PROMPT, **CHEAP}, **more
    ),
    "video_decorator": decorated(video_task, **CHEAP),
    "generate_decorator": decorated(generate_task, model="kling-video-o1", parameters=CHEAP),
}


@both_ways
@pytest.mark.parametrize("make", OPERATORS.values(), ids=OPERATORS)
def test_each_operator_makes_one_film_and_says_what_it_cost(
    service: SecondService, task: LogicalTask, make: Callable[..., Any], deferrable: bool, tmp_path: Path
) -> None:
    service.duration_s = 0.1
    result = task.run(make(task, deferrable=deferrable, output=f"file://{tmp_path}"))
    (job,) = service.accepted
    assert {**job.form, "reference": None} == {**FORM, "reference": None}
    assert (result["task_id"], result["status"], result["model"]) == (
        job.number,
        "success",
        "kling-video-o1",
    )
    assert (result["cost"], result["cost_unit"], result["cost_usd"]) == ("3", "units", None)
    assert (tmp_path / f"{job.number}.mp4").read_bytes() == service.film
    sidecar = json.loads((tmp_path / f"{job.number}.mp4.json").read_text())
    assert (sidecar["cost"], sidecar["cost_unit"], sidecar["cost_usd"]) == ("3", "units", None)
    assert {name: task.xcoms.get(name) for name in ("kling_task_id", "kling_cost", "kling_cost_unit")} == {
        "kling_task_id": job.number,
        "kling_cost": "3",
        "kling_cost_unit": "units",
    }
    assert "kling_cost_usd" not in task.xcoms


@both_ways
def test_the_sensor_waits_for_a_task_of_another_and_submits_nothing(
    service: SecondService, task: LogicalTask, deferrable: bool
) -> None:
    made = MemoryTask().run(video())
    service.accepted[0].ends_at = service.clock() + 0.2
    sensor = KlingTaskSensor(
        task_id="wait", kling_task_id=made["task_id"], deferrable=deferrable, poke_interval=0.05
    )
    result = task.run(sensor)
    assert (result["task_id"], result["cost"], result["cost_unit"]) == (made["task_id"], "3", "units")
    assert len(service.references) == 1


def test_a_result_is_downloaded_later_and_submits_nothing(
    service: SecondService, task: LogicalTask, tmp_path: Path
) -> None:
    made = MemoryTask().run(video())
    result = task.run(KlingDownloadOperator(task_id="copy", source=made, output=f"file://{tmp_path}"))
    assert result["uri"] == f"file://{tmp_path}/{made['task_id']}.mp4"
    assert (result["cost"], result["cost_unit"]) == ("3", "units")
    assert len(service.references) == 1


@both_ways
@pytest.mark.parametrize(
    ("result_of_job", "error"),
    [(Result.BROKEN, KlingTaskFailedError), (Result.BARRED, KlingModerationError)],
)
def test_a_task_that_fails_says_what_it_cost(
    service: SecondService,
    task: LogicalTask,
    result_of_job: Result,
    error: type[KlingTaskFailedError],
    deferrable: bool,
) -> None:
    service.result_of_job = result_of_job
    with pytest.raises(error) as failed:
        task.run(video(deferrable=deferrable))
    assert isinstance(failed.value, AirflowFailException) is (error is KlingModerationError)
    assert (task.xcoms["kling_cost"], task.xcoms["kling_cost_unit"]) == ("0.1", "units")


# -- what the gateway translates ----------------------------------------------------------------------


def test_the_authors_fields_are_written_as_the_service_wants_them(service: SecondService) -> None:
    MemoryTask().run(
        video(
            images=["https://cdn.example/a.png", "https://cdn.example/b.png"],
            mode="pro",
            sound="on",
            aspect_ratio="9:16",
            duration=10,
            multi_shot=True,
            shot_type="intelligence",
        )
    )
    (job,) = service.accepted
    assert job.product == "film-one"
    assert job.form["contents"] == [
        {"kind": "words", "text": PROMPT},
        {"kind": "still", "source": "https://cdn.example/a.png"},
        {"kind": "still", "source": "https://cdn.example/b.png"},
    ]
    assert job.form["settings"] == {
        "quality": 1080,
        "track": "drawn",
        "shape": "9:16",
        "seconds": 10,
        "cuts": True,
    }


def test_a_request_may_lead_to_another_product(service: SecondService) -> None:
    MemoryTask().run(video(videos=["https://cdn.example/a.mp4"], duration=None))
    (job,) = service.accepted
    assert job.product == "film-one-edit"
    assert job.form["contents"][1] == {"kind": "clip", "source": "https://cdn.example/a.mp4"}


def test_files_of_the_author_are_put_where_the_service_wants_them(
    service: SecondService, picture: Callable[..., str]
) -> None:
    small, large = picture("small.png"), picture("large.png", pad=INLINE_BYTES)
    MemoryTask().run(video(images=[small, large, "https://cdn.example/a.png"], keep_uploads=True))
    (job,) = service.accepted
    ((number, upload),) = service.uploads.items()
    sources = [one.get("source", "") for one in job.form["contents"]]
    assert sources[1].startswith("iVBORw0KGgo")
    assert sources[2:] == [f"{service.url}/films/{number}", "https://cdn.example/a.png"]
    assert upload["bytes"] > INLINE_BYTES


def test_uploads_are_deleted_when_the_task_has_ended(
    service: SecondService, picture: Callable[..., str]
) -> None:
    MemoryTask().run(video(images=[picture("small.png")], upload="always"))
    assert len(service.seen("PUT", "/v7/uploads")) == 1
    assert service.uploads == {}


def test_a_broken_limit_is_named_in_the_authors_words(
    service: SecondService, picture: Callable[..., str]
) -> None:
    tiny = picture("tiny.png", size=(20, 20))
    with pytest.raises(KlingRequestError, match=r"images\[1\]") as broken:
        MemoryTask().run(video(images=["https://cdn.example/a.png", tiny]))
    assert "contents" not in str(broken.value)
    assert service.requests == []


@pytest.mark.parametrize(
    ("model", "parameters", "named"),
    [
        ("kling-v3-t2v", {"prompt": PROMPT}, "model: must be 'kling-video-o1'"),
        (
            "kling-video-o1",
            {"prompt": PROMPT, "videos": ["https://cdn.example/a.mp4"], "resolution": "720p"},
            "resolution: cannot be expressed",
        ),
    ],
)
def test_what_the_service_cannot_express_is_found_before_anything_is_read_or_sent(
    service: SecondService, model: str, parameters: dict[str, Any], named: str
) -> None:
    files = {"images": ["file:///no/such.png"]} if model == "kling-video-o1" else {}
    operator = KlingGenerateOperator(task_id="make", model=model, parameters={**parameters, **files})
    with pytest.raises(KlingRequestError, match=named):
        MemoryTask().run(operator)
    assert service.requests == []


# -- what the gateway classifies ----------------------------------------------------------------------


def test_an_empty_purse_is_no_lack_of_capacity_although_its_status_is_429(
    service: SecondService, task: LogicalTask
) -> None:
    service.next_submissions.append(Verdict.PURSE_EMPTY)
    with pytest.raises(KlingBalanceError, match=r"The balance is 1000\.0 units") as empty:
        task.run(video(retries=9))
    assert (empty.value.status_code, empty.value.code) == (429, "1202")
    assert isinstance(empty.value, AirflowFailException)
    assert task.record is None
    assert len(service.references) == 1


def test_a_closed_service_has_made_no_task_although_its_status_is_503(
    service: SecondService, task: LogicalTask
) -> None:
    service.next_submissions.append(Verdict.CLOSED)
    with pytest.raises(KlingServerError, match="No task was made") as closed:
        task.run(video(retries=9))
    assert not isinstance(closed.value, AirflowFailException)
    assert task.record is None
    task.retry()
    assert task.run(video(retries=9))["status"] == "success"
    assert len(service.accepted) == 1
    assert service.seen("GET", "/v7/jobs")[0].query.keys() == {"numbers"}, "nothing was looked up"


def test_a_service_that_breaks_down_may_have_made_a_task_although_its_status_is_200(
    service: SecondService, task: LogicalTask
) -> None:
    service.next_submissions.append(Verdict.BROKE_DOWN)
    result = task.run(video())
    assert [job.number for job in service.accepted] == [result["task_id"]]
    assert service.seen("GET", "/v7/jobs")[0].query == {"references": service.references[0]}


def test_a_rejected_form_is_certain_although_its_status_is_200(
    service: SecondService, task: LogicalTask
) -> None:
    with pytest.raises(KlingBadRequestError, match="No task was made") as wrong:
        task.run(video(extra_parameters={"colour": "teal"}))
    assert (wrong.value.status_code, wrong.value.code) == (200, "2001")
    assert task.record is None


# -- secrets ------------------------------------------------------------------------------------------


@both_ways
@pytest.mark.parametrize("accepted", [True, False], ids=["accepted", "rejected"])
def test_the_secret_and_the_tickets_made_from_it_are_nowhere(
    service: SecondService,
    task: LogicalTask,
    connect: Callable[..., None],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    database: Callable[[], bytes],
    deferrable: bool,
    accepted: bool,
    tmp_path: Path,
) -> None:
    """In a log, an error, an XCom, the record, a trigger's arguments, a sidecar, and the whole database."""
    caplog.set_level("DEBUG")
    secret = SECRET if accepted else "SK-wrong-0123456789"
    connect(host=service.url, login=ACCESS, password=secret, extra={"gateway": "second"})
    shown: list[object] = []
    operator = video(deferrable=deferrable, output=f"file://{tmp_path}")
    if accepted:
        shown.append(task.run(operator))
    else:
        with pytest.raises(KlingAuthenticationError, match=r"the ticket \*\*\* is not valid") as rejected:
            task.run(operator)
        shown += [repr(rejected.value), rejected.value.__cause__, vars(rejected.value)]
    shown += [task.xcoms, task.record, caplog.text, *capfd.readouterr()]
    shown += [path.read_text() for path in tmp_path.glob("*.json")]
    text = "".join(map(str, shown)).encode() + database()
    tickets = {request.ticket for request in service.requests if request.ticket}
    seals = {ticket.rpartition(".")[2] for ticket in tickets}
    assert tickets
    assert [one for one in {secret, *tickets, *seals} if one.encode() in text] == []

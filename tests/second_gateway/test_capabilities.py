"""A gateway without a capability: what needs it says so, and all else works."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_kling.exceptions import (
    KlingError,
    KlingRequestError,
    KlingSubmissionUnknownError,
    KlingTaskFailedError,
    KlingUnsupportedError,
)
from airflow_provider_kling.generation.media_arguments import INLINE_BYTES
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.journal.record import Phase
from airflow_provider_kling.operators.kling import KlingDownloadOperator, KlingGenerateOperator
from airflow_provider_kling.sensors.kling import KlingTaskSensor
from tests.airflow_names import AirflowFailException
from tests.second_gateway.conftest import Killed, Reaper
from tests.second_gateway.gateway import SecondGateway
from tests.second_gateway.logical_task import LogicalTask, MemoryTask
from tests.second_gateway.service import Mishap, Result, SecondService, Verdict
from tests.task_runner import video

pytestmark = pytest.mark.contract

CAPABILITIES = ("recovery", "task_batch", "files", "account", "request_log", "catalogue")

Without = Callable[..., None]


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Without:
    """Take capabilities from the gateway."""

    def without(*names: str) -> None:
        for name in names:
            assert getattr(SecondGateway, name) is not None
            monkeypatch.setattr(SecondGateway, name, None)

    return without


def film(**arguments: Any) -> Any:
    return video(**{"retries": 9, "multiple_outputs": False, **arguments})


# -- what is left works -------------------------------------------------------------------------------


@pytest.mark.parametrize("deferrable", [True, False], ids=["deferred", "blocking"])
@pytest.mark.parametrize("missing", [[name] for name in CAPABILITIES], ids="-".join)
def test_without_a_capability_the_operators_do_what_they_do(
    service: SecondService,
    without: Without,
    missing: list[str],
    deferrable: bool,
    picture: Callable[..., str],
    tmp_path: Path,
) -> None:
    without(*missing)
    use_operators(service, MemoryTask(), deferrable=deferrable, picture=picture("a.png"), folder=tmp_path)


@pytest.mark.parametrize("deferrable", [True, False], ids=["deferred", "blocking"])
def test_without_any_capability_the_operators_do_what_they_do(
    service: SecondService,
    task: LogicalTask,
    without: Without,
    deferrable: bool,
    picture: Callable[..., str],
    tmp_path: Path,
) -> None:
    without(*CAPABILITIES)
    use_operators(service, task, deferrable=deferrable, picture=picture("a.png"), folder=tmp_path)


def use_operators(
    service: SecondService, task: LogicalTask, *, deferrable: bool, picture: str, folder: Path
) -> None:
    """Wait for capacity, fail, retry with a picture from a storage, clear, wait by sensor, download."""
    output = f"file://{folder}/films/"
    arguments = {"deferrable": deferrable, "output": output, "images": [picture]}
    service.next_submissions.append(Verdict.SLOTS_TAKEN)
    service.result_of_job = Result.BROKEN
    with pytest.raises(KlingTaskFailedError):
        task.run(film(**arguments))
    task.retry()
    service.result_of_job, service.duration_s = Result.DONE, 0.05
    first = task.run(film(**arguments))
    task.clear()
    assert task.run(film(**arguments)) == {**first, "try_number": 3, "reused": True}
    assert [job.number for job in service.accepted][1:] == [first["task_id"]]

    other = KlingGenerateOperator(
        task_id="make", model="kling-video-o1", parameters={"prompt": "A kite"}, deferrable=deferrable
    )
    made = MemoryTask().run(other)
    sensor = KlingTaskSensor(
        task_id="wait", kling_task_id=made["task_id"], deferrable=deferrable, poke_interval=0.02
    )
    assert MemoryTask().run(sensor)["task_id"] == made["task_id"]
    copy = KlingDownloadOperator(task_id="copy", source=made, output=output)
    assert MemoryTask().run(copy)["bytes"] == len(service.film)
    assert len(service.accepted) == 3


def test_with_all_capabilities_the_hook_offers_all(service: SecondService) -> None:
    """So that the next test would notice a capability that is never used."""
    for _, use, _ in USES:
        with KlingHook() as hook:
            use(hook)


USES: list[tuple[str, Callable[[KlingHook], Any], str]] = [
    ("files", lambda hook: hook.upload(b"x", filename="a.png", content_type="image/png"), "store files"),
    ("files", lambda hook: hook.list_files(), "store files"),
    ("account", lambda hook: hook.balance(), "balance"),
    ("account", lambda hook: hook.validate_key(), "check credentials"),
    ("request_log", lambda hook: hook.request_log(), "list its submissions"),
    ("catalogue", lambda hook: hook.list_models(), "list its models"),
    ("catalogue", lambda hook: hook.fetch_schema("second/film-one"), "publish"),
]


@pytest.mark.parametrize(("capability", "use", "named"), USES)
def test_what_needs_a_missing_capability_says_so_and_sends_nothing(
    service: SecondService, without: Without, capability: str, use: Callable[[KlingHook], Any], named: str
) -> None:
    without(capability)
    with KlingHook() as hook, pytest.raises(KlingUnsupportedError, match=f"'second'.*{named}"):
        use(hook)
    assert service.requests == []


# -- without an account -------------------------------------------------------------------------------


def test_a_least_balance_cannot_be_kept_without_an_account_so_nothing_is_sent(
    service: SecondService, task: LogicalTask, without: Without
) -> None:
    without("account")
    with pytest.raises(KlingUnsupportedError, match="cannot tell the account's balance") as unsupported:
        task.run(film(min_balance=5))
    assert isinstance(unsupported.value, AirflowFailException)
    assert service.requests == []
    assert task.record is None


def test_a_test_of_the_connection_says_what_it_could_test(service: SecondService, without: Without) -> None:
    works, told = KlingHook().test_connection()
    assert works
    assert "1000.00 units" in told
    without("account")
    tested = len(service.requests)
    works, told = KlingHook().test_connection()
    assert works
    assert "no free call" in told
    assert len(service.requests) == tested


def test_an_empty_account_is_told_without_its_balance(
    service: SecondService, task: LogicalTask, without: Without
) -> None:
    without("account")
    service.next_submissions.append(Verdict.PURSE_EMPTY)
    with pytest.raises(KlingError, match="No task was made") as empty:
        task.run(film())
    assert "balance" not in str(empty.value)


# -- without files ------------------------------------------------------------------------------------


def test_without_files_a_small_picture_is_sent_along(
    service: SecondService, task: LogicalTask, without: Without, picture: Callable[..., str]
) -> None:
    without("files")
    task.run(film(images=[picture("a.png")]))
    (job,) = service.accepted
    assert job.form["contents"][1]["source"].startswith("iVBORw0KGgo")


def test_without_files_a_large_picture_is_sent_along_too(
    service: SecondService, task: LogicalTask, without: Without, picture: Callable[..., str]
) -> None:
    without("files")
    task.run(film(images=[picture("a.png", pad=INLINE_BYTES)]))
    (job,) = service.accepted
    assert job.form["contents"][1]["source"].startswith("iVBORw0KGgo")


def test_without_files_what_must_not_be_sent_along_needs_a_storage_that_signs_links(
    service: SecondService, task: LogicalTask, without: Without, picture: Callable[..., str]
) -> None:
    without("files")
    with pytest.raises(KlingRequestError, match=r"images\[0\]: .* this storage signs no links") as unsigned:
        task.run(film(images=[picture("a.png")], upload="always"))
    assert isinstance(unsigned.value, AirflowFailException)
    assert service.requests == []
    assert task.record is None


def test_without_files_the_uploads_of_an_earlier_try_are_left_to_the_service(
    service: SecondService, task: LogicalTask, without: Without, kill_at: Reaper, picture: Callable[..., str]
) -> None:
    arguments = {"images": [picture("a.png")], "upload": "always"}
    kill_at(Phase.FINISHED)
    with pytest.raises(Killed):
        task.run(film(**arguments))
    task.retry()
    without("files")
    assert task.run(film(**arguments))["status"] == "success"
    assert len(service.accepted) == len(service.uploads) == 1


# -- without recovery ---------------------------------------------------------------------------------


def lose_response(task: LogicalTask, service: SecondService, **arguments: Any) -> str:
    service.next_submissions.append(Mishap.LOSE_RESPONSE)
    with pytest.raises(KlingSubmissionUnknownError) as unknown:
        task.run(film(**arguments))
    assert isinstance(unknown.value, AirflowFailException)
    assert len(service.references) == 1
    return str(unknown.value)


def test_without_recovery_an_unknown_outcome_needs_a_manual_decision(
    service: SecondService, task: LogicalTask, without: Without
) -> None:
    without("recovery")
    told = lose_response(task, service)
    (job,) = service.accepted
    assert str(job.number) in told
    task.clear()
    with pytest.raises(KlingSubmissionUnknownError):
        task.run(film())
    task.change_record(task_id=job.number)
    task.clear()
    assert task.run(film())["task_id"] == job.number
    assert len(service.references) == 1


def test_without_recovery_and_request_log_the_error_says_that_nothing_could_be_read(
    service: SecondService, task: LogicalTask, without: Without
) -> None:
    without("recovery", "request_log")
    assert "has no request log" in lose_response(task, service)
    assert len(service.requests) == 1


@pytest.mark.parametrize(("arrived", "accepted"), [(Mishap.LOSE_REQUEST, 1), (Mishap.LOSE_RESPONSE, 2)])
def test_without_recovery_the_author_may_accept_two_bills_and_gets_one_where_the_service_rejects_duplicates(
    service: SecondService, task: LogicalTask, without: Without, arrived: Mishap, accepted: int
) -> None:
    without("recovery")
    service.next_submissions.append(arrived)
    with pytest.raises(KlingSubmissionUnknownError, match="may pay twice") as unknown:
        task.run(film(on_unknown_submission="resubmit"))
    assert not isinstance(unknown.value, AirflowFailException)
    task.retry()
    result = task.run(film(on_unknown_submission="resubmit"))
    assert result["task_id"] == service.accepted[-1].number
    assert len(service.accepted) == accepted


def test_without_recovery_a_duplicate_is_not_paid_again_by_itself(
    service: SecondService, task: LogicalTask, without: Without
) -> None:
    without("recovery")
    service.keep_running()
    with pytest.raises(KlingError, match="still running"):
        task.run(film(timeout=0))
    task.lose_record()
    task.retry()
    with pytest.raises(KlingSubmissionUnknownError, match="was used before") as duplicate:
        task.run(film())
    assert isinstance(duplicate.value, AirflowFailException)
    assert len(service.accepted) == 1


# -- another service ----------------------------------------------------------------------------------


@pytest.mark.parametrize("stored", ["modellix 2026-04", "second v7"])
def test_a_submission_is_looked_up_only_at_the_service_that_received_it(
    service: SecondService, task: LogicalTask, kill_at: Reaper, stored: str
) -> None:
    kill_at(Phase.INTENT)
    with pytest.raises(Killed):
        task.run(film())
    task.change_record(gateway=stored)
    task.retry()
    if stored == "second v7":
        task.run(film())
    else:
        with pytest.raises(KlingSubmissionUnknownError, match=f"sent to {stored}") as elsewhere:
            task.run(film())
        assert isinstance(elsewhere.value, AirflowFailException)
    assert len(service.accepted) == (stored == "second v7")

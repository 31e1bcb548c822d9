"""A generation on Kling's own platform: paid once, and never a question for a person."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_kling.exceptions import (
    KlingBalanceError,
    KlingModerationError,
    KlingSubmissionUnknownError,
)
from airflow_provider_kling.generation.run import GenerationRun
from airflow_provider_kling.operators.kling import KlingGenerateOperator, KlingVideoOperator
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.airflow_names import AirflowFailException
from tests.conftest import FakeTaskInstance
from tests.task_runner import poll_often, retry_often, run

pytestmark = pytest.mark.contract

ACCESS = {"login": "sandbox-access-key", "password": "sandbox-secret-key-0123456789abcdef"}


@pytest.fixture(params=["API key", "access key"])
def platform(
    request: pytest.FixtureRequest,
    kling_platform_sandbox: SandboxProcess,
    connect: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> SandboxProcess:
    """The platform's sandbox, to which the connection leads with credentials of either kind."""
    has_access_key = request.param == "access key"
    credentials = ACCESS if has_access_key else {"password": kling_platform_sandbox.api_key}
    connect(host=kling_platform_sandbox.url, extra={"gateway": "kling"}, **credentials)
    poll_often(monkeypatch)
    retry_often(monkeypatch)
    return kling_platform_sandbox


def video(**arguments: Any) -> KlingVideoOperator:
    return KlingVideoOperator(
        **{"task_id": "make", "prompt": "A paper boat", "mode": "std", "duration": 5, **arguments}
    )


def accepted(platform: SandboxProcess) -> int:
    count: int = platform.stats()["submissions_accepted"]
    return count


@pytest.mark.parametrize("deferrable", [True, False])
def test_the_same_task_runs_there_and_its_result_is_stored(
    platform: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path, *, deferrable: bool
) -> None:
    result = run(video(output=f"file://{tmp_path}/clip.mp4", deferrable=deferrable), task_instance)
    assert (result["status"], result["width"], result["height"], result["codec"]) == (
        "success",
        1280,
        720,
        "h264",
    )
    assert (result["cost_usd"], float(result["cost"]), result["cost_unit"]) == (None, 3.0, "units")
    assert (tmp_path / "clip.mp4").read_bytes()[4:8] == b"ftyp"
    assert result["resources"][0]["work_id"]
    assert result["expires_at"] > result["finished_at"]
    assert accepted(platform) == 1


# Each way in which the answer to a submission may get lost, and what the service has made of it.
LOST: dict[str, dict[str, Any]] = {
    "it never arrived": {"drop": "before"},
    "the answer was lost": {"drop": "after"},
    "the answer was cut": {"truncate": 20},
    "a proxy's page in its place": {"body": "<html>busy</html>"},
    "an answer without an id": {"body": {"code": 0, "message": "SUCCEED", "data": {}}},
    "an internal error, and made": {"code": 5000, "takes_effect": True},
    "an internal error, and not made": {"code": 5000},
    "maintenance, and made": {"code": 5001, "takes_effect": True},
    "an internal timeout, and not made": {"code": 5002},
    "a gateway's 502": {"status": 502, "body": "<html>bad gateway</html>"},
}


@pytest.mark.parametrize("action", LOST.values(), ids=LOST)
def test_a_lost_answer_ends_in_success_with_one_submission_and_no_person_asked(
    platform: SandboxProcess, task_instance: FakeTaskInstance, action: dict[str, Any]
) -> None:
    platform.faults([{"method": "POST", "action": action}])
    assert run(video(), task_instance)["status"] == "success"
    assert accepted(platform) == 1


def test_a_look_up_that_fails_is_made_again_by_the_next_try(
    platform: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    platform.faults(
        [
            {"method": "POST", "action": {"drop": "after"}},
            {"method": "GET", "times": 20, "action": {"code": 5001}},
        ]
    )
    with pytest.raises(KlingSubmissionUnknownError) as unknown:
        run(video(retries=3), task_instance)
    assert not isinstance(unknown.value, AirflowFailException), "a retry finds it"
    platform.clear_faults()
    task_instance.retry()
    assert run(video(retries=3), task_instance)["status"] == "success"
    assert accepted(platform) == 1


def test_a_record_that_was_lost_is_found_again_by_its_key(
    platform: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    first = run(video(), task_instance)
    task_instance.store.values.clear()
    task_instance.retry()
    assert run(video(), task_instance)["task_id"] == first["task_id"]
    assert accepted(platform) == 1


def test_refused_content_is_not_sent_again(platform: SandboxProcess, task_instance: FakeTaskInstance) -> None:
    with pytest.raises(KlingModerationError) as refused:
        run(video(prompt="[forbidden]", retries=3), task_instance)
    assert isinstance(refused.value, AirflowFailException)


def test_no_units_fail_at_once(
    connect: Callable[..., None], kling_sandbox_factory: Any, task_instance: FakeTaskInstance
) -> None:
    empty = kling_sandbox_factory(gateway="kling", video_units=0)
    connect(host=empty.url, password=empty.api_key, extra={"gateway": "kling"})
    with pytest.raises(KlingBalanceError, match="nothing is billed"):
        run(video(), task_instance)


# -- what answers at once -------------------------------------------------------------------------


def speech(**arguments: Any) -> KlingGenerateOperator:
    parameters = {"text": "A paper boat", "voice_id": "oversea_male1", "voice_language": "en"}
    return KlingGenerateOperator(task_id="make", model="kling-tts", parameters=parameters, **arguments)


def test_speech_is_stored_without_a_poll(
    platform: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    result = run(speech(output=f"file://{tmp_path}/"), task_instance)
    assert (result["type"], result["format"]) == ("audio", "mp3")
    assert Path(result["uri"].removeprefix("file://")).stat().st_size == result["bytes"]
    assert platform.stats()["polls"] == 0


def test_speech_that_was_made_and_not_stored_is_stored_by_the_next_try(
    platform: SandboxProcess,
    task_instance: FakeTaskInstance,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def killed(*arguments: Any) -> Any:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(GenerationRun, "_complete", killed)
        with pytest.raises(SystemExit):
            run(speech(output=f"file://{tmp_path}/"), task_instance)
    task_instance.retry()
    assert run(speech(output=f"file://{tmp_path}/"), task_instance)["status"] == "success"
    assert accepted(platform) == 1


def test_speech_whose_answer_is_lost_is_for_a_person_to_decide(
    platform: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    platform.faults([{"method": "POST", "action": {"drop": "after"}}])
    for _ in range(2):
        with pytest.raises(KlingSubmissionUnknownError) as unknown:
            run(speech(), task_instance)
        assert isinstance(unknown.value, AirflowFailException)
        task_instance.retry()
    assert accepted(platform) == 1


# -- secrets --------------------------------------------------------------------------------------


def test_no_secret_is_logged_recorded_or_returned(
    platform: SandboxProcess,
    task_instance: FakeTaskInstance,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    with caplog.at_level(logging.DEBUG):
        result = run(video(output=f"file://{tmp_path}/clip.mp4"), task_instance)
    tokens = {
        request["headers"]["authorization"].removeprefix("Bearer ")
        for request in platform.requests()
        if request["headers"].get("authorization")
    }
    seen = caplog.text + json.dumps([result, task_instance.xcoms, task_instance.store.values])
    seen += "".join(file.read_text() for file in tmp_path.glob("*.json"))
    for secret in (platform.api_key, ACCESS["password"], *(token for token in tokens if "*" not in token)):
        assert secret not in seen

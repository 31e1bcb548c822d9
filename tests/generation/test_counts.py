"""What becomes of each generation is counted, with whose it was."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_kling import exceptions
from airflow_provider_kling.exceptions import KlingError
from airflow_provider_kling.generation.outcome import Outcome, outcome_of
from airflow_provider_kling.operators.kling import KlingDownloadOperator, KlingGenerateOperator
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.conftest import FakeTaskInstance
from tests.recorded_stats import RecordedStats, record_stats
from tests.task_runner import run, video

pytestmark = pytest.mark.contract

OF = {"gateway": "modellix", "model": "kling-video-o1", "dag_id": "dag", "task_id": "make"}


@pytest.fixture
def stats(monkeypatch: pytest.MonkeyPatch) -> RecordedStats:
    return record_stats(monkeypatch)


def test_a_generation_is_counted_with_its_time_its_bytes_and_its_cost(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, stats: RecordedStats, tmp_path: Path
) -> None:
    result = run(video(output=f"file://{tmp_path}/clip.mp4"), task_instance)
    assert stats.of("kling.submissions") == [(1, OF)]
    assert stats.of("kling.generations") == [(1, OF)]
    assert stats.of("kling.generation_duration") == [(pytest.approx(result["elapsed_s"] * 1000), OF)]
    assert stats.of("kling.stored_bytes") == [((tmp_path / "clip.mp4").stat().st_size, OF)]
    millionths = Decimal(result["cost_usd"]) * 1_000_000
    assert millionths > 0
    assert stats.of("kling.cost") == [(millionths, {**OF, "unit": "USD"})]
    polls = stats.of("kling.polls")
    assert polls == [(1, {"gateway": "modellix"})] * len(polls) != []
    assert not stats.of("kling.failures")


def test_a_model_has_one_name_however_it_is_written(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, stats: RecordedStats
) -> None:
    parameters = {"prompt": "A boat", "mode": "std", "duration": 5}
    run(
        KlingGenerateOperator(task_id="make", model="kling/kling-video-o1", parameters=parameters),
        task_instance,
    )
    assert stats.of("kling.submissions") == stats.of("kling.generations") == [(1, OF)]


def test_what_is_returned_again_is_reuse_and_costs_nothing(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, stats: RecordedStats
) -> None:
    run(video(), task_instance)
    stats.sent.clear()
    task_instance.clear()
    run(video(), task_instance)
    assert [name for name, _, _ in stats.sent if not name.endswith(("polls", "waits"))] == ["kling.reused"]


def test_who_only_downloads_pays_nothing(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, stats: RecordedStats, tmp_path: Path
) -> None:
    made = run(video(), task_instance)
    stats.sent.clear()
    run(KlingDownloadOperator(task_id="get", source=made, output=f"file://{tmp_path}/a.mp4"), task_instance)
    assert stats.of("kling.stored_bytes") == [((tmp_path / "a.mp4").stat().st_size, OF)]
    assert not stats.of("kling.cost")


FAULTS: dict[Outcome, dict[str, Any]] = {
    Outcome.INVALID: {"method": "POST", "action": {"status": 400}},
    Outcome.UNKNOWN: {"method": "POST", "action": {"drop": "after"}},
    Outcome.FAILED: {"method": "GET", "times": None, "action": {"task": {"status": "failed"}}},
    Outcome.NO_CAPACITY: {"method": "POST", "times": None, "action": {"status": 429}},
}


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.FAILED, Outcome.NO_CAPACITY])
def test_a_try_that_fails_is_counted_by_what_became_of_it(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, stats: RecordedStats, outcome: Outcome
) -> None:
    sandbox.faults([FAULTS[outcome]])
    with pytest.raises(KlingError):
        run(video(queue_timeout=1), task_instance)
    assert stats.of("kling.failures") == [(1, {**OF, "outcome": outcome.value})]
    assert stats.of("kling.unknown_outcomes") == [(1, OF)] * (outcome is Outcome.UNKNOWN)
    assert not stats.of("kling.generations")


def test_each_wait_for_capacity_is_timed(
    sandbox: SandboxProcess,
    task_instance: FakeTaskInstance,
    stats: RecordedStats,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("airflow_provider_kling.generation.run.capacity_delay", lambda **_: 0.25)
    sandbox.faults([{"method": "POST", "times": 2, "action": {"status": 429}}])
    run(video(), task_instance)
    assert stats.of("kling.capacity_waits") == [(250.0, OF)] * 2
    assert [tags["error"] for _, tags in stats.of("kling.rejections")] == ["KlingRateLimitError"] * 2


ERRORS = {
    error for error in vars(exceptions).values() if isinstance(error, type) and issubclass(error, KlingError)
}


@pytest.mark.parametrize("error", sorted(ERRORS, key=lambda error: error.__name__))
def test_every_error_has_an_outcome(error: type[KlingError]) -> None:
    outcome = outcome_of(error.__new__(error))
    assert outcome is not Outcome.SUCCEEDED
    own = {
        "KlingRequestError": Outcome.INVALID,
        "KlingUnsupportedError": Outcome.INVALID,
        "KlingCapacityError": Outcome.NO_CAPACITY,
        "KlingSubmissionLookupError": Outcome.UNKNOWN,
        "KlingModerationError": Outcome.MODERATED,
        "KlingTaskFailedError": Outcome.FAILED,
        "KlingTimeoutError": Outcome.TIMED_OUT,
        "KlingResultHostError": Outcome.MEDIA,
        "KlingServerError": Outcome.ERROR,
    }
    assert outcome is own.get(error.__name__, outcome)

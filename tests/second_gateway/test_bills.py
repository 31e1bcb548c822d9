"""Whatever happens to one logical task, it is billed once, and once more only for a reason.

The reasons are counted here, apart from the code under test: a task that failed at the service, and a clear
by somebody who wants a new one. In the end there is a result, whatever happened before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingError, KlingModerationError
from airflow_provider_kling.journal.record import Phase
from tests.airflow_names import AirflowFailException
from tests.second_gateway.conftest import Killed, Reaper
from tests.second_gateway.logical_task import MemoryTask
from tests.second_gateway.service import Mishap, Result, SecondService, Verdict
from tests.task_runner import video

pytestmark = pytest.mark.contract

MOST_TRIES = 8
LOOKUPS: dict[str, list[Mishap | Verdict]] = {
    "work": [],
    "lag": [Mishap.LAG],
    "lag twice": [Mishap.LAG] * 2,
    "fail": [Verdict.BROKE_DOWN] * 4,  # as often as the client repeats a read
}


@dataclass(frozen=True, kw_only=True)
class Story:
    """What happens in the first try; after it, all is well.

    :param result_of_job: of the first task.
    :param loses_record: after the first try.
    :param clears: the task, once it has ended for the first time.
    """

    result_of_job: Result
    loses_record: bool
    clears: bool
    on_rerun: str


STORIES = [
    Story(result_of_job=result_of_job, loses_record=loses_record, clears=clears, on_rerun=on_rerun)
    for result_of_job, loses_record, (clears, on_rerun) in product(
        Result, (False, True), [(False, "reuse"), (True, "reuse"), (True, "regenerate")]
    )
]


class Teller:
    """Plays a story to its end.

    :ivar wanted: how many results somebody wanted, by clearing the task.
    """

    def __init__(self, story: Story, *, service: SecondService) -> None:
        self.story = story
        self.service = service
        self.task = MemoryTask()
        self.wanted = 1
        self.result: Any = None
        self._may_clear = story.clears
        self._before = len(service.accepted)

    @property
    def accepted(self) -> list[Any]:
        return self.service.accepted[self._before :]

    @property
    def reasons(self) -> int:
        """How many bills there is a reason for."""
        failed = [job for job in self.accepted if job.result_of_job is Result.BROKEN]
        return self.wanted + len(failed)

    def play(self) -> None:
        for number in range(MOST_TRIES):
            self.service.result_of_job = Result.DONE if self.accepted else self.story.result_of_job
            ended = self._try()
            assert len(self.accepted) <= self.reasons
            if number == 0 and self.story.loses_record:
                self.task.lose_record()
            if not ended:
                self.task.retry()
            elif self._may_clear:
                self._clear()
            else:
                return
        raise AssertionError(f"no end after {MOST_TRIES} tries")

    def _try(self) -> bool:
        """Run one try; return whether Airflow would begin no other one."""
        self.result = None
        try:
            self.result = self.task.run(video(retries=9, deferrable=False, on_rerun=self.story.on_rerun))
        except Killed:
            return False
        except KlingModerationError:
            return True
        except KlingError as error:
            if isinstance(error, AirflowFailException):
                raise
            return False
        return True

    def _clear(self) -> None:
        self._may_clear = False
        if self.result is None or self.story.on_rerun == "regenerate":
            self.wanted += 1
        self.task.clear()


def happenings() -> Iterator[Any]:
    """Yield what becomes of the first submission, where its worker dies, and what the look-ups meet."""
    ways = (None, Mishap.LOSE_REQUEST, Mishap.LOSE_RESPONSE, Mishap.ARRIVE_LATE)
    for way, dies_at, lookups in product(ways, (None, *Phase), LOOKUPS):
        names = (getattr(part, "name", "-").lower() for part in (way, dies_at))
        yield pytest.param(way, dies_at, lookups, id="-".join([*names, lookups]))


@pytest.mark.parametrize(("way", "dies_at", "lookups"), list(happenings()))
def test_it_is_billed_once_and_once_more_only_for_a_reason(
    service: SecondService, kill_at: Reaper, way: Any, dies_at: Phase | None, lookups: str
) -> None:
    for story in STORIES:
        service.next_submissions.clear()
        service.next_submissions.extend([way] if way else [])
        service.next_lookups.clear()
        service.next_lookups.extend(LOOKUPS[lookups])
        kill_at(dies_at)
        teller = Teller(story, service=service)
        teller.play()
        if teller.result is None:
            assert story.result_of_job is Result.BARRED, story
            # Without the record, a look-up cannot tell whether the refusal is from before the clear.
            assert not story.clears or (story.loses_record and LOOKUPS[lookups]), story
        else:
            assert teller.result["task_id"] in [job.number for job in teller.accepted], story

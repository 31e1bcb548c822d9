"""The metrics: what there is, and the one place that sends it to Airflow's statistics."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from airflow.providers.common.compat.sdk import Stats

from airflow_provider_kling.exceptions import KlingError
from airflow_provider_kling.http.observer import CallInfo, Observer, WaitReason

Tags = Mapping[str, str | None]
"""The values of a metric's tags; None for what is not known, which is left out."""

# A value goes into the text of StatsD's protocol, and may come from a DAG.
_TAG: Final = re.compile(r"[\w./-]{1,250}")


class Kind(StrEnum):
    """The kinds of metrics that Airflow knows and this provider has."""

    COUNTER = "counter"
    TIMER = "timer"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric.

    :param unit: of a counter; timers are in milliseconds, as StatsD has them.
    :param tags: the names of all tags that it can have.
    """

    name: str
    kind: Kind
    unit: str
    tags: tuple[str, ...]

    def count(self, amount: int = 1, *, tags: Tags) -> None:
        """Add to a counter."""
        Stats.incr(self.name, amount, tags=self._known(tags))

    def time(self, seconds: float, *, tags: Tags) -> None:
        """Send how long something took."""
        Stats.timing(self.name, seconds * 1000, tags=self._known(tags))

    def _known(self, tags: Tags) -> dict[str, str]:
        return {
            name: value
            for name in self.tags
            if (value := tags.get(name)) is not None and _TAG.fullmatch(value)
        }


_MS: Final = "milliseconds"
_TASK: Final = ("gateway", "model", "dag_id", "task_id")

SUBMISSIONS: Final = Metric(name="kling.submissions", kind=Kind.COUNTER, unit="submissions", tags=_TASK)
REJECTIONS: Final = Metric(
    name="kling.rejections", kind=Kind.COUNTER, unit="submissions", tags=(*_TASK, "error")
)
POLLS: Final = Metric(name="kling.polls", kind=Kind.COUNTER, unit="requests", tags=("gateway",))
POLL_ERRORS: Final = Metric(
    name="kling.poll_errors", kind=Kind.COUNTER, unit="requests", tags=("gateway", "error")
)
WAITS: Final = Metric(name="kling.waits", kind=Kind.TIMER, unit=_MS, tags=("gateway", "reason"))
CAPACITY_WAITS: Final = Metric(name="kling.capacity_waits", kind=Kind.TIMER, unit=_MS, tags=_TASK)
GENERATIONS: Final = Metric(name="kling.generations", kind=Kind.COUNTER, unit="results", tags=_TASK)
GENERATION_DURATION: Final = Metric(name="kling.generation_duration", kind=Kind.TIMER, unit=_MS, tags=_TASK)
REUSED: Final = Metric(name="kling.reused", kind=Kind.COUNTER, unit="results", tags=_TASK)
FAILURES: Final = Metric(name="kling.failures", kind=Kind.COUNTER, unit="tries", tags=(*_TASK, "outcome"))
UNKNOWN_OUTCOMES: Final = Metric(name="kling.unknown_outcomes", kind=Kind.COUNTER, unit="tries", tags=_TASK)
STORED_BYTES: Final = Metric(name="kling.stored_bytes", kind=Kind.COUNTER, unit="bytes", tags=_TASK)
COST: Final = Metric(
    name="kling.cost", kind=Kind.COUNTER, unit="millionths of the tag `unit`", tags=(*_TASK, "unit")
)

METRICS: Final = (
    *(SUBMISSIONS, REJECTIONS, POLLS, POLL_ERRORS, WAITS, CAPACITY_WAITS),
    *(GENERATIONS, GENERATION_DURATION, REUSED, FAILURES, UNKNOWN_OUTCOMES, STORED_BYTES, COST),
)
"""All of them, as ``docs/monitoring.md`` lists them."""


class StatsObserver(Observer):
    """Sends the calls to the service as metrics.

    :param tags: of whom the calls are for.
    """

    def __init__(self, *, tags: Tags) -> None:
        self._tags = tags

    def on_submission(self, _: CallInfo, /) -> None:
        """Count an accepted submission."""
        SUBMISSIONS.count(tags=self._tags)

    def on_rejection(self, _: CallInfo, /, *, error: KlingError) -> None:
        """Count a submission that failed."""
        REJECTIONS.count(tags={**self._tags, "error": type(error).__name__})

    def on_poll(self, _: CallInfo, /) -> None:
        """Count a poll."""
        POLLS.count(tags=self._tags)

    def on_poll_error(self, _: CallInfo, /, *, error: KlingError) -> None:
        """Count a poll that failed."""
        POLL_ERRORS.count(tags={**self._tags, "error": type(error).__name__})

    def on_wait(self, _: CallInfo, /, *, seconds: float, reason: WaitReason) -> None:
        """Time a wait."""
        WAITS.time(seconds, tags={**self._tags, "reason": reason.value})

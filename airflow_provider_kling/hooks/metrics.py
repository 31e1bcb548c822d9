"""The calls to the service as Airflow's metrics."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import Stats

from airflow_provider_kling.exceptions import KlingError
from airflow_provider_kling.http.observer import CallInfo, Observer, WaitReason


class StatsObserver(Observer):
    """Counts submissions, rejections, polls and failed polls, and times waits (``docs/operators.md``)."""

    def on_submission(self, _: CallInfo, /) -> None:
        """Count an accepted submission."""
        Stats.incr("kling.submissions")

    def on_rejection(self, _: CallInfo, /, *, error: KlingError) -> None:
        """Count a submission that failed."""
        Stats.incr("kling.rejections", tags={"error": type(error).__name__})

    def on_poll(self, _: CallInfo, /) -> None:
        """Count a poll."""
        Stats.incr("kling.polls")

    def on_poll_error(self, _: CallInfo, /, *, error: KlingError) -> None:
        """Count a poll that failed."""
        Stats.incr("kling.poll_errors", tags={"error": type(error).__name__})

    def on_wait(self, _: CallInfo, /, *, seconds: float, reason: WaitReason) -> None:
        """Time a wait."""
        Stats.timing("kling.waits", seconds * 1000, tags={"reason": reason.value})

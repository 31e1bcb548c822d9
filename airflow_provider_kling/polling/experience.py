"""What a process has seen of how long generations take, by their kind. Pure."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from airflow_provider_kling.polling.durations import Durations
from airflow_provider_kling.polling.plan import PollingPlan
from airflow_provider_kling.polling.timetable import Bounds, Timetable

_MOST_KINDS: Final = 500
_MOST_BOUNDS: Final = 8  # of one kind: the configuration has one set, and callbacks another


@dataclass(kw_only=True)
class _Known:
    durations: Durations
    timetables: dict[Bounds, tuple[Timetable, int]] = field(default_factory=dict)


class Experience:
    """Remembers the latest kinds, and makes their timetables."""

    def __init__(self) -> None:
        self._kinds: OrderedDict[tuple[str, tuple[float, float]], _Known] = OrderedDict()

    def timetable(self, plan: PollingPlan) -> Timetable:
        """Return when tasks such as the plan's are polled."""
        known, bounds = self._of(plan), plan.bounds
        timetable, edition = known.timetables.get(bounds, (None, 0))
        chances = known.durations.chances()
        if timetable is None or known.durations.edition != edition:
            timetable = Timetable(chances, bounds=bounds)
            if len(known.timetables) >= _MOST_BOUNDS:
                known.timetables.clear()
            known.timetables[bounds] = timetable, known.durations.edition
        return timetable

    def survived(self, plan: PollingPlan, *, since_s: float, until_s: float) -> None:
        """Add that a task ran on from one time to another, in seconds since its submission.

        Where its kind is not known, nothing is learned; so with :meth:`ended`.
        """
        if plan.kind:
            self._of(plan).durations.survived(since_s=since_s, until_s=until_s)

    def ended(self, plan: PollingPlan, *, after_s: float, before_s: float) -> None:
        """Add that a task ended between two times, or at one. It survived until the first."""
        if plan.kind:
            self._of(plan).durations.ended(after_s=after_s, before_s=before_s)

    def _of(self, plan: PollingPlan) -> _Known:
        key = plan.kind, plan.expected_range_s
        known = self._kinds.get(key)
        if known is None:
            known = self._kinds[key] = _Known(durations=Durations(expected_s=plan.expected_range_s))
            if len(self._kinds) > _MOST_KINDS:
                self._kinds.popitem(last=False)
        self._kinds.move_to_end(key)
        return known

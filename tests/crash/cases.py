"""Where a task's process is killed, and what has to come of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tests.crash.dags.points import Point
from tests.crash.report import Row
from tests.crash.scenario import UNKNOWN

# Between the intent and its record the outcome is unknown: a retry submits nothing, and says so.
OUTCOME_UNKNOWN = {Point.BEFORE_POST: 0, Point.BEFORE_RESPONSE: 1, Point.BEFORE_RECORD: 1}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One kill.

    :param mode: ``deferrable`` or ``blocking``.
    :param finds: the service finds a submission by the caller's key, so that its outcome is never unknown.
    """

    point: Point
    mode: str
    finds: bool = False

    def __str__(self) -> str:
        return f"{self.mode}-{self.point.name.lower()}"

    @property
    def expected(self) -> Row:
        """What has to come of it. Two tries: the one that was killed, and one that found its record."""
        unknown = self.point in OUTCOME_UNKNOWN and not self.finds
        return Row(
            what=f"killed {self.point}",
            mode=self.mode,
            accepted=OUTCOME_UNKNOWN[self.point] if unknown else 1,
            tries=2,
            end=UNKNOWN if unknown else "success",
        )


CASES = [
    Case(point=point, mode=mode)
    for mode in ("deferrable", "blocking")
    for point in Point
    if not (point is Point.WHILE_WAITING and mode == "deferrable")
]
PLATFORM_CASES = [replace(case, finds=True) for case in CASES]
"""The same on Kling's own platform."""

LOST_ANSWERS: dict[str, dict[str, Any]] = {
    "it never arrives": {"drop": "before"},
    "the answer is lost": {"drop": "after"},
    "an internal error, and made": {"code": 5000, "takes_effect": True},
    "an internal timeout, and not made": {"code": 5002},
}
"""What becomes of a submission, as a fault of the sandbox."""

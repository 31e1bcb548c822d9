"""Waiting for capacity at the service: what one attempt to submit passes to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from airflow_provider_kling.exceptions import (
    KlingAPIError,
    KlingCapacityError,
    KlingError,
    KlingFileStoreFullError,
    KlingProtocolError,
    KlingRateLimitError,
)

NO_CAPACITY = (KlingRateLimitError, KlingCapacityError, KlingFileStoreFullError)
"""The errors of a submission that passes when other tasks have ended, or after a minute."""


@dataclass(frozen=True, kw_only=True)
class CapacityWait:
    """How long one task has waited.

    :param since: when it was first rejected, Unix seconds.
    :param rejections: how often it was rejected.
    """

    since: float
    rejections: int = 0

    def rejected(self) -> Self:
        """Return the wait after one more rejection."""
        return replace(self, rejections=self.rejections + 1)

    @classmethod
    def from_event(cls, event: object) -> Self:
        """Read the trigger's event.

        :raises KlingProtocolError: it is no event of that trigger. Nothing was submitted.
        """
        fields = event if isinstance(event, Mapping) else {}
        since, rejections = fields.get("since"), fields.get("rejections")
        if not isinstance(since, int | float) or not isinstance(rejections, int):
            raise KlingProtocolError(
                f"The wait for capacity ended with {event!r}, which is no event of this provider. Nothing "
                "was submitted; a retry of this Airflow task submits."
            )
        return cls(since=since, rejections=rejections)


def retry_after_s(rejection: KlingError) -> float | None:
    """Return the seconds that the service asks to wait, where it says so."""
    return rejection.retry_after if isinstance(rejection, KlingAPIError) else None


def capacity_wait_exhausted(rejection: KlingError, *, waited_s: float) -> KlingError:
    """Return the rejection with which a wait ends."""
    return rejection.with_context(
        f"The task has waited {waited_s:.0f} s for capacity, and its queue_timeout allows no further "
        "attempt. Nothing was submitted; a retry of this Airflow task waits again."
    )

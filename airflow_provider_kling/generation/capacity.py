"""Waiting for room at the service: what is carried from one try to submit to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from airflow_provider_kling.exceptions import KlingAPIError, KlingProtocolError


@dataclass(frozen=True, kw_only=True)
class Queue:
    """One task's place in it.

    :param since: when it was first refused, Unix seconds.
    :param refusals: how often it was refused.
    """

    since: float
    refusals: int = 0

    def refused(self) -> Self:
        """Return the place after one more refusal."""
        return replace(self, refusals=self.refusals + 1)

    @classmethod
    def from_event(cls, event: object) -> Self:
        """Read what the trigger hands back.

        :raises KlingProtocolError: it is no event of that trigger; nothing was submitted.
        """
        fields = event if isinstance(event, Mapping) else {}
        since, refusals = fields.get("since"), fields.get("refusals")
        if not isinstance(since, int | float) or not isinstance(refusals, int):
            raise KlingProtocolError(
                f"Waiting for room ended with {event!r}, no event of this provider. Nothing was submitted."
            )
        return cls(since=since, refusals=refusals)


def capacity_wait_exhausted(refusal: KlingAPIError, *, waited_s: float) -> KlingAPIError:
    """Return the refusal as the end of a wait."""
    return type(refusal)(
        f"The service had no room for {waited_s:.0f} s, which is all of queue_timeout: {refusal} "
        "A retry of this task waits anew.",
        status_code=refusal.status_code,
        category=refusal.category,
        retry_after=refusal.retry_after,
    )

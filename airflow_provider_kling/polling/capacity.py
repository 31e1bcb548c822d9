"""When to submit again what was rejected for lack of capacity. Pure."""

from __future__ import annotations

from typing import Final

# A shorter time might end before Airflow has noticed the deferral.
_SHORTEST_S: Final = 10.0
_LONGEST_S: Final = 120.0
_GROWTH: Final = 1.5


def capacity_delay(*, rejections: int, retry_after_s: float | None, jitter: float) -> float:
    """Return the seconds until a submission that was rejected for lack of capacity is sent again.

    The waits grow: what was rejected often waits longer.

    :param rejections: how often it was rejected, this time included.
    :param retry_after_s: what the service asks to wait, if it says.
    :param jitter: a random number in [0, 1): the tasks of a fan-out are rejected together.
    """
    steps = min(rejections - 1, 20)
    grown = min(_LONGEST_S, _SHORTEST_S * _GROWTH**steps)
    return max(_SHORTEST_S, grown * (0.5 + jitter), (retry_after_s or 0.0) * (1 + jitter / 10))

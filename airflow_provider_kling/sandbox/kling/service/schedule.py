"""How long a task takes."""

from __future__ import annotations

from random import Random
from typing import Final

from airflow_provider_kling.sandbox.core.schedule import Schedule
from airflow_provider_kling.sandbox.kling.service.generation_request import GenerationRequest

_SUBMITTED_S: Final = (1.0, 4.0)  # inferred
_TYPICAL_S: Final = 5.0  # the length that the expected times are for
_SLOWER: Final = {"1080p": 1.3, "4k": 2.5}  # inferred


def schedule(request: GenerationRequest, *, now: float, speed: float, rng: Random) -> Schedule:
    """Return a realistic schedule.

    :param now: the time of submission, in epoch seconds.
    :param speed: how many times faster than the real service.
    """
    low, high = request.endpoint.expected_seconds
    total = rng.uniform(low, high) * _SLOWER.get(request.resolution, 1.0)
    if request.seconds is not None:
        total *= max(0.5, request.seconds / _TYPICAL_S)
    first = min(rng.uniform(*_SUBMITTED_S), total / 2)
    return Schedule(submitted_at=now, processing_at=now + first / speed, done_at=now + total / speed)

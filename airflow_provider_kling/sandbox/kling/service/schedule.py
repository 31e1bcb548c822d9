"""When a task changes its state."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from airflow_provider_kling.sandbox.kling.service.generation_request import GenerationRequest
from airflow_provider_kling.sandbox.render.renderer import RENDER_AHEAD_S

_SUBMITTED_S: Final = (1.0, 4.0)  # inferred
_TYPICAL_S: Final = 5.0  # the length that the expected times are for
_SLOWER: Final = {"1080p": 1.3, "4k": 2.5}  # inferred


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When a task changes its state, in epoch seconds of the sandbox's clock."""

    submitted_at: float
    processing_at: float
    done_at: float

    @property
    def render_at(self) -> float:
        """When its result is rendered; its input files are fetched before, as it starts processing."""
        return max(self.processing_at, self.done_at - RENDER_AHEAD_S)


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

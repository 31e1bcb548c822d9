"""When a task changes its state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_RENDER_AHEAD_S: Final = 300.0  # much of what is due later nobody asks for


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When a task changes its state, in epoch seconds of the sandbox's clock."""

    submitted_at: float
    processing_at: float
    done_at: float

    @property
    def render_at(self) -> float:
        """When its result is rendered; its input files are fetched before, as it starts processing."""
        return max(self.processing_at, self.done_at - _RENDER_AHEAD_S)

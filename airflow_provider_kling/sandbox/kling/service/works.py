"""The videos and audio files that later requests may name by their id, as long as their files are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from airflow_provider_kling.sandbox.kling.service.endpoint import Makes
from airflow_provider_kling.sandbox.render.result import Result


@dataclass(frozen=True, kw_only=True)
class Work:
    """A finished video or audio file.

    :param path: the endpoint that made it.
    :param version: the model version that made it.
    :param has_audio: whether the video was made with an audio track.
    :param file_name: the name in its URL.
    :param expires_at: in epoch seconds.
    """

    work_id: str
    makes: Makes
    path: str
    version: str
    resolution: str
    has_audio: bool
    result: Result
    file_name: str
    expires_at: float

    @property
    def seconds(self) -> float:
        """Return the length of its file."""
        return self.result.seconds or 0.0


class Works:
    """The works of the account.

    :param now: returns the current time in epoch seconds.
    """

    def __init__(self, *, now: Callable[[], float]) -> None:
        self._now = now
        self._works: dict[str, Work] = {}

    def add(self, work: Work) -> None:
        """Keep a work."""
        self._works[work.work_id] = work

    def find(self, work_id: str, makes: Makes) -> Work | None:
        """Return a work of a kind; None if there is none, or its file is no longer kept."""
        work = self._works.get(work_id)
        if work is None or work.makes is not makes or self._now() >= work.expires_at:
            return None
        return work

    def clear(self) -> None:
        """Remove all works."""
        self._works.clear()

"""The sessions of lip-sync and of multi-element editing: a video, and what was found in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from airflow_provider_kling.sandbox.core.clock import DAY_S
from airflow_provider_kling.sandbox.render.media_input import MediaInput

MAX_FRAMES: Final = 10  # docs: multi-elements
MAX_POINTS: Final = 10

Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class SourceVideo:
    """The video of a session.

    :param work_id: empty for a video from outside.
    :param url: as the request named it, or where the work is.
    """

    media: MediaInput
    work_id: str
    url: str
    width: int
    height: int
    seconds: float
    fps: float

    @property
    def milliseconds(self) -> int:
        """Return its length."""
        return int(self.seconds * 1000)


@dataclass(kw_only=True)
class Session:
    """A session, which is valid for 24 hours.

    :param faces: the ids of the faces in the video; empty for a session of multi-element editing.
    :param selection: the marked points by frame.
    """

    session_id: str
    video: SourceVideo
    expires_at: float
    faces: tuple[str, ...] = ()
    selection: dict[int, list[Point]] = field(default_factory=dict)


class Sessions:
    """The open sessions of the account.

    :param now: returns the current time in epoch seconds.
    """

    def __init__(self, *, now: Callable[[], float]) -> None:
        self._now = now
        self._sessions: dict[str, Session] = {}

    def open(self, session_id: str, video: SourceVideo, *, faces: tuple[str, ...] = ()) -> Session:
        """Open a session."""
        session = Session(session_id=session_id, video=video, faces=faces, expires_at=self._now() + DAY_S)
        self._sessions[session_id] = session
        return session

    def find(self, session_id: str, *, with_faces: bool) -> Session | None:
        """Return a session of lip-sync (``with_faces``) or of editing; None if it is unknown or over."""
        session = self._sessions.get(session_id)
        if session is None or self._now() >= session.expires_at or bool(session.faces) is not with_faces:
            return None
        return session

    def clear(self) -> None:
        """Close all sessions."""
        self._sessions.clear()

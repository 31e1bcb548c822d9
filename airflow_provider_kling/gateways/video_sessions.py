"""What a service finds out about a video before an edit of it: a session, which the edit names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from airflow_provider_kling.http.message import Call


@dataclass(frozen=True, kw_only=True)
class Face:
    """A face in a video.

    :param face_id: names the face in a request.
    :param start_ms: when it is first seen, in milliseconds.
    :param end_ms: when it is last seen, in milliseconds.
    :param image_url: a picture of it.
    """

    face_id: str
    start_ms: int | None = None
    end_ms: int | None = None
    image_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class FaceSession:
    """The faces of a video.

    :param session_id: goes into the request; valid for 24 hours.
    :param faces: in no certain order.
    """

    session_id: str
    faces: tuple[Face, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SelectionSession:
    """A video in which parts can be selected.

    :param session_id: goes into the request; valid for 24 hours.
    :param frames: how many frames the video has.
    :param fps: frames a second.
    :param width: pixels.
    :param height: pixels.
    :param duration_s: seconds.
    """

    session_id: str
    frames: int | None = None
    fps: float | None = None
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class SelectionPreview:
    """What is selected, to look at.

    :param video_url: the video with the selection marked.
    :param cover_url: a picture of it.
    """

    video_url: str | None = field(default=None, repr=False)
    cover_url: str | None = field(default=None, repr=False)


Point = tuple[float, float]
"""A place in a frame: its distance from the left and from the top, each as a part of the side, 0 to 1."""


class VideoSessions(Protocol):
    """Sessions for edits. None of these calls takes an id of the caller's, so none is repeated."""

    def identify_faces(self, *, video: str | None, video_id: str | None) -> Call[FaceSession]:
        """Find the faces of a video: a link, or the id of an earlier result."""

    def init_selection(self, *, video: str | None, video_id: str | None) -> Call[SelectionSession]:
        """Begin to select parts of a video: a link, or the id of an earlier result."""

    def add_selection(self, session_id: str, *, frame: int, points: Sequence[Point]) -> Call[None]:
        """Select what is at these points of a frame, counted from 0."""

    def delete_selection(self, session_id: str, *, frame: int, points: Sequence[Point]) -> Call[None]:
        """Take points out of the selection."""

    def clear_selection(self, session_id: str) -> Call[None]:
        """Select nothing."""

    def preview_selection(self, session_id: str) -> Call[SelectionPreview]:
        """Show what is selected."""

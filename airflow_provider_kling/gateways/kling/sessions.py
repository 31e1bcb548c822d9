"""Sessions for lip-sync and multi-elements (docs: lip-sync, multi-elements). They answer at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from airflow_provider_kling.exceptions import BrokenRule, KlingProtocolError, KlingRequestError
from airflow_provider_kling.gateways.json_values import amount, count, label, link, mapping
from airflow_provider_kling.gateways.kling.envelope import parse_data
from airflow_provider_kling.gateways.video_sessions import (
    Face,
    FaceSession,
    Point,
    SelectionPreview,
    SelectionSession,
)
from airflow_provider_kling.http.message import Call, HttpRequest, HttpResponse

T = TypeVar("T")

_FACES: Final = "/v1/videos/identify-face"
_SELECTION: Final = "/v1/videos/multi-elements"
_MOST_FACES: Final = 100
_MOST_POINTS: Final = 10
_LONGEST_ID: Final = 512

IMMEDIATE_PATHS: Final = frozenset(
    {_FACES, *(f"{_SELECTION}/{step}-selection" for step in ("init", "add", "delete", "clear", "preview"))}
)
"""What answers at once, and takes no id of the caller's."""


class KlingVideoSessions:
    """See :class:`~airflow_provider_kling.gateways.video_sessions.VideoSessions`."""

    def identify_faces(self, *, video: str | None, video_id: str | None) -> Call[FaceSession]:
        """Find the faces of a video of 2 to 60 s. It costs 0.05 units."""
        return _post(_FACES, _source(video, video_id), _parse_faces)

    def init_selection(self, *, video: str | None, video_id: str | None) -> Call[SelectionSession]:
        """Begin to select parts of a video of 2 to 5 s, or 7 to 10 s."""
        return _post(f"{_SELECTION}/init-selection", _source(video, video_id), _parse_selection)

    def add_selection(self, session_id: str, *, frame: int, points: Sequence[Point]) -> Call[None]:
        """Select what is at these points of a frame: at most 10 points, in at most 10 frames."""
        return _post(f"{_SELECTION}/add-selection", _points(session_id, frame, points), _parse_nothing)

    def delete_selection(self, session_id: str, *, frame: int, points: Sequence[Point]) -> Call[None]:
        """Take points out of the selection."""
        return _post(f"{_SELECTION}/delete-selection", _points(session_id, frame, points), _parse_nothing)

    def clear_selection(self, session_id: str) -> Call[None]:
        """Select nothing."""
        return _post(f"{_SELECTION}/clear-selection", {"session_id": session_id}, _parse_nothing)

    def preview_selection(self, session_id: str) -> Call[SelectionPreview]:
        """Show what is selected."""
        return _post(f"{_SELECTION}/preview-selection", {"session_id": session_id}, _parse_preview)


def _post(path: str, body: Mapping[str, Any], parse: Callable[[HttpResponse], T]) -> Call[T]:
    request = HttpRequest.json(method="POST", path=path, body=body)
    return Call(request=request, parse=parse, idempotent=False)


def _source(video: str | None, video_id: str | None) -> dict[str, str]:
    if (video is None) == (video_id is None):
        rule = "is required, or else video_id; not both"
        raise KlingRequestError(subject="video", broken=[BrokenRule(field="video", rule=rule, value=video)])
    return {"video_id": str(video_id)} if video is None else {"video_url": video}


def _points(session_id: str, frame: int, points: Sequence[Point]) -> dict[str, Any]:
    is_right = 1 <= len(points) <= _MOST_POINTS and all(0 <= part <= 1 for point in points for part in point)
    if not is_right:
        rule = f"must be 1 to {_MOST_POINTS} points, each of two numbers from 0 to 1"
        raise KlingRequestError(
            subject="selection", broken=[BrokenRule(field="points", rule=rule, value=points)]
        )
    return {"session_id": session_id, "frame_index": frame, "points": [{"x": x, "y": y} for x, y in points]}


def _session(response: HttpResponse) -> tuple[str, Mapping[str, Any]]:
    data = mapping(parse_data(response))
    session_id = label(data.get("session_id"), longest=_LONGEST_ID)
    if session_id is None:
        raise KlingProtocolError(f"{response.request} was answered without a session")
    return session_id, data


def _parse_faces(response: HttpResponse) -> FaceSession:
    session_id, data = _session(response)
    listed = data.get("face_data")
    faces = [mapping(one) for one in (listed if isinstance(listed, list) else [])[:_MOST_FACES]]
    return FaceSession(
        session_id=session_id,
        faces=tuple(
            Face(
                face_id=face_id,
                start_ms=_milliseconds(face.get("start_time")),
                end_ms=_milliseconds(face.get("end_time")),
                image_url=link(face.get("face_image")),
            )
            for face in faces
            if (face_id := label(str(face.get("face_id", "")), longest=_LONGEST_ID))
        ),
    )


def _parse_selection(response: HttpResponse) -> SelectionSession:
    session_id, data = _session(response)
    if data.get("status") not in (0, "0", None):
        raise KlingProtocolError(f"{response.request} was answered with the status {data['status']!r:.40}")
    fps, duration = amount(data.get("fps")), amount(data.get("original_duration"))
    return SelectionSession(
        session_id=session_id,
        frames=count(data.get("total_frame")),
        fps=None if fps is None else float(fps),
        width=count(data.get("width")),
        height=count(data.get("height")),
        duration_s=None if duration is None else float(duration) / 1000,
    )


def _parse_preview(response: HttpResponse) -> SelectionPreview:
    shown = mapping(mapping(parse_data(response)).get("res"))
    return SelectionPreview(video_url=link(shown.get("video")), cover_url=link(shown.get("video_cover")))


def _parse_nothing(response: HttpResponse) -> None:
    parse_data(response)


def _milliseconds(value: object) -> int | None:
    found = amount(value)
    return None if found is None else int(found)

"""The synchronous endpoints with which the parts of a video are selected (docs: multi-elements)."""

from __future__ import annotations

from typing import Any, Final

from airflow_provider_kling.sandbox.kling.service.call import Call
from airflow_provider_kling.sandbox.kling.service.reference_rules import session_not_found
from airflow_provider_kling.sandbox.kling.service.rejection import invalid
from airflow_provider_kling.sandbox.kling.service.sessions import MAX_FRAMES, MAX_POINTS, Point, Session
from airflow_provider_kling.sandbox.render.render_spec import (
    AudioSource,
    MediaKind,
    MediaReference,
    VideoSpec,
)
from airflow_provider_kling.sandbox.render.result import Result, Role

_EDITABLE_S: Final = ((2.0, 5.0), (7.0, 10.0))
_TOLERANCE_S: Final = 0.05


async def open_selection(call: Call) -> dict[str, Any]:
    """Return a session with a video."""
    video = await call.source()
    if not any(low - _TOLERANCE_S <= video.seconds <= high + _TOLERANCE_S for low, high in _EDITABLE_S):
        raise invalid(f"the video must last 2 to 5 or 7 to 10 seconds, got {video.seconds:.2f}")
    session = call.service.holdings.sessions.open(call.service.ids.new(), video)
    files = await _files(call, session, "normalized")
    return {
        "status": 0,
        "session_id": session.session_id,
        "fps": round(video.fps, 3),
        "original_duration": video.milliseconds,
        "width": video.width,
        "height": video.height,
        "total_frame": _total_frames(session),
        "normalized_video": call.kept(files[Role.PRIMARY]),
    }


async def add_selection(call: Call) -> dict[str, Any]:
    """Mark points of a frame."""
    session = _session(call)
    frame, points = _marked(call, session)
    marked = session.selection.get(frame, [])
    if frame not in session.selection and len(session.selection) == MAX_FRAMES:
        raise invalid(f"at most {MAX_FRAMES} frames can be marked")
    if len(marked) + len(points) > MAX_POINTS:
        raise invalid(f"at most {MAX_POINTS} points of a frame can be marked")
    session.selection[frame] = [*marked, *points]
    return _masks(session, frame)


async def delete_selection(call: Call) -> dict[str, Any]:
    """Remove points, which must be named exactly."""
    session = _session(call)
    frame, points = _marked(call, session)
    marked = session.selection.get(frame, [])
    if any(point not in marked for point in points):
        raise invalid("the points must be the same as those that were added")
    left = [point for point in marked if point not in points]
    session.selection.pop(frame, None)
    if left:
        session.selection[frame] = left
    return _masks(session, frame)


async def clear_selection(call: Call) -> dict[str, Any]:
    """Remove all points."""
    session = _session(call)
    session.selection.clear()
    return {"status": 0, "session_id": session.session_id}


async def preview_selection(call: Call) -> dict[str, Any]:
    """Return a video that shows what is selected."""
    session = _session(call)
    files = await _files(call, session, "selection")
    video = call.kept(files[Role.PRIMARY])
    shown = {"video": video, "video_cover": call.kept(files[Role.COVER]), "tracking_output": video}
    return {"status": 0, "session_id": session.session_id, "res": shown}


def _session(call: Call) -> Session:
    session_id = str(call.body["session_id"])
    session = call.service.holdings.sessions.find(session_id, with_faces=False)
    if session is None:
        raise invalid(session_not_found(session_id))
    return session


def _marked(call: Call, session: Session) -> tuple[int, list[Point]]:
    frame = int(call.body["frame_index"])
    if frame >= (total := _total_frames(session)):
        raise invalid(f"parameter 'frame_index' must be below {total}, got {frame}")
    return frame, [(float(point["x"]), float(point["y"])) for point in call.body["points"]]


def _total_frames(session: Session) -> int:
    return round(session.video.seconds * session.video.fps)


async def _files(call: Call, session: Session, prompt: str) -> dict[Role, Result]:
    """Return the video of a session, drawn again, and its cover."""
    spec = VideoSpec(
        label="multi-elements",
        prompt=prompt,
        inputs=(MediaReference(name="session_id", kind=MediaKind.VIDEO, text=""),),
        resolution="720p",
        aspect_ratio=None,
        seconds=None,
        audio=AudioSource.SOURCE_VIDEO,
    )
    results = await call.rendered(call.request(spec, source=session.video))
    return {result.role: result for result in results}


def _masks(session: Session, frame: int) -> dict[str, Any]:
    """Return the response to a changed selection. The masks are empty: the sandbox segments nothing."""
    size = [session.video.height, session.video.width]
    masks = []
    if frame in session.selection:
        rle, png = {"size": size, "counts": ""}, {"size": size, "base64": ""}
        masks.append({"object_id": 0, "rle_mask": rle, "png_mask": png})
    return {
        "status": 0,
        "session_id": session.session_id,
        "res": {"frame_index": frame, "rle_mask_list": masks},
    }

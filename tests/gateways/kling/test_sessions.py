"""Sessions for lip-sync and multi-elements: what is sent, and what is read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingProtocolError, KlingRequestError
from airflow_provider_kling.gateways.kling.sessions import KlingVideoSessions
from airflow_provider_kling.gateways.video_sessions import Face, FaceSession, SelectionSession
from airflow_provider_kling.http.message import Call
from tests.gateways.calls import response
from tests.gateways.kling.answers import URL, success

SESSIONS = KlingVideoSessions()


def sent(call: Call[Any]) -> tuple[str, Any]:
    assert call.request.content is not None
    assert not call.idempotent, "it may be billed"
    return call.request.path, json.loads(call.request.content)


def answer(call: Call[Any], data: object) -> Any:
    return call.parse(response(success(data), request=call.request))


def test_each_step_sends_what_the_documents_say() -> None:
    root = "/v1/videos/multi-elements"
    points = {"session_id": "s", "frame_index": 3, "points": [{"x": 0.25, "y": 1}]}
    calls = {
        "/v1/videos/identify-face": (SESSIONS.identify_faces(video=URL, video_id=None), {"video_url": URL}),
        f"{root}/init-selection": (SESSIONS.init_selection(video=None, video_id="7"), {"video_id": "7"}),
        f"{root}/add-selection": (SESSIONS.add_selection("s", frame=3, points=[(0.25, 1)]), points),
        f"{root}/delete-selection": (SESSIONS.delete_selection("s", frame=3, points=[(0.25, 1)]), points),
        f"{root}/clear-selection": (SESSIONS.clear_selection("s"), {"session_id": "s"}),
        f"{root}/preview-selection": (SESSIONS.preview_selection("s"), {"session_id": "s"}),
    }
    for path, (call, body) in calls.items():
        assert sent(call) == (path, body)


def test_the_faces_of_a_video_are_read() -> None:
    face = {"face_id": "0", "face_image": URL, "start_time": 0, "end_time": "5200"}
    found = answer(
        SESSIONS.identify_faces(video=URL, video_id=None), {"session_id": "s", "face_data": [face, {}, 7]}
    )
    assert found == FaceSession(
        session_id="s", faces=(Face(face_id="0", start_ms=0, end_ms=5200, image_url=URL),)
    )


def test_a_selection_is_read() -> None:
    data = {
        "status": 0,
        "session_id": "s",
        "fps": 30.0,
        "original_duration": 5000,
        "width": 720,
        "height": 1280,
        "total_frame": 150,
    }
    found = answer(SESSIONS.init_selection(video=URL, video_id=None), data)
    expected = SelectionSession(session_id="s", frames=150, fps=30.0, width=720, height=1280, duration_s=5.0)
    assert found == expected


def test_a_preview_has_links() -> None:
    shown = answer(SESSIONS.preview_selection("s"), {"res": {"video": URL, "video_cover": URL}})
    assert (shown.video_url, shown.cover_url) == (URL, URL)


@pytest.mark.parametrize(
    "data", [None, {}, {"session_id": ""}, {"session_id": 7}, {"session_id": "s", "status": 3}]
)
def test_an_answer_without_a_session_is_none(data: Any) -> None:
    with pytest.raises(KlingProtocolError):
        answer(SESSIONS.init_selection(video=URL, video_id=None), data)


@pytest.mark.parametrize("points", [[], [(0.5, 0.5)] * 11, [(1.1, 0)], [(0, -0.1)]])
def test_points_that_are_no_places_are_refused(points: list[tuple[float, float]]) -> None:
    with pytest.raises(KlingRequestError, match="points: must be 1 to 10 points"):
        SESSIONS.add_selection("s", frame=0, points=points)


@pytest.mark.parametrize("source", [{"video": None, "video_id": None}, {"video": URL, "video_id": "7"}])
def test_a_video_is_a_link_or_an_earlier_result(source: dict[str, Any]) -> None:
    with pytest.raises(KlingRequestError, match="video: is required, or else video_id"):
        SESSIONS.identify_faces(**source)

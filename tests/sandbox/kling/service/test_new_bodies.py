"""Bodies of the new standard that are accepted and rejected, by the model of the path."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_kling.sandbox.kling.service.body_check import check_body
from airflow_provider_kling.sandbox.kling.service.endpoint import read_endpoints
from airflow_provider_kling.sandbox.kling.service.rejection import Code, Rejection
from tests.sandbox.kling.holdings import IMAGES_ELEMENT, VIDEO_ELEMENT, VOICE, holdings

ENDPOINTS = {endpoint.path: endpoint for endpoint in read_endpoints()}
IMAGE = "https://example.com/a.png"
VIDEO = "https://example.com/a.mp4"
TURBO, T2V, I2V = "/text-to-video/kling-3.0-turbo", "/text-to-video/kling-3.0", "/image-to-video/kling-3.0"
TURBO_I2V, T2V_26, I2V_26 = (
    "/image-to-video/kling-3.0-turbo",
    "/text-to-video/kling-2.6",
    "/image-to-video/kling-2.6",
)
T2V_25, I2V_25 = "/text-to-video/kling-2.5-turbo", "/image-to-video/kling-2.5-turbo"
OMNI, O1 = "/omni-video/kling-3.0-omni", "/omni-video/kling-o1"
MOTION, MOTION_26 = "/motion-control/kling-3.0", "/motion-control/kling-2.6"


def rejection_of(path: str, body: Any, **how: Any) -> str | None:
    rejection = None
    try:
        check_body(ENDPOINTS[path], body, holdings=holdings(), **how)
    except Rejection as raised:
        rejection = raised
    assert rejection is None or (rejection.status, rejection.code) in (
        (400, Code.PARAMETERS),
        (400, Code.PARAMETER),
    )
    return None if rejection is None else rejection.message


def brief(value: Any) -> str:
    """Return the name of a case."""
    return str(value)[:60]


def of(*types: str, **settings: Any) -> dict[str, Any]:
    """Return a body with contents of some types, numbered where they repeat."""
    contents = [content(kind, index) for index, kind in enumerate(types)]
    return {"contents": contents, **({"settings": settings} if settings else {})}


def content(kind: str, index: int) -> dict[str, Any]:
    match kind:
        case "prompt":
            return {"type": kind, "text": "a boat"}
        case "element":
            return {"type": kind, "element_id": str(IMAGES_ELEMENT), "id": f"e{index}"}
        case "video_element":
            return {"type": "element", "element_id": str(VIDEO_ELEMENT), "id": f"e{index}"}
        case "voice":
            return {"type": kind, "voice_id": VOICE, "id": f"v{index}"}
        case "feature_video" | "base_video" | "video":
            return {"type": kind, "url": VIDEO}
        case _:
            return {"type": kind, "url": IMAGE}


def text(**settings: Any) -> dict[str, Any]:
    return {"prompt": "a boat", **({"settings": settings} if settings else {})}


ACCEPTED: list[tuple[str, dict[str, Any]]] = [
    *((path, text()) for path in (TURBO, T2V, T2V_26, T2V_25)),
    *((path, of("first_frame")) for path in (TURBO_I2V, I2V, I2V_26, I2V_25)),
    (TURBO, text(resolution="1080p", duration=15, aspect_ratio="9:16")),
    (TURBO, {"prompt": "x" * 3072}),
    (T2V, text(resolution="4k", duration=3, audio="native", multi_shot=False)),
    (T2V, {"prompt": "shot 1, 2, a boat; shot 2, 3, a storm;"}),
    (T2V, {"prompt": "镜头 1, 2, a boat; 镜头 2, 3, a storm"}),
    (T2V, {"prompt": "shot 1, 9, too long;", "settings": {"multi_shot": False}}),
    (T2V, {"prompt": "a shot 1, 2, of a boat"}),
    (T2V, text() | {"options": {"callback_url": "https://x/cb", "external_task_id": "a"}}),
    (T2V, text() | {"options": {"callback_url": "", "external_task_id": ""}}),
    (T2V, text() | {"options": {"watermark_info": {"enabled": True}}}),
    (I2V, of("prompt", "first_frame", "last_frame", "element", "element", "element")),
    (T2V_26, text(audio="native", resolution="1080p", duration=10)),
    (I2V_26, of("first_frame", "voice", "voice", audio="native", resolution="1080p")),
    (I2V_26, of("first_frame", "last_frame", resolution="1080p")),
    (I2V_25, of("first_frame", "last_frame", resolution="1080p")),
    (OMNI, of("prompt")),
    (OMNI, of("prompt", *["refer_image"] * 7)),
    (OMNI, of("prompt", *["video_element"] * 3, "element", *["refer_image"] * 3)),
    (OMNI, of("prompt", "feature_video", *["refer_image"] * 4)),
    (OMNI, of("prompt", "base_video", audio="original")),
    (OMNI, of("prompt", "base_video", "video_element")),
    (OMNI, of("first_frame", "last_frame", *["element"] * 3)),
    (O1, of("prompt", duration=10)),
    (O1, of("prompt", *["refer_image"] * 7, duration=7)),
    (O1, of("prompt", "first_frame", duration=10)),
    (O1, of("prompt", "feature_video", "first_frame")),
    (MOTION, of("image", "video", "element", character_orientation="image")),
    (MOTION_26, of("prompt", "image", "video", character_orientation="video", audio="off")),
]

REJECTED: list[tuple[str, dict[str, Any], str]] = [
    (T2V, {}, "'prompt' is required"),
    (T2V, {"prompt": ""}, "'prompt' is required"),
    (T2V, {"prompt": "x" * 3073}, "between 1 and 3072 characters"),
    (T2V_26, {"prompt": "x" * 2501}, "between 1 and 2500 characters"),
    (T2V, {"prompt": 5}, "'prompt' must be a string"),
    (T2V, text(duration=2), "'settings.duration' must be between 3 and 15"),
    (T2V, text(duration=True), "must be an integer"),
    (T2V, text(duration="5"), "must be an integer"),
    (T2V_26, text(duration=6), "'settings.duration' must be one of 5, 10"),
    (TURBO, text(resolution="4k"), "must be one of '720p', '1080p'"),
    (TURBO, text(audio="native"), "'settings.audio' is not supported"),
    (T2V, text(aspect_ratio="21:9"), "'settings.aspect_ratio' must be one of"),
    (I2V, of("first_frame", aspect_ratio="1:1"), "'settings.aspect_ratio' is not supported"),
    (T2V, text() | {"negative_prompt": "x"}, "'negative_prompt' is not supported"),
    (T2V, text() | {"options": {"callback_url": "ftp://x"}}, "must be an http or https URL"),
    (T2V, text() | {"options": {"callback_url": "http://"}}, "must be an http or https URL"),
    (T2V, text() | {"options": {"callback_url": "http://[a"}}, "must be an http or https URL"),
    (T2V, text() | {"options": {"external_task_id": 5}}, "must be a string"),
    (T2V_26, text(audio="native"), "'settings.resolution' is required when 'settings.audio' is 'native'"),
    (T2V_26, text(audio="native", resolution="720p"), "must be '1080p' when 'settings.audio' is 'native'"),
    (I2V, of("prompt"), "must have a 'first_frame'"),
    (I2V, of("first_frame", "first_frame"), "at most 1 of 'first_frame', got 2"),
    (I2V, of("first_frame", *["element"] * 4), "at most 3 of 'element', got 4"),
    (I2V, of("first_frame", "refer_image"), "'contents[1].type' must be one of"),
    (TURBO_I2V, of("first_frame", "last_frame"), "'contents[1].type' must be one of"),
    (I2V, {"contents": [{"type": "first_frame"}]}, "'contents[0].url' is required"),
    (I2V, {"contents": [{"type": "first_frame", "url": "data:image/png;base64,AAAA"}]}, "'data:' prefix"),
    (I2V, {"contents": [{"type": "first_frame", "url": IMAGE, "text": "x"}]}, "is not supported"),
    (I2V, {"contents": []}, "at least 1 item"),
    (I2V, {"contents": [5]}, "must be an object"),
    (I2V, {"contents": [{"type": ["first_frame"]}]}, "'contents[0].type' must be one of"),
    (
        I2V,
        {"contents": [{"type": "first_frame", "url": IMAGE}, {"type": "element", "element_id": "5"}]},
        "'contents[1].id' is required",
    ),
    (
        I2V,
        {
            "contents": [
                {"type": "first_frame", "url": IMAGE},
                {"type": "element", "element_id": "5", "id": "a"},
            ]
        },
        "Element id not found: 5",
    ),
    (
        I2V,
        {
            "contents": [
                {"type": "first_frame", "url": IMAGE, "id": "a"},
                {"type": "last_frame", "url": IMAGE, "id": "a"},
            ]
        },
        "must be unique in a task, got 'a' 2 times",
    ),
    (I2V_26, of("first_frame", "last_frame"), "must be '1080p' with a first and a last frame"),
    (
        I2V_26,
        of("first_frame", "last_frame", resolution="1080p", audio="native"),
        "must be 'off' with a first and a last frame",
    ),
    (I2V_25, of("first_frame", "last_frame"), "must be '1080p' with a first and a last frame"),
    (I2V_26, of("first_frame", "voice"), "may not be 'off' with a voice"),
    (I2V_26, of("first_frame", "voice", "voice", "voice"), "at most 2 of 'voice', got 3"),
    (
        I2V_26,
        {
            "contents": [
                {"type": "first_frame", "url": IMAGE},
                {"type": "voice", "voice_id": "x", "id": "a"},
            ]
        },
        "Voice id not found",
    ),
    (OMNI, of("prompt", "last_frame"), "a 'last_frame' needs a 'first_frame'"),
    (OMNI, of("prompt", "feature_video", "base_video"), "at most 1 reference video"),
    (OMNI, of("prompt", *["refer_image"] * 8), "at most 7 reference images and multi-image elements, got 8"),
    (OMNI, of("prompt", *["video_element"] * 4), "at most 3 video-character elements"),
    (OMNI, of("prompt", "video_element", "element", *["refer_image"] * 4), "at most 4 reference images"),
    (OMNI, of("prompt", "base_video", *["refer_image"] * 5), "at most 4 reference images"),
    (OMNI, of("prompt", "base_video", *["video_element"] * 2), "at most 1 video-character element"),
    (OMNI, of("prompt", "base_video", "video_element", "refer_image"), "go with no image"),
    (OMNI, of("prompt", "base_video", "video_element", "element"), "do not go together"),
    (OMNI, of("first_frame", *["element"] * 4), "at most 3 elements with a first frame"),
    (OMNI, of("prompt", "feature_video", multi_shot=False), "must be true with a 'feature_video'"),
    (OMNI, of("prompt", "feature_video", audio="native"), "must be 'off' with a 'feature_video'"),
    (OMNI, of("prompt", "base_video", "first_frame"), "a 'base_video' goes with no frame"),
    (OMNI, of("prompt", "base_video", multi_shot=True), "must be false with a 'base_video'"),
    (OMNI, of("prompt", "base_video", audio="native"), "may not be 'native' with a 'base_video'"),
    (OMNI, {"contents": [{"type": "base_video", "url": "AAAA"}]}, "must be an http or https URL"),
    (O1, of("prompt", multi_shot=True), "'settings.multi_shot' is not supported"),
    (O1, of("prompt", "first_frame", duration=7), "must be 5 or 10 with a first frame alone"),
    (O1, of("prompt", "video_element"), "multi-image elements only"),
    (O1, of("prompt", "base_video", *["refer_image"] * 5), "at most 4 images and elements, got 5"),
    (O1, of("first_frame", "last_frame", "element"), "go with no other image and no element"),
    (O1, of("first_frame", "last_frame", "feature_video"), "goes with no 'last_frame'"),
    (O1, of("first_frame", "base_video"), "a 'base_video' goes with no frame"),
    (MOTION, of("image", "video"), "'settings' is required"),
    (MOTION, of("image", "video", audio="off"), "'settings.character_orientation' is required"),
    (MOTION, of("image", character_orientation="image"), "must have a 'video'"),
    (MOTION, of("image", "video", character_orientation="image", duration=5), "is not supported"),
    (MOTION, of("image", "video", "element", "element", character_orientation="image"), "at most 1"),
    (MOTION_26, of("image", "video", "element", character_orientation="image"), "must be one of"),
    (T2V, {"prompt": "shot 1, 2, a boat; shot 2, 2, a storm;"}, "must last 5 seconds together, got 4"),
    (T2V, {"prompt": "shot 2, 5, a boat;"}, "must be numbered from 1"),
    (T2V, {"prompt": "shot 1, 5, a boat; then"}, "must be written as"),
    (T2V, {"prompt": "shot 1, 0, a; shot 2, 5, b;"}, "at least 1 second"),
    (T2V, {"prompt": f"shot 1, 5, {'x' * 513};"}, "1 to 512 characters"),
    (T2V, {"prompt": "shot 1, 5, ;"}, "1 to 512 characters"),
    (T2V, {"prompt": f"shot {'1' * 2000}, 5, x;"}, "must be written as"),
    (
        T2V,
        {"prompt": "".join(f"shot {n}, 1, x;" for n in range(1, 8)), "settings": {"duration": 7}},
        "1 to 6 shots",
    ),
]


@pytest.mark.parametrize(("path", "body"), ACCEPTED, ids=brief)
def test_what_the_documents_allow_is_accepted(path: str, body: dict[str, Any]):
    assert rejection_of(path, body) is None


@pytest.mark.parametrize(("path", "body", "words"), REJECTED, ids=brief)
def test_what_the_documents_do_not_allow_is_rejected_by_name(path: str, body: dict[str, Any], words: str):
    message = rejection_of(path, body)
    assert message is not None
    assert words in message


@pytest.mark.parametrize("body", [None, [], "x", 5, True])
def test_only_an_object_is_a_body(body: Any):
    assert rejection_of(T2V, body) == "Invalid request parameters"


def test_unknown_fields_can_be_allowed():
    body = text() | {"mood": "calm"}
    assert rejection_of(T2V, body) is not None
    assert rejection_of(T2V, body, allow_unknown=True) is None

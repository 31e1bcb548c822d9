"""Where a third party's older description of the legacy API differs from the sandbox, and who is right.

The vendor's own pages go first. All of these were decided for the sandbox; where only newer clients or real
calls say so, the reason tells it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tests.sandbox.kling.conftest import PICTURE

VENDOR: Final = "the vendor's pages"
LIVE: Final = "a real call of 2026-09"
CLIENTS: Final = "clients of 2025; the page has left the index"

# Paths that the vendor does not have, and what is in their place.
ONLY_THERE: Final[dict[str, tuple[str, str]]] = {
    "/v1/videos/avatar": ("/v1/videos/avatar/image2video", VENDOR),
    "/v1/images/multi-image-generations": ("/v1/images/multi-image2image", VENDOR),
    "/v1/images/image-expansion": ("/v1/images/editing/expand", VENDOR),
}

# Fields that only the third party has, or only the sandbox, by path.
FIELDS_ONLY_THERE: Final[dict[str, tuple[set[str], str]]] = {
    "/v1/videos/image2video": ({"aspect_ratio"}, VENDOR),
    "/v1/videos/lip-sync": ({"model_name"}, CLIENTS),
    "/v1/videos/effects": ({"model_name", "duration"}, VENDOR),
    "/v1/images/kolors-virtual-try-on": ({"person_image_url", "cloth_image_urls"}, VENDOR),
}
_SHOTS: Final = {"multi_shot", "shot_type", "multi_prompt"}
FIELDS_ONLY_HERE: Final[dict[str, tuple[set[str], str]]] = {
    "/v1/videos/text2video": ({"model", "voice_list", "watermark_info", *_SHOTS}, VENDOR),
    "/v1/videos/image2video": ({"model", "element_list", "watermark_info", *_SHOTS}, VENDOR),
    "/v1/videos/video-extend": ({"external_task_id", "watermark_info"}, VENDOR),
    "/v1/videos/lip-sync": ({"external_task_id"}, CLIENTS),
    "/v1/videos/effects": ({"effect_scene", "external_task_id"}, VENDOR),
    "/v1/images/generations": ({"model", "element_list", "watermark_info"}, VENDOR),
    "/v1/images/kolors-virtual-try-on": (
        {"model", "human_image", "cloth_image", "external_task_id"},
        VENDOR,
    ),
}

# Values of the same field: those only there, and those only here.
VALUES: Final[dict[tuple[str, str], tuple[set[str], set[str], str]]] = {
    ("/v1/videos/text2video", "model_name"): (
        {"kling-v1", "kling-v1-5", "kling-v2", "kling-v2-1"},
        {"kling-v2-master", "kling-v2-1-master", "kling-v2-5-turbo", "kling-v2-6", "kling-v3"},
        LIVE,
    ),
    ("/v1/videos/image2video", "model_name"): (
        {"kling-v1", "kling-v2"},
        {"kling-v2-master", "kling-v2-1-master", "kling-v2-5-turbo", "kling-v2-6", "kling-v3"},
        LIVE,
    ),
    ("/v1/images/generations", "model_name"): (
        {"kling-v1", "kling-v1-5", "kling-v2"},
        {"kling-v2-1", "kling-v3"},
        VENDOR,
    ),
    ("/v1/videos/text2video", "mode"): (set(), {"4k"}, VENDOR),
    ("/v1/videos/image2video", "mode"): (set(), {"4k"}, VENDOR),
    ("/v1/videos/text2video", "duration"): (
        set(),
        {"3", "4", "6", "7", "8", "9", "11", "12", "13", "14", "15"},
        VENDOR,
    ),
    ("/v1/videos/image2video", "duration"): (
        set(),
        {"3", "4", "6", "7", "8", "9", "11", "12", "13", "14", "15"},
        VENDOR,
    ),
    ("/v1/images/generations", "aspect_ratio"): (set(), {"21:9"}, VENDOR),
}

_T2V: Final = "/v1/videos/text2video"
_I2V: Final = "/v1/videos/image2video"
_IMAGES: Final = "/v1/images/generations"
_OLD: Final = {"model_name": "kling-v1-6", "prompt": "x"}
_FRAME: Final = {"model_name": "kling-v1-6", "image": PICTURE}
_MASK: Final = {"mask": PICTURE, "trajectories": [[0, 0], [1, 1]]}


@dataclass(frozen=True)
class RejectedBody:
    """A body that the third party would send and the sandbox rejects: its words, and who is right."""

    words: str
    right: str
    path: str
    body: dict[str, Any]


REJECTIONS: Final = [
    RejectedBody("has been discontinued and is no longer available", LIVE, _T2V, {"prompt": "x"}),
    RejectedBody("'model_name' must be one of", VENDOR, _T2V, _OLD | {"model_name": "kling-v2"}),
    RejectedBody("'aspect_ratio' is not supported", VENDOR, _I2V, _FRAME | {"aspect_ratio": "1:1"}),
    RejectedBody("'sound' must be 'off'", VENDOR, _T2V, _OLD | {"sound": "on"}),
    RejectedBody(
        "'cfg_scale' must be omitted", VENDOR, _I2V, _FRAME | {"model_name": "kling-v2-1", "cfg_scale": 0.5}
    ),
    RejectedBody("'camera_control' must be omitted", VENDOR, _T2V, _OLD | {"camera_control": {}}),
    RejectedBody("'camera_control.type' is required", VENDOR, _I2V, _FRAME | {"camera_control": {}}),
    RejectedBody("camera_control.config'", VENDOR, _I2V, _FRAME | {"camera_control": {"type": "simple"}}),
    RejectedBody("'mode' is required", VENDOR, _I2V, _FRAME | {"image_tail": PICTURE}),
    RejectedBody("'mode' must be 'pro'", VENDOR, _I2V, _FRAME | {"image_tail": PICTURE, "mode": "std"}),
    RejectedBody(
        "'duration' must be '5'",
        VENDOR,
        _I2V,
        _FRAME | {"model_name": "kling-v1-5", "static_mask": PICTURE, "mode": "pro", "duration": "10"},
    ),
    RejectedBody("'static_mask' must be omitted", VENDOR, _I2V, _FRAME | {"static_mask": PICTURE}),
    RejectedBody("dynamic_masks", VENDOR, _I2V, _FRAME | {"dynamic_masks": [_MASK]}),
    RejectedBody("voice_list", VENDOR, _I2V, _FRAME | {"voice_list": [{"voice_id": "x", "text": "y"}]}),
    RejectedBody(
        "exclude each other",
        VENDOR,
        _I2V,
        _FRAME | {"image_tail": PICTURE, "mode": "pro", "camera_control": {"type": "down_back"}},
    ),
    RejectedBody("'image_tail' is required when 'image' is not given", VENDOR, _I2V, _OLD),
    RejectedBody("Video id not found or expired", VENDOR, "/v1/videos/video-extend", {"video_id": "x"}),
    RejectedBody(
        "'input.mode' is required", CLIENTS, "/v1/videos/lip-sync", {"input": {"video_url": "https://x/y"}}
    ),
    RejectedBody(
        "'effect_scene' is required",
        VENDOR,
        "/v1/videos/effects",
        {"input": {"image_urls": [PICTURE], "effect_scene": "christmas"}},
    ),
    RejectedBody(
        "'human_image' is required",
        VENDOR,
        "/v1/images/kolors-virtual-try-on",
        {"person_image_url": PICTURE, "cloth_image_urls": [PICTURE]},
    ),
    RejectedBody(
        "'image_reference' must be omitted", VENDOR, _IMAGES, {"prompt": "x", "image_reference": "face"}
    ),
    RejectedBody("'image_fidelity' must be omitted", VENDOR, _IMAGES, {"prompt": "x", "image_fidelity": 0.5}),
    RejectedBody("'human_fidelity' must be omitted", VENDOR, _IMAGES, {"prompt": "x", "human_fidelity": 0.5}),
    RejectedBody(
        "'negative_prompt' must be omitted",
        VENDOR,
        _IMAGES,
        {"prompt": "x", "image": PICTURE, "negative_prompt": "y"},
    ),
]

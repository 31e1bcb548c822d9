"""Requests that the documents allow or forbid, written by hand from them, with the words of the rejection.

The fact files are checked against these: their other rules are tested with cases made from the files.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.sandbox.paths import O1, O1_T2V, april, august

IMAGE = "https://media.example/i.png"
VIDEO = ["https://media.example/v.mp4"]
O1_EDIT, O1_I2V = august("kling-video-o1"), august("kling-video-o1-i2v")
EFFECTS, AVATAR = april("kling-video-effects"), april("kling-avatar")
OMNI_IMAGE, SEVERAL_IMAGES = april("kling-v3-omni-image"), april("kling-v2-mi2i")


class Case(NamedTuple):
    path: str
    body: Any
    message: str | None = None  # of the rejection; None: accepted


# The accept/reject table of the page kling-video-o1 (April to July 2026).
SEED_MATRIX = [
    Case(O1, {"prompt": "x"}),
    Case(O1, {"prompt": "x", "duration": 5}),
    Case(
        O1,
        {"prompt": "x", "duration": 7},
        "Invalid parameters: parameter 'duration' must be one of 5, 10, got 7",
    ),
    Case(O1, {"prompt": "x", "images": [IMAGE], "duration": 10, "sound": "on"}),
    Case(
        O1,
        {"prompt": "x", "images": []},
        "Value out of range: parameter 'images' must be at least 1 item, got 0",
    ),
    Case(O1, {"prompt": "x", "videos": VIDEO}),
    Case(O1, {"prompt": "x", "videos": VIDEO, "sound": "off", "mode": "std", "aspect_ratio": "9:16"}),
    Case(
        O1,
        {"prompt": "x", "videos": VIDEO, "sound": "on"},
        "Invalid parameters: parameter 'sound' must be 'off' when 'videos' is given, got 'on'",
    ),
    Case(
        O1,
        {"prompt": "x", "videos": VIDEO, "duration": 5},
        "Invalid parameters: parameter 'duration' must be omitted when 'videos' is given",
    ),
    Case(
        O1,
        {"prompt": "x", "videos": ["a", "b"]},
        "Value out of range: parameter 'videos' must be exactly 1 item, got 2",
    ),
    Case(O1, {"prompt": "x", "multi_shot": True, "shot_type": "intelligence"}),
    Case(
        O1,
        {"prompt": "x", "multi_shot": True},
        "Invalid parameters: parameter 'shot_type' is required when 'multi_shot' is true",
    ),
    Case(
        O1,
        {"prompt": "x", "multi_shot": False, "shot_type": "intelligence"},
        "Invalid parameters: parameter 'shot_type' must be omitted unless 'multi_shot' is true",
    ),
    Case(
        O1,
        {"multi_shot": True, "shot_type": "intelligence"},
        "Invalid parameters: parameter 'prompt' is required",
    ),
    Case(
        O1,
        {"prompt": ""},
        "Value out of range: parameter 'prompt' must be between 1 and 2500 characters, got 0",
    ),
]

# The rest of that page: bounds, types, and fields that it does not have.
SEED = [
    Case(O1, {"prompt": "é" * 2500}),
    Case(
        O1,
        {"prompt": "x" * 2501},
        "Value out of range: parameter 'prompt' must be between 1 and 2500 characters, got 2501",
    ),
    Case(O1, {"prompt": "x", "images": [IMAGE] * 8}),  # no maximum is documented
    Case(O1, [], "Invalid parameters: the request body must be an object, got []"),
    Case(O1, {"prompt": None}, "Invalid parameters: parameter 'prompt' must be a string, got null"),
    Case(
        O1,
        {"prompt": "x", "duration": "5"},
        "Invalid parameters: parameter 'duration' must be an integer, got '5'",
    ),
    Case(
        O1,
        {"prompt": "x", "duration": 5.0},
        "Invalid parameters: parameter 'duration' must be an integer, got 5.0",
    ),
    Case(
        O1,
        {"prompt": "x", "multi_shot": "true"},
        "Invalid parameters: parameter 'multi_shot' must be a boolean, got 'true'",
    ),
    Case(
        O1,
        {"prompt": "x", "images": IMAGE},
        f"Invalid parameters: parameter 'images' must be an array, got '{IMAGE}'",
    ),
    Case(
        O1,
        {"prompt": "x", "images": [IMAGE, 1]},
        "Invalid parameters: parameter 'images[1]' must be a string, got 1",
    ),
    Case(
        O1,
        {"prompt": "x", "images": [IMAGE, "data:image/png;base64,aGk="]},
        "Invalid format: parameter 'images[1]' must be a URL or a Base64 string without the 'data:' prefix",
    ),
    Case(
        O1,
        {"prompt": "x", "mode": "PRO"},
        "Invalid parameters: parameter 'mode' must be one of 'std', 'pro', got 'PRO'",
    ),
    Case(
        O1,
        {"prompt": "x", "resolution": "720p"},
        "Invalid parameters: parameter 'resolution' is not supported",
    ),
]

# The three models of August 2026 (blog kling-o1-api of 2026-09-10).
AUGUST = [
    Case(
        O1_EDIT, {"prompt": "x", "videos": VIDEO, "images": [IMAGE] * 4, "audio": "original", "duration": 10}
    ),
    Case(O1_EDIT, {"prompt": "x"}, "Invalid parameters: parameter 'videos' is required"),
    Case(
        O1_EDIT,
        {"prompt": "x", "videos": VIDEO, "images": [IMAGE] * 5},
        "Value out of range: parameter 'images' must be between 1 and 4 items, got 5",
    ),
    Case(
        O1_EDIT,
        {"prompt": "x", "videos": VIDEO, "duration": 11},
        "Value out of range: parameter 'duration' must be between 3 and 10, got 11",
    ),
    Case(
        O1_EDIT,
        {"prompt": "x", "videos": VIDEO, "mode": "std"},
        "Invalid parameters: parameter 'mode' is not supported",
    ),
    Case(O1_T2V, {"prompt": "x", "duration": 7}),
    Case(
        O1_T2V, {"prompt": "x", "images": [IMAGE]}, "Invalid parameters: parameter 'images' is not supported"
    ),
    Case(O1_I2V, {"prompt": "x", "images": [IMAGE] * 7, "duration": 7}),
    Case(
        O1_I2V,
        {"prompt": "x", "images": [IMAGE], "duration": 7},
        "Invalid parameters: parameter 'duration' must be one of 5, 10 with exactly one image, got 7",
    ),
    Case(
        O1_I2V,
        {"prompt": "x", "images": [IMAGE] * 8},
        "Value out of range: parameter 'images' must be between 1 and 7 items, got 8",
    ),
]

# One case for each rule between fields on the pages of the other models.
OTHER_MODELS = [
    Case(
        AVATAR,
        {"image": IMAGE},
        "Invalid parameters: parameter 'sound_file' is required unless 'audio_id' is given",
    ),
    Case(
        AVATAR,
        {"image": IMAGE, "audio_id": "a", "sound_file": "aGk="},
        "Invalid parameters: parameter 'sound_file' must be omitted when 'audio_id' is given",
    ),
    Case(AVATAR, {"image": IMAGE, "sound_file": "aGk=", "mode": "pro"}),
    Case(EFFECTS, {"effect_scene": "hug_pro", "images": [IMAGE] * 2, "duration": 10}),
    Case(
        EFFECTS,
        {"effect_scene": "hug_pro", "image": IMAGE},
        "Invalid parameters: parameter 'images' is required with an effect for two people",
    ),
    Case(
        EFFECTS,
        {"effect_scene": "cute_dance", "images": [IMAGE] * 2},
        "Invalid parameters: parameter 'image' is required with an effect for one person",
    ),
    Case(EFFECTS, {"effect_scene": "one of the others", "image": IMAGE}),
    Case(
        april("kling-v1-i2v"),
        {"image": IMAGE, "image_tail": IMAGE, "dynamic_masks": [{}]},
        "Invalid parameters: parameter 'dynamic_masks' must be omitted when 'image_tail' is given",
    ),
    Case(
        april("kling-v2.6-i2v"),
        {"image": IMAGE, "image_tail": IMAGE, "static_mask": IMAGE},
        "Invalid parameters: parameter 'static_mask' must be omitted when 'image_tail' is given",
    ),
    Case(
        SEVERAL_IMAGES,
        {"n": 1},
        "Invalid parameters: parameter 'prompt' is required"
        " unless 'subject_images', 'scene_image' or 'style_image' is given",
    ),
    Case(SEVERAL_IMAGES, {"scene_image": IMAGE}),
    Case(
        OMNI_IMAGE,
        {"prompt": "x", "images": [IMAGE] * 5, "element_ids": ["e"] * 6},
        "Value out of range: parameter 'images' must be at most 10 items together with 'element_ids', got 11",
    ),
    Case(
        OMNI_IMAGE,
        {"prompt": "x", "result_type": "series"},
        "Invalid parameters: parameter 'series_amount' is required when 'result_type' is 'series'",
    ),
    Case(OMNI_IMAGE, {"prompt": "x", "n": 100, "resolution": "8k"}),  # these bounds are only inferred
    Case(
        april("kling-v3-t2v"),
        {"prompt": "x", "cfg_scale": 1.5},
        "Value out of range: parameter 'cfg_scale' must be between 0 and 1, got 1.5",
    ),
    Case(
        august("kling-v3-t2v"),
        {"prompt": "x" * 3073},
        "Value out of range: parameter 'prompt' must be between 1 and 3072 characters, got 3073",
    ),
]

CASES = [*SEED_MATRIX, *SEED, *AUGUST, *OTHER_MODELS]

"""The models beside Video O1: what each takes and refuses, by path, with the words of the refusal.

A field, a bound or a rule stands here once for the models that share it.
"""

from __future__ import annotations

from typing import Any

from tests.sandbox.contract_table import FORMAT, IMAGE, PARAMETERS, RANGE, RATIOS, VIDEO, Case

KLING = "/api/v1/kling"
SHAPES = "'16:9', '9:16', '1:1', '4:3', '3:4', '3:2', '2:3', '21:9'"
NO_DATA = "must be a URL or a Base64 string without the 'data:' prefix"

OMNI, OMNI_EDIT = f"{KLING}/kling-v3-omni-video/async", f"{KLING}/kling-v3-omni-video"
V3_T2V, V3_T2V_AUGUST = f"{KLING}/kling-v3-t2v/async", f"{KLING}/kling-v3-t2v"
V3_I2V = f"{KLING}/kling-v3-i2v/async"
V26_T2V, V26_I2V = f"{KLING}/kling-v2.6-t2v", f"{KLING}/kling-v2.6-i2v"
V25_I2V = f"{KLING}/kling-v2.5-turbo-i2v"
V16_T2V, V16_I2V, V16_MI2V = (f"{KLING}/kling-v1.6-{kind}" for kind in ("t2v", "i2v", "mi2v"))
V1_T2V, V1_I2V = f"{KLING}/kling-v1-t2v", f"{KLING}/kling-v1-i2v"
AVATAR, EFFECTS = f"{KLING}/kling-avatar", f"{KLING}/kling-video-effects"
V15_T2I, V3_T2I = f"{KLING}/kling-v1.5-t2i", f"{KLING}/kling-v3-t2i"
V15_I2I, V2_NEW_I2I, V3_I2I = (f"{KLING}/kling-{name}-i2i" for name in ("v1.5", "v2-new", "v3"))
MI2I = f"{KLING}/kling-v2-mi2i"
IMAGE_O1, IMAGE_O1_AUGUST = f"{KLING}/kling-image-o1/async", f"{KLING}/kling-image-o1"
OMNI_IMAGE = f"{KLING}/kling-v3-omni-image"
EXPANSION, RECOGNIZE = f"{KLING}/kling-image-expansion", f"{KLING}/kling-image-recognize"
TRY_ON = f"{KLING}/kolors-virtual-try-on-v1-5"

TEXT = {"prompt": "x"}
FRAME = {"image": IMAGE}
BOTH = TEXT | FRAME
GROWN = FRAME | {f"{side}_expansion_ratio": 0.5 for side in ("up", "down", "left", "right")}
WORN = {"human_image": IMAGE, "cloth_image": IMAGE}
SERIES = TEXT | {"result_type": "series", "series_amount": 4}

ACCEPTED_BY_MODELS = [
    *(Case(OMNI, TEXT | {"duration": seconds}) for seconds in (3, 8, 15)),
    Case(OMNI, TEXT | {"images": [IMAGE] * 20}),  # a bound of seven is upstream's
    Case(OMNI, TEXT | {"videos": VIDEO, "mode": "std"}),
    Case(OMNI, TEXT | {"multi_shot": True, "shot_type": "intelligence"}),
    Case(V3_T2V, TEXT | {"sound": "on", "cfg_scale": 1, "mode": "pro", "negative_prompt": "y"}),
    Case(V3_T2V_AUGUST, {"prompt": "x" * 3072, "resolution": "4k", "audio": "native", "multi_shot": False}),
    Case(V3_T2V_AUGUST, TEXT | {"duration": 15}),
    Case(V3_I2V, BOTH | {"sound": "on", "duration": 15, "aspect_ratio": "1:1"}),
    Case(V26_T2V, TEXT | {"sound": "off", "duration": 10}),
    Case(V26_I2V, FRAME),
    Case(V26_I2V, FRAME | {"image_tail": IMAGE, "voice_ids": ["a"] * 10}),
    Case(V26_I2V, FRAME | {"static_mask": IMAGE}),
    Case(V25_I2V, FRAME | {"image_tail": IMAGE, "mode": "pro"}),
    Case(V16_T2V, TEXT | {"cfg_scale": 0.25}),
    Case(V16_I2V, FRAME | {"cfg_scale": 0}),
    Case(V16_MI2V, TEXT | {"images": [IMAGE] * 4}),
    Case(V1_T2V, TEXT | {"camera_control": {"type": "simple", "config": {"zoom": 3}}}),
    Case(V1_I2V, FRAME | {"static_mask": IMAGE, "dynamic_masks": [{}]}),
    Case(V1_I2V, FRAME | {"image_tail": IMAGE}),
    Case(AVATAR, FRAME | {"audio_id": ""}),  # no length is documented
    Case(AVATAR, FRAME | {"sound_file": "aGk=", "prompt": "x", "mode": "pro"}),
    Case(EFFECTS, FRAME | {"effect_scene": "pet_lion_pro"}),
    Case(EFFECTS, {"effect_scene": "hug_pro", "images": [IMAGE] * 2, "duration": 10}),
    Case(EFFECTS, FRAME | {"effect_scene": "one of the others"}),
    Case(EFFECTS, {"effect_scene": "one of the others", "images": [IMAGE] * 2}),
    *(Case(V15_T2I, TEXT | {"n": count}) for count in (1, 9)),
    Case(V3_T2I, TEXT | {"resolution": "2k", "aspect_ratio": "21:9"}),
    # "human_fidelity only counts with subject" forbids nothing
    Case(V15_I2I, BOTH | {"image_reference": "face", "human_fidelity": 1, "image_fidelity": 0}),
    Case(V2_NEW_I2I, BOTH | {"image_fidelity": 0.5}),
    Case(V3_I2I, BOTH | {"resolution": "2k"}),
    *(Case(MI2I, {name: IMAGE}) for name in ("prompt", "scene_image", "style_image")),
    Case(MI2I, {"subject_images": [IMAGE] * 4}),
    *(Case(MI2I, TEXT | {"aspect_ratio": value}) for value in ("5:1", 1, None)),  # an inferred field
    Case(IMAGE_O1, TEXT | {"images": [], "aspect_ratio": "auto"}),
    Case(IMAGE_O1, TEXT | {"images": [IMAGE] * 10, "n": 9}),
    Case(IMAGE_O1_AUGUST, TEXT | {"images": [IMAGE] * 10, "aspect_ratio": "3:2", "resolution": "2k"}),
    Case(OMNI_IMAGE, TEXT | {"n": 100, "resolution": "8k", "aspect_ratio": ""}),  # no documented bounds
    Case(OMNI_IMAGE, TEXT | {"n": 2, "result_type": "single"}),
    *(Case(OMNI_IMAGE, SERIES | {"series_amount": amount}) for amount in (0, 100)),
    Case(OMNI_IMAGE, TEXT | {"images": [IMAGE] * 4, "element_ids": ["e"] * 6}),
    Case(EXPANSION, GROWN | {"prompt": "", "n": 9}),
    Case(EXPANSION, GROWN | {"up_expansion_ratio": 0, "down_expansion_ratio": 2}),
    Case(RECOGNIZE, FRAME),
    Case(TRY_ON, WORN),
]


def _unsupported(path: str, body: dict[str, Any], *names: str) -> list[Case]:
    return [
        Case(path, body | {name: "x"}, f"{PARAMETERS}parameter '{name}' is not supported") for name in names
    ]


def _missing(path: str, body: dict[str, Any]) -> list[Case]:
    """Each field of a body is required."""
    return [
        Case(
            path,
            {other: value for other, value in body.items() if other != name},
            f"{PARAMETERS}parameter '{name}' is required",
        )
        for name in body
    ]


def _between(
    path: str, body: dict[str, Any], name: str, low: float, high: float, *values: float
) -> list[Case]:
    refusal = f"{RANGE}parameter '{name}' must be between {low} and {high}, got"
    return [Case(path, body | {name: value}, f"{refusal} {value}") for value in values]


def _no_data(path: str, body: dict[str, Any], *names: str) -> list[Case]:
    """Neither a data: URI nor an empty text is a medium, also where no length is documented."""
    return [
        Case(path, body | {name: text}, f"{FORMAT}parameter '{name}' {NO_DATA}")
        for name in names
        for text in ("data:image/png;base64,aGk=", "DATA:;base64,aGk=")
    ] + [Case(path, body | {name: ""}, f"{FORMAT}parameter '{name}' {NO_DATA}") for name in names]


REFUSED_BY_MODELS = [
    # omni video: as Video O1, but for the length
    Case(
        OMNI,
        TEXT | {"videos": VIDEO, "duration": 8},
        f"{PARAMETERS}parameter 'duration' must be omitted when 'videos' is given",
    ),
    Case(
        OMNI,
        TEXT | {"duration": 2},
        f"{PARAMETERS}parameter 'duration' must be one of {', '.join(map(str, range(3, 16)))}, got 2",
    ),
    Case(
        OMNI,
        TEXT | {"multi_shot": True},
        f"{PARAMETERS}parameter 'shot_type' is required when 'multi_shot' is true",
    ),
    *_unsupported(OMNI, TEXT, "resolution", "negative_prompt"),
    # text to video
    *_missing(V3_T2V, TEXT),
    *_unsupported(V3_T2V, TEXT, "image", "audio", "multi_shot"),
    *_between(V3_T2V, TEXT, "cfg_scale", 0, 1, -0.5, 1.5, 2),
    Case(V3_T2V, TEXT | {"cfg_scale": True}, f"{PARAMETERS}parameter 'cfg_scale' must be a number, got true"),
    Case(
        V3_T2V,
        TEXT | {"negative_prompt": ""},
        f"{RANGE}parameter 'negative_prompt' must be between 1 and 2500 characters, got 0",
    ),
    *_unsupported(V3_T2V_AUGUST, TEXT, "negative_prompt", "cfg_scale", "mode", "sound"),
    *_between(V3_T2V_AUGUST, TEXT, "duration", 3, 15, 2, 16),
    Case(
        V3_T2V_AUGUST,
        {"prompt": "x" * 3073},
        f"{RANGE}parameter 'prompt' must be between 1 and 3072 characters, got 3073",
    ),
    Case(
        V3_T2V_AUGUST,
        TEXT | {"audio": "original"},
        f"{PARAMETERS}parameter 'audio' must be one of 'native', 'off', got 'original'",
    ),
    Case(V26_T2V, TEXT | {"duration": 3}, f"{PARAMETERS}parameter 'duration' must be one of 5, 10, got 3"),
    *_unsupported(V26_T2V, TEXT, "cfg_scale"),
    *_unsupported(V16_T2V, TEXT, "sound", "camera_control"),
    Case(
        V1_T2V,
        TEXT | {"camera_control": "zoom"},
        f"{PARAMETERS}parameter 'camera_control' must be an object, got 'zoom'",
    ),
    # image to video
    *_missing(V3_I2V, BOTH),
    *_unsupported(V3_I2V, BOTH, "image_tail"),
    Case(
        V3_I2V,
        BOTH | {"aspect_ratio": "4:3"},
        f"{PARAMETERS}parameter 'aspect_ratio' must be one of {RATIOS}, got '4:3'",
    ),
    Case(V3_I2V, BOTH | {"image": ""}, f"{RANGE}parameter 'image' must be at least 1 character, got 0"),
    *_missing(V26_I2V, FRAME),
    Case(
        V26_I2V,
        FRAME | {"image_tail": IMAGE, "static_mask": IMAGE},
        f"{PARAMETERS}parameter 'static_mask' must be omitted when 'image_tail' is given",
    ),
    Case(
        V26_I2V,
        FRAME | {"voice_ids": ["a"] * 11},
        f"{RANGE}parameter 'voice_ids' must be between 1 and 10 items, got 11",
    ),
    *_no_data(V25_I2V, FRAME, "image", "image_tail"),
    *_unsupported(V25_I2V, FRAME, "aspect_ratio", "sound", "cfg_scale"),
    *_between(V16_I2V, FRAME, "cfg_scale", 0, 1, 1.1),
    Case(
        V16_MI2V,
        TEXT | {"images": [IMAGE] * 5},
        f"{RANGE}parameter 'images' must be between 1 and 4 items, got 5",
    ),
    *_unsupported(V16_MI2V, TEXT | {"images": [IMAGE]}, "image_list"),
    *_no_data(V1_I2V, FRAME, "image", "image_tail", "static_mask"),
    *(
        Case(
            V1_I2V,
            FRAME | {"image_tail": IMAGE, name: value},
            f"{PARAMETERS}parameter '{name}' must be omitted when 'image_tail' is given",
        )
        for name, value in {"static_mask": IMAGE, "dynamic_masks": [{}]}.items()
    ),
    Case(
        V1_I2V,
        FRAME | {"dynamic_masks": ["m"]},
        f"{PARAMETERS}parameter 'dynamic_masks[0]' must be an object, got 'm'",
    ),
    # a portrait that speaks
    Case(AVATAR, FRAME, f"{PARAMETERS}parameter 'sound_file' is required unless 'audio_id' is given"),
    Case(
        AVATAR,
        FRAME | {"audio_id": "a", "sound_file": "aGk="},
        f"{PARAMETERS}parameter 'sound_file' must be omitted when 'audio_id' is given",
    ),
    *_no_data(AVATAR, FRAME, "sound_file"),
    # effects
    *(
        Case(
            EFFECTS,
            FRAME | {"effect_scene": name},
            f"{PARAMETERS}parameter 'images' is required with an effect for two",
        )
        for name in ("cheers_2026", "fight_pro", "hug_pro", "heart_gesture_pro")
    ),
    *(
        Case(
            EFFECTS,
            {"effect_scene": name, "images": [IMAGE] * 2},
            f"{PARAMETERS}parameter 'image' is required with an effect for one",
        )
        for name in ("pet_lion_pro", "cute_dance", "bullet_time")
    ),
    Case(
        EFFECTS,
        FRAME | {"effect_scene": "hug_pro", "images": [IMAGE] * 2},
        f"{PARAMETERS}parameter 'image' must be omitted with an effect for two",
    ),
    Case(
        EFFECTS,
        FRAME | {"effect_scene": "any", "images": [IMAGE] * 2},
        f"{PARAMETERS}parameter 'image' must be omitted when 'images' is given",
    ),
    Case(
        EFFECTS,
        {"effect_scene": "any"},
        f"{PARAMETERS}parameter 'image' is required unless 'images' is given",
    ),
    Case(
        EFFECTS,
        {"effect_scene": "hug_pro", "images": [IMAGE]},
        f"{RANGE}parameter 'images' must be exactly 2 items, got 1",
    ),
    *_missing(EFFECTS, {"effect_scene": "any"}),
    *_unsupported(EFFECTS, FRAME | {"effect_scene": "any"}, "prompt", "mode"),
    # text to image
    *_missing(V15_T2I, TEXT),
    *_between(V15_T2I, TEXT, "n", 1, 9, 0, 10),
    Case(
        V15_T2I,
        TEXT | {"resolution": "2k"},
        f"{PARAMETERS}parameter 'resolution' must be one of '1k', got '2k'",
    ),
    Case(
        V3_T2I,
        TEXT | {"aspect_ratio": "auto"},
        f"{PARAMETERS}parameter 'aspect_ratio' must be one of {SHAPES}, got 'auto'",
    ),
    *_unsupported(V3_T2I, TEXT, "image", "duration"),
    # image to image
    *_missing(V15_I2I, BOTH),
    *_no_data(V15_I2I, BOTH, "image"),
    *_between(V15_I2I, BOTH, "human_fidelity", 0, 1, 1.5),
    Case(
        V15_I2I,
        BOTH | {"image_reference": "style"},
        f"{PARAMETERS}parameter 'image_reference' must be one of 'subject', 'face', got 'style'",
    ),
    *_unsupported(V2_NEW_I2I, BOTH, "image_reference", "human_fidelity"),
    *_unsupported(V3_I2I, BOTH, "image_fidelity", "negative_prompt"),
    # several images to one
    Case(
        MI2I,
        {"n": 1},
        f"{PARAMETERS}parameter 'prompt' is required"
        " unless 'subject_images', 'scene_image' or 'style_image' is given",
    ),
    Case(
        MI2I,
        {"subject_images": [IMAGE] * 5},
        f"{RANGE}parameter 'subject_images' must be at most 4 items, got 5",
    ),
    *_no_data(MI2I, {}, "scene_image", "style_image"),
    *_unsupported(MI2I, TEXT, "negative_prompt", "resolution", "image", "image_reference", "image_fidelity"),
    Case(
        IMAGE_O1,
        TEXT | {"images": [IMAGE] * 11},
        f"{RANGE}parameter 'images' must be at most 10 items, got 11",
    ),
    Case(
        IMAGE_O1_AUGUST,
        TEXT | {"images": []},
        f"{RANGE}parameter 'images' must be between 1 and 10 items, got 0",
    ),
    Case(
        IMAGE_O1_AUGUST,
        TEXT | {"aspect_ratio": "auto"},
        f"{PARAMETERS}parameter 'aspect_ratio' must be one of {SHAPES}, got 'auto'",
    ),
    Case(
        OMNI_IMAGE,
        TEXT | {"images": [IMAGE] * 5, "element_ids": ["e"] * 6},
        f"{RANGE}parameter 'images' must be at most 10 items together with 'element_ids', got 11",
    ),
    Case(
        OMNI_IMAGE,
        SERIES | {"n": 1},
        f"{PARAMETERS}parameter 'n' must be omitted when 'result_type' is 'series'",
    ),
    Case(
        OMNI_IMAGE,
        TEXT | {"result_type": "series"},
        f"{PARAMETERS}parameter 'series_amount' is required when 'result_type' is 'series'",
    ),
    Case(OMNI_IMAGE, TEXT | {"n": 2.0}, f"{PARAMETERS}parameter 'n' must be an integer, got 2.0"),
    Case(OMNI_IMAGE, TEXT | {"resolution": 1}, f"{PARAMETERS}parameter 'resolution' must be a string, got 1"),
    # the tools
    *_missing(EXPANSION, GROWN),
    *_between(EXPANSION, GROWN, "left_expansion_ratio", 0, 2, -0.1, 2.5),
    *_no_data(EXPANSION, GROWN, "image"),
    *_missing(RECOGNIZE, FRAME),
    *_unsupported(RECOGNIZE, FRAME, "prompt", "n"),
    *_missing(TRY_ON, WORN),
    *_no_data(TRY_ON, WORN, "human_image", "cloth_image"),
    *_unsupported(TRY_ON, WORN, "prompt"),
]

# Paths whose schema no document shows, or shows in part: they take any object.
UNENFORCED = [
    OMNI_EDIT,
    *(f"{KLING}/kling-v3-{name}" for name in ("omni-t2v", "omni-i2v", "turbo-t2v", "turbo-i2v")),
    *(f"{KLING}/kling-{name}-t2v" for name in ("v2.5-turbo", "v2.1-master", "v2-master")),
    *(f"{KLING}/kling-{name}-i2v" for name in ("v2.1-master", "v2-master", "v2.1", "v1.5")),
    *(f"{KLING}/kling-{name}-t2i" for name in ("v1", "v2-new")),
    *(f"{KLING}/kling-{name}-i2i" for name in ("v1", "v2", "v2.1")),
    f"{KLING}/kling-v2.1-mi2i",
    f"{KLING}/kolors-virtual-try-on-v1",
]

# What was retired upstream on 2026-09-15, and one that left the documents before.
RETIRED = [
    "kling-v1-t2v",
    "kling-v1-i2v",
    "kling-v1.5-i2v",
    "kling-v1.6-t2v",
    "kling-v1.6-i2v",
    "kling-v1.6-mi2v",
    "kling-v2-master-t2v",
    "kling-v2-master-i2v",
    "kling-v2.1-i2v",
    "kling-v2.1-master-t2v",
    "kling-v2.1-master-i2v",
    "kolors-virtual-try-on-v1",
    "kolors-virtual-try-on-v1-5",
    "kling-v2-new-t2i",
]

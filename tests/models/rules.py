"""The rules between fields, which the contract file has as prose: what breaks each, and what fits them all.

Each rule of the file is either here or among those that ask nothing of a request; a test sees to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.models.contract_file import Documented

LINK = "https://media.example/file"
Fields = dict[str, Any]

# Fields that no request can have both of.
EXCLUSIVE: Mapping[str, tuple[tuple[str, str], ...]] = {
    "kling-video-o1": (("videos", "duration"),),
    "kling-v3-omni-video": (("videos", "duration"),),
    "kling-v1-i2v": (("image_tail", "static_mask"), ("image_tail", "dynamic_masks")),
    "kling-v2.6-i2v": (("image_tail", "static_mask"),),
    "kling-avatar": (("audio_id", "sound_file"),),
    "kling-video-effects": (("image", "images"),),
    "kling-v3-omni-image": (("n", "series_amount"),),
}

# Fields that a rule asks for, although none of them is required by itself.
NEEDED: Mapping[str, tuple[str, ...]] = {
    "kling-avatar": ("sound_file",),
    "kling-video-effects": ("image",),
    "kling-v2-mi2i": ("prompt",),
    "kling-v2.1-mi2i": ("prompt",),
}

# What is asked of models of which the file has no fields at all.
UNSEEN: Mapping[str, Fields] = {
    "kling-v3-omni-t2v": {"prompt": "x"},
    "kling-v3-turbo-t2v": {"prompt": "x"},
    "kling-v3-omni-i2v": {"prompt": "x", "images": [LINK]},
    "kling-v3-turbo-i2v": {"prompt": "x", "images": [LINK]},
}


def _has(name: str) -> Callable[[Fields], bool]:
    return lambda body: name in body


# Values that fit what else is in a full request.
FITTING: Mapping[str, tuple[tuple[Callable[[Fields], bool], Fields], ...]] = {
    "kling-video-o1": ((_has("videos"), {"sound": "off"}), (_has("duration"), {"duration": 5})),
    "kling-v3-omni-video": ((_has("videos"), {"sound": "off"}),),
    "kling-video-o1-i2v": ((_has("images"), {"duration": 5}),),
    "kling-v3-omni-image": (
        (_has("n"), {"result_type": "single"}),
        (_has("series_amount"), {"result_type": "series"}),
    ),
}

Breaks = Callable[[Fields], list[tuple[Fields, str]]]


def _with(field: str, **changes: Any) -> Breaks:
    return lambda base: [({**base, **changes}, field)]


def _omni(*, wrong_duration: int) -> Mapping[str, Breaks]:
    return {
        "prompt is always required": lambda base: [({}, "prompt")],
        "multi_shot=false": lambda base: [
            ({**base, "shot_type": "intelligence"}, "shot_type"),
            ({**base, "multi_shot": False, "shot_type": "intelligence"}, "shot_type"),
        ],
        "multi_shot=true": lambda base: [
            ({**base, "multi_shot": True}, "shot_type"),
            ({**base, "multi_shot": True, "shot_type": "other"}, "shot_type"),
            ({"multi_shot": True, "shot_type": "intelligence"}, "prompt"),
        ],
        "videos present: sound": lambda base: [
            ({**base, "videos": [LINK], "sound": "on"}, "sound"),
            ({**base, "videos": [LINK], "duration": 5}, "duration"),
        ],
        "videos present: exactly one": _with("videos", videos=[LINK, LINK]),
        "videos absent": lambda base: [
            ({**base, "duration": wrong_duration}, "duration"),
            ({**base, "images": [LINK], "duration": wrong_duration}, "duration"),
        ],
        "images, when present": lambda base: [
            ({**base, "images": []}, "images"),
            ({**base, "images": [LINK, ""]}, "images"),
            ({**base, "videos": [""]}, "videos"),
        ],
    }


def _unsupported(*names: str) -> Breaks:
    return lambda base: [({**base, name: LINK}, name) for name in names]


def _at_least_one(base: Fields) -> list[tuple[Fields, str]]:
    return [({}, "prompt"), ({"n": 1}, "prompt")]


_MI2I: Mapping[str, Breaks] = {
    "At least one of": _at_least_one,
    "Not supported": _unsupported(
        "negative_prompt", "resolution", "image", "image_reference", "image_fidelity", "human_fidelity"
    ),
}

# By model and the beginning of the rule's text.
_BROKEN: Mapping[str, Mapping[str, Breaks]] = {
    "kling-video-o1": {
        **_omni(wrong_duration=7),
        "videos is REQUIRED": lambda base: [({"prompt": "x"}, "videos")],
        "At most 4 images": _with("images", images=[LINK] * 5),
        "multi_shot, shot_type, sound, mode no longer": lambda base: [
            ({**base, name: value}, name)
            for name, value in (("multi_shot", True), ("shot_type", "x"), ("sound", "on"), ("mode", "std"))
        ],
    },
    "kling-v3-omni-video": _omni(wrong_duration=16),
    "kling-video-o1-t2v": {"No image or video": _unsupported("images", "videos", "image")},
    "kling-video-o1-i2v": {
        "Exactly one image": _with("duration", images=[LINK], duration=7),
        "No aspect_ratio": _with("aspect_ratio", aspect_ratio="16:9"),
    },
    "kling-v3-t2v": {
        "No negative_prompt/cfg_scale/mode/sound": lambda base: [
            ({**base, name: value}, name)
            for name, value in (
                ("negative_prompt", "x"),
                ("cfg_scale", 0.5),
                ("mode", "std"),
                ("sound", "on"),
            )
        ]
    },
    "kling-v3-i2v": {
        "Both image and prompt": lambda base: [({"image": LINK}, "prompt"), ({"prompt": "x"}, "image")]
    },
    "kling-v2.6-i2v": {"static_mask and image_tail": _with("static_mask", image_tail=LINK, static_mask=LINK)},
    "kling-v1-i2v": {
        "image is flagged required": lambda base: [({"image_tail": LINK}, "image")],
        "image_tail excludes": lambda base: [
            ({**base, "image_tail": LINK, "static_mask": LINK}, "static_mask"),
            ({**base, "image_tail": LINK, "camera_control": {}}, "camera_control"),
        ],
        "static_mask and dynamic_masks exclude": lambda base: [
            ({**base, "image_tail": LINK, "dynamic_masks": [{}]}, "dynamic_masks"),
            ({**base, "static_mask": LINK, "camera_control": {}}, "camera_control"),
        ],
    },
    "kling-avatar": {
        "Exactly one of audio_id": lambda base: [
            ({"image": LINK}, "sound_file"),
            ({"image": LINK, "audio_id": "a", "sound_file": LINK}, "audio_id"),
        ]
    },
    "kling-video-effects": {
        "image for single effects": lambda base: [
            ({"effect_scene": "anything"}, "image"),
            ({"effect_scene": "anything", "image": LINK, "images": [LINK] * 2}, "images"),
            *(
                ({"effect_scene": effect, "image": LINK}, "images")
                for effect in ("cheers_2026", "fight_pro", "hug_pro", "heart_gesture_pro")
            ),
            *(
                ({"effect_scene": effect, "images": [LINK] * 2}, "image")
                for effect in ("pet_lion_pro", "cute_dance", "bullet_time")
            ),
        ]
    },
    "kling-v2-mi2i": _MI2I,
    "kling-v2.1-mi2i": _MI2I,
    "kling-v3-omni-image": {
        "images + element_ids": _with("element_ids", images=[LINK] * 6, element_ids=["e"] * 5),
        "n only with": lambda base: [
            ({**base, "result_type": "series", "series_amount": 3, "n": 2}, "n"),
            ({**base, "result_type": "series"}, "series_amount"),
        ],
    },
    "kling-image-expansion": {
        "All four ratios": lambda base: [
            ({key: value for key, value in base.items() if key != name}, name)
            for name in base
            if name.endswith("_ratio")
        ]
    },
    "kling-image-recognize": {"No other fields": _unsupported("prompt", "n")},
    "kolors-virtual-try-on-v1-5": {"Other parameters": _unsupported("prompt", "n")},
    "kolors-virtual-try-on-v1": {"Other parameters": _unsupported("prompt", "n")},
}

# The beginnings of the texts that ask nothing of a request's fields.
_REMARKS = (
    "No first-frame/last-frame typing",
    "Source video: <=200 MB",  # of the media themselves; see tests/sandbox
    "A last frame alone",  # no field tells a first frame from a last one
    "Schema not retrieved",
    "Existence INFERRED",
    "Audio exists only from V2.6",
    "In era 0",
    "Page not retrieved",
    "camera_control only on V1",  # no other model has the field
    "audio_id refers to",
    "Stored page",
    "human_fidelity only counts",  # it is ignored otherwise; see tests/requests/test_inferred.py
    "Enumerations and bounds documented",
    "With images present the prompt",
    "Modellix documents no endpoint",
    "Page text says synchronous",
    "Result kinds",
    "A single picture holding",
    "Result images stay valid",
)


def broken_rules(documented: Documented, base: Fields) -> Iterator[tuple[str, Fields, str]]:
    """Yield the text of each rule, a request that breaks it, and the field that a refusal has to name."""
    for rule in documented.rules:
        for text, breaks in _BROKEN.get(documented.slug, {}).items():
            if rule.startswith(text):
                for body, field in breaks(base):
                    yield rule, body, field


def unheard_rules(documented: Documented) -> list[str]:
    """Return the rules of the file that stand nowhere in this module."""
    known = (*_BROKEN.get(documented.slug, ()), *_REMARKS)
    return [rule for rule in documented.rules if not rule.startswith(known)]

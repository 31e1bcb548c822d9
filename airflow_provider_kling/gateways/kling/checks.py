"""What the platform does not make of a model, in either standard (docs: capability map)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from airflow_provider_kling.gateways.kling.draft import Draft

Check = Callable[[Draft], None]
"""Rejects fields of a request that the platform would refuse."""

_FHD: Final = "1080p"
MOST_IMAGES: Final = 7
MOST_IMAGES_WITH_VIDEO: Final = 4
_MOST_ELEMENTS: Final = 3
_SHAPES: Final = ("16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9", "auto")
_WITH_AUDIO: Final = (("sound", "on"), ("audio", "native"))


def _audio_needs_pro(draft: Draft) -> None:
    if not _is_pro(draft):
        for name, value in _WITH_AUDIO:
            if draft.given(name) == value:
                draft.reject(name, f'must be "off" here unless mode is "pro": audio needs {_FHD}', "mode")


def _last_frame_needs_pro(draft: Draft) -> None:
    if draft.given("image_tail") is not None and not _is_pro(draft):
        rule = f'must be left out here unless mode is "pro": a last frame needs {_FHD}'
        draft.reject("image_tail", rule, "mode")


def _last_frame_is_silent(draft: Draft) -> None:
    if draft.given("image_tail") is not None and draft.given("sound") == "on":
        draft.reject("sound", 'must be "off" here with image_tail', "image_tail")


def _no_audio(draft: Draft) -> None:
    for name, value in _WITH_AUDIO:
        if draft.given(name) == value:
            draft.reject(name, 'must be "off" here: O1 makes no audio')


def _one_shot(draft: Draft) -> None:
    if draft.given("multi_shot"):
        draft.reject("multi_shot", "must be false here: O1 makes one shot", "shot_type")


def _edits_have_one_shot(draft: Draft) -> None:
    if draft.given("videos") is not None and draft.given("multi_shot"):
        draft.reject("multi_shot", "must be false here with a video to edit", "shot_type", "videos")


def _few_images(draft: Draft) -> None:
    videos = [name for name in ("videos", "base_video", "feature_video") if draft.given(name) is not None]
    most = MOST_IMAGES_WITH_VIDEO if videos else MOST_IMAGES
    named = [name for name in ("images", "element_ids") if draft.given(name)]
    if sum(len(draft.given(name)) for name in named) > most:
        together = " together with element_ids" if len(named) > 1 else ""
        beside = " next to a video" if videos else ""
        draft.reject(named[0], f"must have at most {most} items here{together}{beside}", *named, *videos)


def _few_elements(draft: Draft) -> None:
    if draft.given("first_frame") is not None and len(draft.given("element_ids") or ()) > _MOST_ELEMENTS:
        rule = f"must have at most {_MOST_ELEMENTS} items here next to a first_frame"
        draft.reject("element_ids", rule, "first_frame")


def _always_audio(draft: Draft) -> None:
    if draft.given("audio") == "off":
        draft.reject("audio", 'must not be "off" here: V3 Turbo always makes audio')


def _one_image(draft: Draft) -> None:
    if len(draft.given("images") or ()) > 1:
        draft.reject("images", "must have 1 item here: the first frame")


def _known_shape(draft: Draft) -> None:
    if draft.given("aspect_ratio") not in (None, *_SHAPES):
        draft.reject("aspect_ratio", f"must be one of {', '.join(_SHAPES)} here")


def _is_pro(draft: Draft) -> bool:
    return bool(draft.given("mode") == "pro" or draft.given("resolution") == _FHD)


CHECKS: Final[Mapping[str, tuple[Check, ...]]] = {
    **dict.fromkeys(
        ("kling-video-o1", "kling-video-o1-t2v", "kling-video-o1-i2v"), (_one_shot, _no_audio, _few_images)
    ),
    **dict.fromkeys(
        ("kling-v3-omni-video", "kling-v3-omni-t2v", "kling-v3-omni-i2v"),
        (_few_images, _edits_have_one_shot),
    ),
    "kling-video-o1-omni": (_few_images,),
    "kling-v3-omni": (_few_images, _few_elements),
    "kling-v3-turbo-i2v": (_always_audio, _one_image),
    "kling-v3-omni-image": (_known_shape,),
    "kling-v2.6-t2v": (_audio_needs_pro,),
    "kling-v2.6-i2v": (_audio_needs_pro, _last_frame_needs_pro, _last_frame_is_silent),
    **dict.fromkeys(
        ("kling-v1.5-i2v", "kling-v1.6-i2v", "kling-v2.1-i2v", "kling-v2.5-turbo-i2v"),
        (_last_frame_needs_pro,),
    ),
}
"""By the author's model."""

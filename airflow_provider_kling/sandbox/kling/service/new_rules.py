"""The rules of the new standard that a schema cannot express. Each yields what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from airflow_provider_kling.sandbox.kling.service.library import ElementKind
from airflow_provider_kling.sandbox.kling.service.shots import (
    MalformedShotsError,
    parse_shots,
    shot_problems,
)
from airflow_provider_kling.sandbox.kling.service.subject import Subject

_FRAMES = ("first_frame", "last_frame")
_VIDEOS = ("feature_video", "base_video")


def shots(subject: Subject) -> Iterator[str]:
    """Check the shots in a prompt; with ``multi_shot: false`` they are plain text (docs: 3.0)."""
    if subject.setting("multi_shot") is False:
        return
    try:
        found = parse_shots(subject.prompt)
    except MalformedShotsError as error:
        yield f"parameter 'prompt': {error}"
        return
    if found:
        for problem in shot_problems(found, total=subject.setting("duration")):
            yield f"parameter 'prompt': {problem}"


def handles(subject: Subject) -> Iterator[str]:
    """Check that no two contents have the same ``id``."""
    ids = Counter(content["id"] for content in subject.body.get("contents", ()) if "id" in content)
    for handle, times in ids.items():
        if times > 1:
            yield f"parameter 'contents[].id' must be unique in a task, got '{handle[:80]}' {times} times"


def last_frame(subject: Subject) -> Iterator[str]:
    """Check that a last frame comes with a first one: alone it is not supported anywhere."""
    if subject.contents("last_frame") and not subject.contents("first_frame"):
        yield "parameter 'contents': a 'last_frame' needs a 'first_frame'"


def one_video(subject: Subject) -> Iterator[str]:
    """Check that there is at most one reference video (docs: 3.0-omni, o1)."""
    if len(subject.contents(*_VIDEOS)) > 1:
        yield "parameter 'contents' may have at most 1 reference video"


def frames_need_1080p(subject: Subject) -> Iterator[str]:
    """Check the resolution of a video with both frames (docs: 2.6, 2.5-turbo)."""
    if subject.contents("last_frame") and subject.setting("resolution") != "1080p":
        yield "parameter 'settings.resolution' must be '1080p' with a first and a last frame"


def frames_are_silent(subject: Subject) -> Iterator[str]:
    """Check the audio of a video with both frames (capability map: silent only)."""
    if subject.contents("last_frame") and subject.setting("audio") != "off":
        yield "parameter 'settings.audio' must be 'off' with a first and a last frame"


def omni_3(subject: Subject) -> Iterator[str]:
    """Check what may be combined in an omni video of 3.0 (docs: 3.0-omni)."""
    yield from _omni_counts(subject)
    if subject.contents("feature_video"):
        if subject.setting("multi_shot") is False:
            yield "parameter 'settings.multi_shot' must be true with a 'feature_video'"
        if subject.setting("audio") != "off":
            yield "parameter 'settings.audio' must be 'off' with a 'feature_video'"
    if subject.contents("base_video"):
        if subject.contents(*_FRAMES):
            yield "parameter 'contents': a 'base_video' goes with no frame"
        # Its default is true; only who asks for several shots is rejected.
        if subject.body.get("settings", {}).get("multi_shot"):
            yield "parameter 'settings.multi_shot' must be false with a 'base_video'"
        if subject.setting("audio") == "native":
            yield "parameter 'settings.audio' may not be 'native' with a 'base_video'"


def _omni_counts(subject: Subject) -> Iterator[str]:
    images = len(subject.contents("refer_image"))
    kinds = Counter(_kinds(subject))
    of_video, of_images = kinds[ElementKind.VIDEO], kinds[ElementKind.IMAGES]
    if subject.contents(*_VIDEOS):
        if of_video > 1:
            yield "parameter 'contents' may have at most 1 video-character element with a reference video"
        if of_video and images:
            yield "parameter 'contents': a video-character element and a reference video go with no image"
        if of_video and of_images:
            yield "parameter 'contents': with a reference video, both kinds of elements do not go together"
        limit = 4
    else:
        if of_video > 3:
            yield "parameter 'contents' may have at most 3 video-character elements"
        limit = 4 if of_video and of_images else 7
    if images + of_images > limit:
        yield (
            f"parameter 'contents' may have at most {limit} reference images and multi-image elements, "
            f"got {images + of_images}"
        )
    if subject.contents("first_frame") and of_video + of_images > 3:
        yield "parameter 'contents' may have at most 3 elements with a first frame"


def omni_o1(subject: Subject) -> Iterator[str]:
    """Check what may be combined in an omni video of O1 (docs: o1)."""
    elements = len(subject.contents("element"))
    images = len(subject.contents("refer_image"))
    if ElementKind.VIDEO in _kinds(subject):
        yield "parameter 'contents': this model takes multi-image elements only"
    limit = 4 if subject.contents(*_VIDEOS) else 7
    if images + elements > limit:
        yield f"parameter 'contents' may have at most {limit} images and elements, got {images + elements}"
    if subject.contents("last_frame"):
        if images or elements:
            yield "parameter 'contents': a first and a last frame go with no other image and no element"
        if subject.contents("feature_video"):
            yield "parameter 'contents': a 'feature_video' goes with no 'last_frame'"
    if subject.contents("base_video") and subject.contents(*_FRAMES):
        yield "parameter 'contents': a 'base_video' goes with no frame"
    only_frame = [
        content["type"] for content in subject.contents(*_FRAMES, "refer_image", "element", *_VIDEOS)
    ]
    if only_frame == ["first_frame"] and subject.setting("duration") not in (5, 10):
        yield "parameter 'settings.duration' must be 5 or 10 with a first frame alone"


def _kinds(subject: Subject) -> list[ElementKind]:
    found = (
        subject.holdings.library.element(content["element_id"]) for content in subject.contents("element")
    )
    return [element.kind for element in found if element is not None]

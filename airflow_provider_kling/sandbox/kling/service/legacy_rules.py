"""The rules of the legacy standard that a schema cannot express. Each yields what is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from airflow_provider_kling.sandbox.kling.service.library import ElementKind
from airflow_provider_kling.sandbox.kling.service.shots import (
    MalformedShotsError,
    listed_shots,
    shot_problems,
)
from airflow_provider_kling.sandbox.kling.service.subject import Subject

_MAX_AREA = 3  # of an expanded image, in multiples of what it was
_EXPANSIONS = ("up", "down", "left", "right")


def prompt_or_shots(subject: Subject) -> Iterator[str]:
    """Check that there is a prompt; the shots of ``customize`` have their own."""
    if "prompt" not in subject.body and not _is_customized(subject):
        yield "parameter 'prompt' is required"


def multi_prompt(subject: Subject) -> Iterator[str]:
    """Check the list of shots; without ``multi_shot`` it is ignored."""
    if not _is_customized(subject):
        return
    try:
        found = listed_shots(subject.body["multi_prompt"])
    except MalformedShotsError as error:
        yield f"parameter 'multi_prompt': {error}"
        return
    for problem in shot_problems(found, total=int(subject.field("duration"))):
        yield f"parameter 'multi_prompt': {problem}"


def _is_customized(subject: Subject) -> bool:
    return bool(subject.field("multi_shot")) and subject.field("shot_type") == "customize"


def camera(subject: Subject) -> Iterator[str]:
    """Check the camera: ``config`` goes with ``simple``, and moves along one axis (docs: image2video)."""
    control = subject.body.get("camera_control")
    if control is None:
        return
    config = control.get("config")
    if control["type"] != "simple":
        if config is not None:
            yield "parameter 'camera_control.config' must be omitted unless 'type' is 'simple'"
    elif config is None:
        yield "parameter 'camera_control.config' is required when 'type' is 'simple'"
    elif sum(value != 0 for value in config.values()) != 1:
        yield "parameter 'camera_control.config' must have exactly one value other than 0"


def exclusive_groups(subject: Subject) -> Iterator[str]:
    """Check that frames, masks and camera are not combined (docs: image2video)."""
    groups = [
        "image_tail" in subject.body,
        bool({"static_mask", "dynamic_masks"} & subject.body.keys()),
        "camera_control" in subject.body,
    ]
    if sum(groups) > 1:
        yield "parameters 'image_tail', masks and 'camera_control' exclude each other"


def legacy_omni(subject: Subject) -> Iterator[str]:
    """Check what may be combined in a legacy omni video (docs: omni-video; 3.0 model specification)."""
    images = subject.body.get("image_list", ())
    types = [image.get("type") for image in images]
    video = next(iter(subject.body.get("video_list", ())), None)
    refers = None if video is None else video.get("refer_type", "base")
    elements = len(subject.body.get("element_list", ()))
    limit = 7 if video is None else 4
    if len(images) + elements > limit:
        yield f"parameter 'image_list' may have at most {limit} images, with 'element_list', got more"
    yield from _frame_problems(types)
    if refers == "base" and {"first_frame", "end_frame"} & set(types):
        yield "parameter 'video_list': a base video goes with no frame"
    if subject.field("sound") == "on" and video is not None:
        yield "sound on is not supported with video input"
    if "aspect_ratio" not in subject.body and "first_frame" not in types and refers != "base":
        yield "parameter 'aspect_ratio' is required without a first frame or a base video"
    if subject.model.name == "kling-video-o1":
        yield from _omni_o1(subject, types, with_video=video is not None)


def _frame_problems(types: list[str | None]) -> Iterator[str]:
    for frame in ("first_frame", "end_frame"):
        if types.count(frame) > 1:
            yield f"parameter 'image_list' may have one '{frame}'"
    if "end_frame" in types:
        if "first_frame" not in types:
            yield "parameter 'image_list': an 'end_frame' needs a 'first_frame'"
        if len(types) > 2:
            yield "parameter 'image_list': an 'end_frame' goes with at most 2 images"


def _omni_o1(subject: Subject, types: list[str | None], *, with_video: bool) -> Iterator[str]:
    alone = types == ["first_frame"] or not types
    if alone and not with_video and subject.field("duration") not in ("5", "10"):
        yield "parameter 'duration' must be one of '5', '10' for text or a first frame alone"
    for entry in subject.body.get("element_list", ()):
        element = subject.holdings.library.element(entry["element_id"])
        if element is not None and element.kind is ElementKind.VIDEO:
            yield "parameter 'element_list': this model takes multi-image elements only"


def series_amount(subject: Subject) -> Iterator[str]:
    """Check the number of images of a series: 2 to 9, or ``auto``."""
    amount = subject.body.get("series_amount", 4)
    if amount != "auto" and (isinstance(amount, bool) or not isinstance(amount, int) or not 2 <= amount <= 9):
        yield "parameter 'series_amount' must be between 2 and 9, or 'auto'"


def expansion_area(subject: Subject) -> Iterator[str]:
    """Check that the new image has at most three times the area."""
    up, down, left, right = (subject.body[f"{side}_expansion_ratio"] for side in _EXPANSIONS)
    if (area := (1 + up + down) * (1 + left + right)) > _MAX_AREA:
        yield f"the expanded image may have at most {_MAX_AREA} times the area, got {area:g}"

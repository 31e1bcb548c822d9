"""Reads a checked body of the new standard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from airflow_provider_kling.sandbox.kling.service.endpoint import Endpoint
from airflow_provider_kling.sandbox.kling.service.generation_request import EXTRA_S, GenerationRequest
from airflow_provider_kling.sandbox.kling.service.inputs import new_inputs
from airflow_provider_kling.sandbox.kling.service.price import Variant
from airflow_provider_kling.sandbox.kling.service.shots import parse_shots
from airflow_provider_kling.sandbox.kling.service.subject import Holdings, Subject
from airflow_provider_kling.sandbox.render.render_spec import AudioSource, MediaKind, VideoSpec

_SOURCES: Final = {
    "native": AudioSource.TONE,
    "original": AudioSource.SOURCE_VIDEO,
    "off": AudioSource.NONE,
}
# A character that follows an image moves for a shorter time (docs: motion-control).
_MAX_MOTION_S: Final = {"image": 10, "video": 30}


def read_new(endpoint: Endpoint, body: Mapping[str, Any], *, holdings: Holdings) -> GenerationRequest:
    """Return what a body asks for. A video that has a source is as long as that (inferred)."""
    subject = Subject(endpoint=endpoint, body=body, holdings=holdings)
    inputs = tuple(new_inputs(list(body.get("contents", ()))))
    has_video = any(reference.kind is MediaKind.VIDEO for reference in inputs)
    word = "native" if endpoint.audio_always else subject.setting("audio")
    seconds = None if has_video else subject.setting("duration")
    resolution = subject.setting("resolution")
    audio = _SOURCES.get(str(word), AudioSource.NONE)
    spec = VideoSpec(
        label=endpoint.path.rpartition("/")[2],
        prompt=subject.prompt,
        inputs=inputs,
        resolution=resolution,
        aspect_ratio=None if inputs else subject.setting("aspect_ratio"),
        seconds=None if seconds is None else seconds + EXTRA_S,
        audio=audio,
        multi_shot=len(parse_shots(subject.prompt)) > 1 and subject.setting("multi_shot") is not False,
        ends_with_last_image=bool(subject.contents("last_frame")),
    )
    return GenerationRequest(
        endpoint=endpoint,
        model=endpoint.model_of(body),
        body=body,
        spec=spec,
        resolution=resolution,
        variant=_variant(subject, audio=audio, has_video=has_video),
        media_limits=_limits(subject),
        works={},
        seconds=seconds,
    )


def _variant(subject: Subject, *, audio: AudioSource, has_video: bool) -> Variant:
    if has_video:
        return Variant.VIDEO_INPUT
    if audio is not AudioSource.TONE:
        return Variant.PLAIN
    return Variant.VOICE if subject.contents("voice") else Variant.AUDIO


def _limits(subject: Subject) -> Mapping[str, Mapping[str, Any]]:
    limits = subject.endpoint.media_limits
    orientation = subject.body.get("settings", {}).get("character_orientation")
    return motion_limits(limits, orientation, has_element=bool(subject.contents("element")))


def motion_limits(
    limits: Mapping[str, Mapping[str, Any]], orientation: str | None, *, has_element: bool
) -> Mapping[str, Mapping[str, Any]]:
    """Return the bounds of the input files, where they depend on the orientation of a character.

    :param has_element: an element always follows the video (docs: motion-control).
    """
    if orientation is None:
        return limits
    if has_element:
        orientation = "video"
    return {**limits, "video": {**limits["video"], "max_seconds": _MAX_MOTION_S[orientation]}}

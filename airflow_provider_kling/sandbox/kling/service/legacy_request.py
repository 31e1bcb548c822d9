"""Reads a checked body of the legacy standard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from airflow_provider_kling.sandbox.kling.service.endpoint import Endpoint, Makes
from airflow_provider_kling.sandbox.kling.service.generation_request import (
    EXTRA_S,
    GenerationRequest,
    ParentVideo,
)
from airflow_provider_kling.sandbox.kling.service.inputs import legacy_inputs
from airflow_provider_kling.sandbox.kling.service.new_request import motion_limits
from airflow_provider_kling.sandbox.kling.service.price import Variant
from airflow_provider_kling.sandbox.kling.service.sessions import SourceVideo
from airflow_provider_kling.sandbox.kling.service.subject import Holdings, Subject
from airflow_provider_kling.sandbox.kling.service.works import Work
from airflow_provider_kling.sandbox.render.render_spec import (
    AudioSource,
    AudioSpec,
    Expansion,
    ImageOperation,
    ImageSpec,
    MediaKind,
    MediaReference,
    RenderSpec,
    VideoSpec,
)

_RESOLUTIONS: Final = {"std": "720p", "pro": "1080p", "4k": "4k"}
_EXTENSION_S: Final = 4.5  # an extension adds 4 to 5 seconds (docs: video-extend)
_VIEWS: Final = 3  # of ai-multi-shot
_AUTO_SERIES: Final = 4  # how many images "auto" makes here
_SESSION: Final = "session_id"
_SPOKEN_S: Final = 3.0  # of the sample of a voice


@dataclass(frozen=True, kw_only=True)
class _Inputs:
    """The files of a request: those that it brings, and those that it names by id."""

    references: tuple[MediaReference, ...]
    works: Mapping[str, Work]
    source: SourceVideo | None

    def has(self, kind: MediaKind) -> bool:
        return any(reference.kind is kind for reference in self.references)


def read_legacy(endpoint: Endpoint, body: Mapping[str, Any], *, holdings: Holdings) -> GenerationRequest:
    """Return what a body asks for."""
    subject = Subject(endpoint=endpoint, body=body, holdings=holdings)
    inputs = _inputs(subject)
    match endpoint.makes:
        case Makes.IMAGE:
            return _image(subject, inputs)
        case Makes.VIDEO:
            return _video(subject, inputs)
        case Makes.AUDIO:
            return _audio_request(subject, inputs)
        case _:
            return _entry(subject, inputs)


def _inputs(subject: Subject) -> _Inputs:
    references = list(legacy_inputs(subject.endpoint.schema, subject.body))
    # The last frame is used last, wherever the request has it.
    references.sort(key=lambda reference: _is_last_frame(subject, reference))
    works: dict[str, Work] = {}
    holders = [("", subject.body), ("input.", subject.body.get("input", {}))]
    holders += [("face_choose[0].", face) for face in subject.body.get("face_choose", ())]
    for prefix, holder in holders:
        for field, makes, kind in (
            ("video_id", Makes.VIDEO, MediaKind.VIDEO),
            ("audio_id", Makes.AUDIO, MediaKind.AUDIO),
        ):
            work = subject.holdings.works.find(str(holder.get(field)), makes)
            if work is not None:
                works[prefix + field] = work
                references.append(MediaReference(name=prefix + field, kind=kind, text=""))
    source = None
    if _SESSION in subject.body:
        with_faces = "face_choose" in subject.body
        session = subject.holdings.sessions.find(subject.body[_SESSION], with_faces=with_faces)
        source = None if session is None else session.video
        references.append(MediaReference(name=_SESSION, kind=MediaKind.VIDEO, text=""))
    return _Inputs(references=tuple(references), works=works, source=source)


def _is_last_frame(subject: Subject, reference: MediaReference) -> bool:
    if reference.name == "image_tail":
        return True
    images = subject.body.get("image_list", ())
    return any(
        reference.name == f"image_list[{index}].image_url" and image.get("type") == "end_frame"
        for index, image in enumerate(images)
    )


def _request(subject: Subject, inputs: _Inputs, spec: RenderSpec, **more: Any) -> GenerationRequest:
    orientation = subject.body.get("character_orientation")
    return GenerationRequest(
        endpoint=subject.endpoint,
        model=subject.model,
        body=subject.body,
        spec=spec,
        media_limits=motion_limits(
            subject.endpoint.media_limits, orientation, has_element="element_list" in subject.body
        ),
        works=inputs.works,
        source=inputs.source,
        **{"resolution": "", "variant": Variant.PLAIN, "parent": _parent(inputs), **more},
    )


def _parent(inputs: _Inputs) -> ParentVideo | None:
    if inputs.source is not None:
        return ParentVideo.of_source(inputs.source)
    work = next((work for work in inputs.works.values() if work.makes is Makes.VIDEO), None)
    if work is not None:
        return ParentVideo(
            video_id=work.work_id, url=work.file_name, seconds=work.seconds, expires_at=work.expires_at
        )
    return None


def _video(subject: Subject, inputs: _Inputs) -> GenerationRequest:
    has_source = inputs.has(MediaKind.VIDEO)
    seconds = _seconds(subject, has_source=has_source or inputs.has(MediaKind.AUDIO))
    extended = inputs.works.get("video_id") if "extendable" in subject.endpoint.rules else None
    resolution = _RESOLUTIONS[str(subject.field("mode") or "std")]
    rendered: float | None = None if seconds is None else seconds + EXTRA_S
    if extended is not None:
        resolution, rendered = extended.resolution, extended.seconds + _EXTENSION_S
    audio = _audio(subject, inputs)
    ratio = subject.body.get("aspect_ratio", None if inputs.references else subject.field("aspect_ratio"))
    spec = VideoSpec(
        label=subject.body.get("model_name", subject.endpoint.product),
        prompt=_text(subject),
        inputs=inputs.references,
        resolution=resolution,
        aspect_ratio=ratio or (None if inputs.references else "16:9"),
        seconds=rendered,
        audio=audio,
        multi_shot=bool(subject.field("multi_shot")),
        ends_with_last_image=any(_is_last_frame(subject, each) for each in inputs.references),
    )
    variant = Variant.PLAIN
    if audio is AudioSource.TONE:
        variant = Variant.VOICE if "voice_list" in subject.body else Variant.AUDIO
    if has_source:
        variant = Variant.VIDEO_INPUT
    return _request(
        subject, inputs, spec, resolution=resolution, variant=variant, seconds=None if extended else seconds
    )


def _seconds(subject: Subject, *, has_source: bool) -> float | None:
    """Return the length that is asked for; None: as long as the source."""
    asked = subject.field("duration")
    if asked is None:
        return None if has_source else 5.0
    is_edited = any(video.get("refer_type", "base") == "base" for video in subject.body.get("video_list", ()))
    if is_edited or (has_source and "duration" not in subject.body):
        return None
    return float(asked)


def _audio(subject: Subject, inputs: _Inputs) -> AudioSource:
    if inputs.has(MediaKind.AUDIO):
        return AudioSource.AUDIO_FILE
    keeps = [subject.field("keep_original_sound")]
    keeps += [video.get("keep_original_sound", "yes") for video in subject.body.get("video_list", ())]
    if "yes" in keeps:
        return AudioSource.SOURCE_VIDEO
    spoken = subject.body.get("input", {}).get("mode") == "text2video"
    return AudioSource.TONE if spoken or subject.field("sound") == "on" else AudioSource.NONE


def _text(subject: Subject) -> str:
    """Return what a result shows: the prompt, those of the shots, or the name of an effect."""
    body = subject.body
    shots = [shot["prompt"] for shot in body.get("multi_prompt", ())]
    spoken = body.get("input", {}).get("text")
    named = body.get("effect_scene") or spoken or body.get("element_description")
    return str(body.get("prompt") or " ".join(shots) or named or "")


def _image(subject: Subject, inputs: _Inputs) -> GenerationRequest:
    endpoint, body = subject.endpoint, subject.body
    count = int(subject.field("n") or 1)
    if body.get("result_type") == "series":
        amount = subject.field("series_amount")
        count = _AUTO_SERIES if amount == "auto" else int(amount)
    if endpoint.result == "three views":
        count = _VIEWS
    resolution = str(subject.field("resolution") or "1k")
    ratio = subject.field("aspect_ratio")
    expansion = None
    if endpoint.operation is ImageOperation.EXPAND:
        sides = {side: float(body[f"{side}_expansion_ratio"]) for side in ("left", "up", "right", "down")}
        expansion = Expansion(**sides)
    spec = ImageSpec(
        label=body.get("model_name", endpoint.product),
        prompt=_text(subject),
        inputs=inputs.references,
        resolution=resolution,
        aspect_ratio=None if ratio == "auto" or expansion is not None else ratio,
        count=count,
        operation=endpoint.operation,
        expansion=expansion,
    )
    slots = 1 if endpoint.result == "three views" else count
    variant = Variant.IMAGE_INPUT if inputs.references else Variant.PLAIN
    return _request(subject, inputs, spec, resolution=resolution, variant=variant, images=slots)


def _audio_request(subject: Subject, inputs: _Inputs) -> GenerationRequest:
    asked = subject.body.get("duration")
    prompt = " ".join(
        str(subject.body[name])
        for name in ("prompt", "sound_effect_prompt", "bgm_prompt")
        if name in subject.body
    )
    if asked is not None:
        spec: RenderSpec = AudioSpec(label=subject.endpoint.product, prompt=prompt, seconds=float(asked))
    else:
        spec = VideoSpec(
            label=subject.endpoint.product,
            prompt=prompt,
            inputs=inputs.references,
            resolution="720p",
            aspect_ratio=None,
            seconds=None,
            audio=AudioSource.TONE,
        )
    return _request(subject, inputs, spec)


def _entry(subject: Subject, inputs: _Inputs) -> GenerationRequest:
    """Return the sample of a voice, or the pictures of an element."""
    if subject.endpoint.makes is Makes.VOICE:
        name = str(subject.body["voice_name"])
        return _request(
            subject,
            inputs,
            AudioSpec(
                label=subject.endpoint.product, prompt=name, inputs=inputs.references, seconds=_SPOKEN_S
            ),
        )
    if inputs.has(MediaKind.VIDEO):
        return _video(subject, inputs)
    spec = ImageSpec(
        label=subject.endpoint.product,
        prompt=_text(subject),
        inputs=inputs.references,
        resolution="1k",
        aspect_ratio=None,
        count=len(inputs.references),
    )
    return _request(subject, inputs, spec)

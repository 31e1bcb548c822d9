"""Parses an accepted request body into a render spec. Field names are those of every API version."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from airflow_provider_kling.sandbox.modellix.service.catalogue import Model, Offer
from airflow_provider_kling.sandbox.modellix.service.prices import RESOLUTION_OF_MODE
from airflow_provider_kling.sandbox.render.image.sizes import ASPECT_RATIOS as IMAGE_ASPECT_RATIOS
from airflow_provider_kling.sandbox.render.image.sizes import IMAGE_SIDES
from airflow_provider_kling.sandbox.render.render_spec import (
    AudioSource,
    Expansion,
    ImageOperation,
    ImageSpec,
    MediaKind,
    MediaReference,
    PictureSpec,
    VideoSpec,
)
from airflow_provider_kling.sandbox.render.video.yuv_frame import ASPECT_RATIOS as VIDEO_ASPECT_RATIOS
from airflow_provider_kling.sandbox.render.video.yuv_frame import FRAME_SIZES

# By the kind of the model; the other kinds generate.
_OPERATIONS: Final = {
    "image expansion": ImageOperation.EXPAND,
    "image recognition": ImageOperation.SEGMENT,
    "virtual try-on": ImageOperation.TRY_ON,
}
_AUDIO_SOURCES: Final = {
    "on": AudioSource.TONE,
    "native": AudioSource.TONE,
    "original": AudioSource.SOURCE_VIDEO,
    "off": AudioSource.NONE,
}
_MAX_SECONDS: Final = 15  # the longest documented duration
_MAX_IMAGES: Final = 9  # the highest documented number
_AUTO: Final = "auto"
_MASK: Final = "mask"
_LAST_FRAME: Final = "last_frame"


def parse_spec(model: Model, offer: Offer, body: Mapping[str, Any]) -> PictureSpec:
    """Return what to render for an accepted body.

    A field that is absent has the default of the schema, or else the assumed default of the fact file. So
    has a field without a usable value, which is possible where the rules are not enforced.
    """
    fields = _Fields(offer, body)
    return _video_spec(model, fields) if model.makes_video else _image_spec(model, fields)


class _Fields:
    """The fields of a body that its model has; all fields, where the rules are not enforced."""

    def __init__(self, offer: Offer, body: Mapping[str, Any]) -> None:
        self._properties = offer.schema["properties"]
        self._assumed = offer.assumed
        self.given = {
            name: value for name, value in body.items() if name in self._properties or not offer.enforced
        }

    def documented(self, name: str, usable: Callable[[Any], bool]) -> Any:
        """Return a usable value of a field, or its default in the schema; None if there is neither."""
        default = self._properties.get(name, {}).get("default")
        return next((value for value in (self.given.get(name), default) if usable(value)), None)

    def value(self, name: str, usable: Callable[[Any], bool]) -> Any:
        """Return the value of a field, or its documented or assumed default; None if there is none."""
        found = self.documented(name, usable)
        return self._assumed.get(name) if found is None else found

    def choice(self, name: str, choices: Mapping[str, Any]) -> Any:
        """Return the value of a field that is one of some words."""
        return self.value(name, lambda value: isinstance(value, str) and value in choices)

    def aspect_ratio(self, choices: Mapping[str, Any]) -> str | None:
        """Return the aspect ratio; None: the same as the first input."""
        found = self.choice("aspect_ratio", {**choices, _AUTO: None})
        return None if found == _AUTO else found

    def text(self, *names: str) -> str:
        """Return the first of some fields that is a string."""
        return next((self.given[name] for name in names if isinstance(self.given.get(name), str)), "")

    def inputs(self) -> Iterator[MediaReference]:
        """Yield the input files in the order of the schema, without masks."""
        for name, field in self._properties.items():
            annotated = field.get("items", field)
            if "x-media" not in annotated or annotated.get("x-role") == _MASK:
                continue
            kind = MediaKind(annotated["x-media"])
            match self.given.get(name):
                case str(text) if text:
                    yield MediaReference(name=name, kind=kind, text=text)
                case list(texts):
                    for index, text in enumerate(texts):
                        if isinstance(text, str) and text:
                            yield MediaReference(name=f"{name}[{index}]", kind=kind, text=text)

    def role(self, name: str) -> str | None:
        """Return the annotated role of a file."""
        role: str | None = self._properties.get(name, {}).get("x-role")
        return role


def _video_spec(model: Model, fields: _Fields) -> VideoSpec:
    inputs = tuple(fields.inputs())
    kinds = {reference.kind for reference in inputs}
    resolution = fields.choice("resolution", FRAME_SIZES)
    seconds = fields.documented("duration", lambda value: _is_count(value) and value <= _MAX_SECONDS)
    if seconds is None and not kinds & {MediaKind.VIDEO, MediaKind.AUDIO}:
        seconds = fields.value("duration", lambda _: False)
    return VideoSpec(
        label=model.slug,
        prompt=fields.text("prompt", "effect_scene"),
        resolution=resolution or RESOLUTION_OF_MODE[fields.choice("mode", RESOLUTION_OF_MODE)],
        aspect_ratio=fields.aspect_ratio(VIDEO_ASPECT_RATIOS),
        inputs=inputs,
        seconds=seconds,
        audio=_audio_source(fields, kinds),
        multi_shot=bool(fields.value("multi_shot", lambda value: isinstance(value, bool))),
        ends_with_last_image=any(fields.role(reference.name) == _LAST_FRAME for reference in inputs),
    )


def _audio_source(fields: _Fields, kinds: set[MediaKind]) -> AudioSource:
    if MediaKind.AUDIO in kinds:
        return AudioSource.AUDIO_FILE
    if "audio_id" in fields.given:
        return AudioSource.TONE
    word = fields.choice("sound", _AUDIO_SOURCES) or fields.choice("audio", _AUDIO_SOURCES)
    return _AUDIO_SOURCES.get(word, AudioSource.NONE)


def _image_spec(model: Model, fields: _Fields) -> ImageSpec:
    series = fields.given.get("result_type") == "series"
    count = (fields.value("series_amount", _is_count) if series else None) or fields.value("n", _is_count)
    operation = _OPERATIONS.get(model.kind, ImageOperation.GENERATE)
    return ImageSpec(
        label=model.slug,
        prompt=fields.text("prompt"),
        resolution=fields.choice("resolution", IMAGE_SIDES),
        aspect_ratio=fields.aspect_ratio(IMAGE_ASPECT_RATIOS),
        inputs=tuple(reference for reference in fields.inputs() if reference.kind is MediaKind.IMAGE),
        count=min(_MAX_IMAGES, count),
        operation=operation,
        expansion=_expansion(fields) if operation is ImageOperation.EXPAND else None,
    )


def _expansion(fields: _Fields) -> Expansion:
    def ratio(side: str) -> float:
        return float(fields.given[f"{side}_expansion_ratio"])

    return Expansion(left=ratio("left"), up=ratio("up"), right=ratio("right"), down=ratio("down"))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1

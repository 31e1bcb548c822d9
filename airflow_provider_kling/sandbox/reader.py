"""Reads an accepted body as an order, by the names that fields have in every contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from airflow_provider_kling.sandbox.contract.catalogue import Model, Offer
from airflow_provider_kling.sandbox.order import (
    ClipOrder,
    Craft,
    Growth,
    Input,
    Medium,
    Order,
    PictureOrder,
    Sound,
)
from airflow_provider_kling.sandbox.picture.frame import IMAGE_SIDES, RATIOS
from airflow_provider_kling.sandbox.video.planes import FRAME_RATIOS, FRAME_SIZES

# In the order of their place in the result: what is first gives the first frame, the tail is the last one.
_MEDIA: Final[Mapping[str, Medium]] = {
    "image": Medium.IMAGE,
    "images": Medium.IMAGE,
    "subject_images": Medium.IMAGE,
    "scene_image": Medium.IMAGE,
    "style_image": Medium.IMAGE,
    "human_image": Medium.IMAGE,
    "cloth_image": Medium.IMAGE,
    "image_tail": Medium.IMAGE,
    "videos": Medium.VIDEO,
    "sound_file": Medium.SOUND,
}
_RESOLUTION_OF_MODE: Final = {"std": "720p", "pro": "1080p"}
_SOUNDS: Final = {
    "on": Sound.TONE,
    "native": Sound.TONE,
    "original": Sound.ORIGINAL,
    "off": Sound.SILENT,
}
_LONGEST_S: Final = 15  # the longest documented duration
_MOST_IMAGES: Final = 9  # the highest documented number
_AUTO: Final = "auto"


def read_order(model: Model, offer: Offer, body: Mapping[str, Any]) -> Order:
    """Read a body that was accepted.

    What it leaves out, or what makes no sense where nothing is enforced, is the schema's default, else what
    the contract assumes.
    """
    fields = _Fields(offer, body)
    return _clip(model, fields) if model.makes_clips else _pictures(model, fields)


class _Fields:
    """The fields of a body that its model has; all of them, where that is not enforced."""

    def __init__(self, offer: Offer, body: Mapping[str, Any]) -> None:
        self._properties = offer.schema["properties"]
        self._assumed = offer.assumed
        self.given = {
            name: value for name, value in body.items() if name in self._properties or not offer.enforced
        }

    def documented(self, name: str, sensible: Callable[[Any], bool]) -> Any:
        """Return a sensible value of a field, or its default by the schema; None if there is neither."""
        default = self._properties.get(name, {}).get("default")
        return next((value for value in (self.given.get(name), default) if sensible(value)), None)

    def value(self, name: str, sensible: Callable[[Any], bool]) -> Any:
        """Return a field's value, at the least what the contract assumes; None if it has no such field."""
        found = self.documented(name, sensible)
        return self._assumed.get(name) if found is None else found

    def choice(self, name: str, among: Mapping[str, Any]) -> Any:
        """Return a field's value, which is one of some words."""
        return self.value(name, lambda value: isinstance(value, str) and value in among)

    def shape(self, among: Mapping[str, Any]) -> str | None:
        """Return the aspect ratio, or None to follow the input."""
        found = self.choice("aspect_ratio", {**among, _AUTO: None})
        return None if found == _AUTO else found

    def words(self, *names: str) -> str:
        """Return the first of some fields that is a text."""
        return next((self.given[name] for name in names if isinstance(self.given.get(name), str)), "")

    def inputs(self) -> Iterator[Input]:
        """Yield the media, whichever way they are given."""
        for name, medium in _MEDIA.items():
            match self.given.get(name):
                case str(text) if text:
                    yield Input(name=name, medium=medium, text=text)
                case list(texts):
                    for index, text in enumerate(texts):
                        if isinstance(text, str) and text:
                            yield Input(name=f"{name}[{index}]", medium=medium, text=text)


def _clip(model: Model, fields: _Fields) -> ClipOrder:
    inputs = tuple(fields.inputs())
    brought = {entry.medium for entry in inputs}
    resolution = fields.choice("resolution", FRAME_SIZES)
    seconds = fields.documented("duration", lambda value: _countable(value) and value <= _LONGEST_S)
    if seconds is None and not brought & {Medium.VIDEO, Medium.SOUND}:
        seconds = fields.value("duration", lambda _: False)
    return ClipOrder(
        label=model.slug,
        prompt=fields.words("prompt", "effect_scene"),
        resolution=resolution or _RESOLUTION_OF_MODE[fields.choice("mode", _RESOLUTION_OF_MODE)],
        aspect_ratio=fields.shape(FRAME_RATIOS),
        inputs=inputs,
        seconds=seconds,
        sound=_sound(fields, brought),
        multi_shot=bool(fields.value("multi_shot", lambda value: isinstance(value, bool))),
        tail=any(entry.name == "image_tail" for entry in inputs),
    )


def _sound(fields: _Fields, brought: set[Medium]) -> Sound:
    if Medium.SOUND in brought:
        return Sound.GIVEN
    if "audio_id" in fields.given:
        return Sound.TONE
    word = fields.choice("sound", _SOUNDS) or fields.choice("audio", _SOUNDS)
    return _SOUNDS.get(word, Sound.SILENT)


def _pictures(model: Model, fields: _Fields) -> PictureOrder:
    series = fields.given.get("result_type") == "series"
    count = (fields.value("series_amount", _countable) if series else None) or fields.value("n", _countable)
    craft = Craft(model.craft)
    return PictureOrder(
        label=model.slug,
        prompt=fields.words("prompt"),
        resolution=fields.choice("resolution", IMAGE_SIDES),
        aspect_ratio=fields.shape(RATIOS),
        inputs=tuple(entry for entry in fields.inputs() if entry.medium is Medium.IMAGE),
        count=min(_MOST_IMAGES, count),
        craft=craft,
        growth=_growth(fields) if craft is Craft.EXPANSION else None,
    )


def _growth(fields: _Fields) -> Growth:
    def ratio(side: str) -> float:
        return float(fields.given[f"{side}_expansion_ratio"])

    return Growth(left=ratio("left"), up=ratio("up"), right=ratio("right"), down=ratio("down"))


def _countable(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1

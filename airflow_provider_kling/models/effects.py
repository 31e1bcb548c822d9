"""Ready-made effects on pictures of one person or two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from airflow_provider_kling.exceptions import BrokenRule
from airflow_provider_kling.models.base import KlingRequest
from airflow_provider_kling.models.fields import FiveOrTen, Media
from airflow_provider_kling.models.rules import exactly_one

# All four effects for two people, and the three for one that the page shows (docs: kling-video-effects; its
# full list was never seen).
_FOR_TWO = ("cheers_2026", "fight_pro", "hug_pro", "heart_gesture_pro")
_FOR_ONE = ("pet_lion_pro", "cute_dance", "bullet_time")


class VideoEffectsRequest(KlingRequest):
    """A clip made by an effect template, with ``kling-video-effects``.

    :param effect_scene: the template's name, such as ``cute_dance``.
    :param image: the picture for an effect for one, a public URL or Base64.
    :param images: the left and the right person for one of the four effects for two: ``cheers_2026``,
        ``fight_pro``, ``hug_pro``, ``heart_gesture_pro``.
    :param duration: length in seconds, 5 or 10; which one, depends on the effect.
    """

    single_slug: ClassVar[str] = "kling-video-effects"

    effect_scene: Annotated[str, Field(min_length=1)]
    image: Media | None = None
    images: Annotated[list[Media], Field(min_length=2, max_length=2)] | None = None
    duration: FiveOrTen | None = None

    @classmethod
    def conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        """Yield what the fields break together."""
        effect = given.get("effect_scene")
        if effect in _FOR_TWO:
            yield from _wants(given, wanted="images", unwanted="image", of="an effect for two")
        elif effect in _FOR_ONE:
            yield from _wants(given, wanted="image", unwanted="images", of="an effect for one")
        else:
            yield from exactly_one(given, "image", "images")


def _wants(given: Mapping[str, Any], *, wanted: str, unwanted: str, of: str) -> Iterator[BrokenRule]:
    effect = f"{given['effect_scene']}, {of}"
    if wanted not in given:
        involved = frozenset({"effect_scene", wanted})
        yield BrokenRule(field=wanted, rule=f"is required for {effect}", involves=involved)
    if unwanted in given:
        yield BrokenRule(
            field=unwanted,
            rule=f"must be left out for {effect}",
            value=given[unwanted],
            involves=frozenset({"effect_scene", unwanted}),
        )

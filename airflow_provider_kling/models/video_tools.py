"""Videos of one purpose: a portrait that speaks, and ready-made effects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from airflow_provider_kling.exceptions import BrokenRule
from airflow_provider_kling.models import fields
from airflow_provider_kling.models.request import KlingRequest


class AvatarRequest(KlingRequest, default_model="kling-avatar"):
    """A video in which a portrait speaks. It is as long as the audio, and the price grows with it.

    :param image: the portrait, a public URL or Base64.
    :param audio_id: audio made by Kling's speech service, at most 30 days old and 2 to 300 s long. The
        service offers no way to make it.
    :param sound_file: audio, a public URL or Base64: mp3, wav, m4a or aac, at most 5 MB, 2 to 300 s long.
        Exactly one of ``audio_id`` and ``sound_file`` is required.
    :param prompt: how to move, 1 to 2500 characters.
    :param mode: ``std`` (default) or ``pro``, which costs about twice as much.
    """

    image: fields.Image
    audio_id: str | None = None
    sound_file: fields.Audio | None = None
    prompt: fields.Prompt | None = None
    mode: fields.Mode = "std"

    @classmethod
    def _conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        yield from fields.exactly_one(given, "sound_file", "audio_id")


# All four effects for two people, and the three for one that the page shows (docs: kling-video-effects; its
# full list was never seen).
_FOR_TWO = ("cheers_2026", "fight_pro", "hug_pro", "heart_gesture_pro")
_FOR_ONE = ("pet_lion_pro", "cute_dance", "bullet_time")


class VideoEffectsRequest(KlingRequest, default_model="kling-video-effects"):
    """A video made by an effect template. The price is for a request (inferred).

    :param effect_scene: the name of the template, such as ``cute_dance``.
    :param image: the image for an effect for one person, a public URL or Base64.
    :param images: the left and the right person for one of the four effects for two: ``cheers_2026``,
        ``fight_pro``, ``hug_pro``, ``heart_gesture_pro``.
    :param duration: length in seconds, 5 or 10; which of them, depends on the effect.
    """

    effect_scene: fields.Id
    image: fields.Image | None = None
    images: Annotated[list[fields.Image], Field(min_length=2, max_length=2)] | None = None
    duration: fields.FiveOrTen | None = None

    @classmethod
    def _conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        effect = given.get("effect_scene")
        if effect in _FOR_TWO:
            wanted, unwanted, people = "images", "image", "two"
        elif effect in _FOR_ONE:
            wanted, unwanted, people = "image", "images", "one"
        else:
            yield from fields.exactly_one(given, "image", "images")
            return
        if wanted not in given:
            rule = f"is required for {effect}, an effect for {people}"
            yield fields.broken(given, wanted, rule, "effect_scene")
        if unwanted in given:
            rule = f"must be left out for {effect}, an effect for {people}"
            yield fields.broken(given, unwanted, rule, "effect_scene")

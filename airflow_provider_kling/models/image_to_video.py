"""Clips that begin with a picture, in the fields of the service's documents up to July 2026."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from airflow_provider_kling.exceptions import BrokenRule
from airflow_provider_kling.models.base import KlingRequest
from airflow_provider_kling.models.fields import (
    AspectRatio,
    FiveOrTen,
    Media,
    Mode,
    OnOff,
    Prompt,
    ThreeToFifteen,
    UnitInterval,
)
from airflow_provider_kling.models.rules import exclusive


class ImageToVideoRequest(KlingRequest):
    """A clip from its first frame, in one quality: the V2 and V2.1 master models.

    :param image: the first frame, a public URL or Base64.
    :param prompt: what should happen, 1 to 2500 characters.
    :param negative_prompt: what should not, 1 to 2500 characters.
    :param duration: length in seconds, 5 (default) or 10. Price grows with it.
    """

    image: Media
    prompt: Prompt | None = None
    negative_prompt: Prompt | None = None
    duration: FiveOrTen = 5


class FramesToVideoRequest(ImageToVideoRequest):
    """A clip from its first and, where given, its last frame: V1.5, V2.1 and V2.5 turbo.

    :param image_tail: the last frame, a public URL or Base64.
    :param mode: ``std`` (default) or ``pro``, which costs more.
    """

    image_tail: Media | None = None
    mode: Mode = "std"


class V16ImageToVideoRequest(FramesToVideoRequest):
    """A clip from its first and, where given, its last frame, with ``kling-v1.6-i2v``.

    :param cfg_scale: how closely to follow the prompt, 0 to 1.
    """

    cfg_scale: UnitInterval | None = None


class V1ImageToVideoRequest(FramesToVideoRequest):
    """A clip from its first and last frame or with a motion brush, with ``kling-v1-i2v``.

    :param cfg_scale: how closely to follow the prompt, 0 to 1. Default 0.5.
    :param static_mask: what should not move, a public URL or Base64. Not with ``image_tail``.
    :param dynamic_masks: what should move and how, a list of dicts. Not with ``image_tail``.
    """

    cfg_scale: UnitInterval = 0.5
    static_mask: Media | None = None
    dynamic_masks: list[dict[str, Any]] | None = None

    @classmethod
    def conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        """Yield what the fields break together."""
        yield from exclusive(given, "image_tail", "static_mask")
        yield from exclusive(given, "image_tail", "dynamic_masks")


class V26ImageToVideoRequest(FramesToVideoRequest):
    """A clip from its first frame, with sound and voices, with ``kling-v2.6-i2v``.

    :param sound: ``on`` adds generated sound.
    :param voice_ids: 1 to 10 voices to speak with.
    :param static_mask: what should not move, a public URL or Base64. Not with ``image_tail``.
    """

    single_slug: ClassVar[str] = "kling-v2.6-i2v"

    sound: OnOff | None = None
    voice_ids: (
        Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1, max_length=10)] | None
    ) = None
    static_mask: Media | None = None

    @classmethod
    def conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        """Yield what the fields break together."""
        yield from exclusive(given, "image_tail", "static_mask")


class V3ImageToVideoRequest(KlingRequest):
    """A clip from its first frame with ``kling-v3-i2v``.

    :param image: the first frame, a public URL or Base64.
    :param prompt: what should happen, 1 to 2500 characters. Needed.
    :param negative_prompt: what should not, 1 to 2500 characters.
    :param sound: ``on`` adds generated sound. Default ``off``.
    :param cfg_scale: how closely to follow the prompt, 0 to 1.
    :param mode: ``std`` (default) or ``pro``, which costs more.
    :param aspect_ratio: ``16:9``, ``9:16`` or ``1:1``.
    :param duration: length in seconds, 3 to 15. Default 5. Price grows with it.
    """

    single_slug: ClassVar[str] = "kling-v3-i2v"

    image: Media
    prompt: Prompt
    negative_prompt: Prompt | None = None
    sound: OnOff = "off"
    cfg_scale: UnitInterval | None = None
    mode: Mode = "std"
    aspect_ratio: AspectRatio | None = None
    duration: ThreeToFifteen = 5


class MultiImageToVideoRequest(KlingRequest):
    """A clip in which what several pictures show comes together, with ``kling-v1.6-mi2v``.

    :param images: 1 to 4 pictures, each a public URL or Base64.
    :param prompt: what the clip should show, 1 to 2500 characters.
    :param negative_prompt: what it should not show, 1 to 2500 characters.
    :param mode: ``std`` (default) or ``pro``, which costs more.
    :param duration: length in seconds, 5 (default) or 10. Price grows with it.
    :param aspect_ratio: ``16:9`` (default), ``9:16`` or ``1:1``.
    """

    images: Annotated[list[Media], Field(min_length=1, max_length=4)]
    prompt: Prompt
    negative_prompt: Prompt | None = None
    mode: Mode = "std"
    duration: FiveOrTen = 5
    aspect_ratio: AspectRatio = "16:9"

"""Kling V1 to V2.6: videos from text, from an image, or from several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from airflow_provider_kling.exceptions import BrokenRule
from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.models import fields, rules
from airflow_provider_kling.models.annotations import Media
from airflow_provider_kling.models.base import KlingRequest


class V1TextToVideoRequest(KlingRequest):
    """A video from text, with camera movements: V1.

    :param prompt: what the video should show, 1 to 2500 characters.
    :param negative_prompt: what it should not show, 1 to 2500 characters.
    :param aspect_ratio: ``16:9`` (default), ``9:16`` or ``1:1``.
    :param duration: length in seconds, 5 (default) or 10. The price grows with it.
    :param mode: ``std`` (default) or ``pro``, which costs more.
    :param cfg_scale: how closely to follow the prompt, 0 to 1. Default 0.5.
    :param camera_control: a dict with ``type`` and ``config``; what these may hold is not documented.
    """

    default_model: ClassVar[str] = "kling-v1-t2v"

    prompt: fields.Prompt
    negative_prompt: fields.Prompt | None = None
    aspect_ratio: fields.AspectRatio = "16:9"
    duration: fields.FiveOrTen = 5
    mode: fields.Mode = "std"
    cfg_scale: fields.UnitInterval = 0.5
    camera_control: dict[str, Any] | None = None


class V16TextToVideoRequest(KlingRequest):
    """A video from text: V1.6.

    :param prompt: what the video should show, 1 to 2500 characters.
    :param negative_prompt: what it should not show, 1 to 2500 characters.
    :param aspect_ratio: ``16:9`` (default), ``9:16`` or ``1:1``.
    :param duration: length in seconds, 5 (default) or 10. The price grows with it.
    :param mode: ``std`` (default) or ``pro``, which costs more.
    :param cfg_scale: how closely to follow the prompt, 0 to 1. Default 0.5.
    """

    default_model: ClassVar[str] = "kling-v1.6-t2v"

    prompt: fields.Prompt
    negative_prompt: fields.Prompt | None = None
    aspect_ratio: fields.AspectRatio = "16:9"
    duration: fields.FiveOrTen = 5
    mode: fields.Mode = "std"
    cfg_scale: fields.UnitInterval = 0.5


class TextToVideoRequest(KlingRequest):
    """A video from text, in one quality: V2 Master and V2.1 Master.

    :param prompt: what the video should show, 1 to 2500 characters.
    :param negative_prompt: what it should not show, 1 to 2500 characters.
    :param aspect_ratio: ``16:9`` (default), ``9:16`` or ``1:1``.
    :param duration: length in seconds, 5 (default) or 10. The price grows with it.
    """

    prompt: fields.Prompt
    negative_prompt: fields.Prompt | None = None
    aspect_ratio: fields.AspectRatio = "16:9"
    duration: fields.FiveOrTen = 5


class V25TurboTextToVideoRequest(KlingRequest):
    """A video from text: V2.5 Turbo.

    :param prompt: what the video should show, 1 to 2500 characters.
    :param negative_prompt: what it should not show, 1 to 2500 characters.
    :param aspect_ratio: ``16:9`` (default), ``9:16`` or ``1:1``.
    :param duration: length in seconds, 5 (default) or 10. The price grows with it.
    :param mode: ``std`` (default) or ``pro``, which costs more.
    """

    default_model: ClassVar[str] = "kling-v2.5-turbo-t2v"

    prompt: fields.Prompt
    negative_prompt: fields.Prompt | None = None
    aspect_ratio: fields.AspectRatio = "16:9"
    duration: fields.FiveOrTen = 5
    mode: fields.Mode = "std"


class V26TextToVideoRequest(KlingRequest):
    """A video from text, with or without audio: V2.6.

    :param prompt: what the video should show, 1 to 2500 characters.
    :param negative_prompt: what it should not show, 1 to 2500 characters.
    :param aspect_ratio: ``16:9`` (default), ``9:16`` or ``1:1``.
    :param duration: length in seconds, 5 (default) or 10. The price grows with it.
    :param mode: ``std`` (default) or ``pro``, which costs more.
    :param sound: ``on`` (default) generates audio, ``off`` leaves the video silent.
    """

    default_model: ClassVar[str] = "kling-v2.6-t2v"

    prompt: fields.Prompt
    negative_prompt: fields.Prompt | None = None
    aspect_ratio: fields.AspectRatio = "16:9"
    duration: fields.FiveOrTen = 5
    mode: fields.Mode = "std"
    sound: fields.OnOff = "on"


class V1ImageToVideoRequest(KlingRequest):
    """A video from its first and last frame, or with a motion brush: V1.

    :param image: the first frame, a public URL or Base64.
    :param image_tail: the last frame, a public URL or Base64.
    :param prompt: what should happen, 1 to 2500 characters.
    :param negative_prompt: what should not happen, 1 to 2500 characters.
    :param duration: length in seconds, 5 (default) or 10. The price grows with it.
    :param mode: ``std`` (default) or ``pro``, which costs more.
    :param cfg_scale: how closely to follow the prompt, 0 to 1. Default 0.5.
    :param static_mask: an image that marks what should not move, a public URL or Base64. Not together with
        ``image_tail``.
    :param dynamic_masks: what should move and how: a list of dicts, each with an image in ``mask``. Not
        together with ``image_tail``.
    """

    default_model: ClassVar[str] = "kling-v1-i2v"

    image: fields.Image
    image_tail: fields.Image | None = None
    prompt: fields.Prompt | None = None
    negative_prompt: fields.Prompt | None = None
    duration: fields.FiveOrTen = 5
    mode: fields.Mode = "std"
    cfg_scale: fields.UnitInterval = 0.5
    static_mask: fields.Image | None = None
    dynamic_masks: list[Annotated[dict[str, Any], Media(MediaType.IMAGE)]] | None = None

    @classmethod
    def conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        """Yield the broken rules between fields."""
        yield from rules.exclusive(given, "image_tail", "static_mask")
        yield from rules.exclusive(given, "image_tail", "dynamic_masks")


class V16ImageToVideoRequest(KlingRequest):
    """A video from its first frame and, optionally, its last: V1.6.

    :param image: the first frame, a public URL or Base64.
    :param image_tail: the last frame, a public URL or Base64.
    :param prompt: what should happen, 1 to 2500 characters.
    :param negative_prompt: what should not happen, 1 to 2500 characters.
    :param duration: length in seconds, 5 (default) or 10. The price grows with it.
    :param mode: ``std`` (default) or ``pro``, which costs more.
    :param cfg_scale: how closely to follow the prompt, 0 to 1.
    """

    default_model: ClassVar[str] = "kling-v1.6-i2v"

    image: fields.Image
    image_tail: fields.Image | None = None
    prompt: fields.Prompt | None = None
    negative_prompt: fields.Prompt | None = None
    duration: fields.FiveOrTen = 5
    mode: fields.Mode = "std"
    cfg_scale: fields.UnitInterval | None = None


class ImageToVideoRequest(KlingRequest):
    """A video from its first frame, in one quality: V2 Master and V2.1 Master.

    :param image: the first frame, a public URL or Base64.
    :param prompt: what should happen, 1 to 2500 characters.
    :param negative_prompt: what should not happen, 1 to 2500 characters.
    :param duration: length in seconds, 5 (default) or 10. The price grows with it.
    """

    image: fields.Image
    prompt: fields.Prompt | None = None
    negative_prompt: fields.Prompt | None = None
    duration: fields.FiveOrTen = 5


class FramesToVideoRequest(KlingRequest):
    """A video from its first frame and, optionally, its last: V1.5, V2.1 and V2.5 Turbo.

    :param image: the first frame, a public URL or Base64.
    :param image_tail: the last frame, a public URL or Base64.
    :param prompt: what should happen, 1 to 2500 characters.
    :param negative_prompt: what should not happen, 1 to 2500 characters.
    :param duration: length in seconds, 5 (default) or 10. The price grows with it.
    :param mode: ``std`` (default) or ``pro``, which costs more.
    """

    image: fields.Image
    image_tail: fields.Image | None = None
    prompt: fields.Prompt | None = None
    negative_prompt: fields.Prompt | None = None
    duration: fields.FiveOrTen = 5
    mode: fields.Mode = "std"


class V26ImageToVideoRequest(KlingRequest):
    """A video from its first frame, with audio and voices: V2.6.

    :param image: the first frame, a public URL or Base64.
    :param image_tail: the last frame, a public URL or Base64.
    :param prompt: what should happen, 1 to 2500 characters.
    :param negative_prompt: what should not happen, 1 to 2500 characters.
    :param duration: length in seconds, 5 (default) or 10. The price grows with it.
    :param mode: ``std`` (default) or ``pro``, which costs more.
    :param sound: ``on`` generates audio. The default is not documented.
    :param voice_ids: 1 to 10 voices to speak with.
    :param static_mask: an image that marks what should not move, a public URL or Base64. Not together with
        ``image_tail``.
    """

    default_model: ClassVar[str] = "kling-v2.6-i2v"

    image: fields.Image
    image_tail: fields.Image | None = None
    prompt: fields.Prompt | None = None
    negative_prompt: fields.Prompt | None = None
    duration: fields.FiveOrTen = 5
    mode: fields.Mode = "std"
    sound: fields.OnOff | None = None
    voice_ids: Annotated[list[fields.Id], Field(min_length=1, max_length=10)] | None = None
    static_mask: fields.Image | None = None

    @classmethod
    def conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        """Yield the broken rules between fields."""
        yield from rules.exclusive(given, "image_tail", "static_mask")


class MultiImageToVideoRequest(KlingRequest):
    """A video that combines what several images show: V1.6.

    :param images: 1 to 4 images, each a public URL or Base64.
    :param prompt: what the video should show, 1 to 2500 characters.
    :param negative_prompt: what it should not show, 1 to 2500 characters.
    :param mode: ``std`` (default) or ``pro``, which costs more.
    :param duration: length in seconds, 5 (default) or 10. The price grows with it.
    :param aspect_ratio: ``16:9`` (default), ``9:16`` or ``1:1``.
    """

    default_model: ClassVar[str] = "kling-v1.6-mi2v"

    images: Annotated[list[fields.Image], Field(min_length=1, max_length=4)]
    prompt: fields.Prompt
    negative_prompt: fields.Prompt | None = None
    mode: fields.Mode = "std"
    duration: fields.FiveOrTen = 5
    aspect_ratio: fields.AspectRatio = "16:9"

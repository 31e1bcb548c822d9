"""Kling V1 to V2.6: videos from text, from an image, or from several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from airflow_provider_kling.exceptions import BrokenRule
from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.models import fields
from airflow_provider_kling.models.annotations import Media
from airflow_provider_kling.models.request import KlingRequest


class _DescribedVideo(fields.WithAspectRatio, fields.WithPrompts):
    """:param duration: length in seconds, 5 (default) or 10. The price grows with it."""

    duration: fields.FiveOrTen = 5


class _ImageToVideo(KlingRequest):
    """A video from its first frame.

    :param image: the first frame, a public URL or Base64.
    :param prompt: what should happen, 1 to 2500 characters.
    :param negative_prompt: what should not happen, 1 to 2500 characters.
    :param duration: length in seconds, 5 (default) or 10. The price grows with it.
    """

    image: fields.Image
    prompt: fields.Prompt | None = None
    negative_prompt: fields.Prompt | None = None
    duration: fields.FiveOrTen = 5


class _FramesToVideo(fields.WithMode, _ImageToVideo):
    """:param image_tail: the last frame, a public URL or Base64."""

    image_tail: fields.Image | None = None


class _WithCfgScale(KlingRequest):
    """:param cfg_scale: how closely to follow the prompt, 0 to 1. Default 0.5."""

    cfg_scale: fields.UnitInterval = 0.5


class V1TextToVideoRequest(_WithCfgScale, fields.WithMode, _DescribedVideo, default_model="kling-v1-t2v"):
    """A video from text, with camera movements: V1.

    :param camera_control: a dict with ``type`` and ``config``; what these may hold is not documented.
    """

    camera_control: dict[str, Any] | None = None


class V16TextToVideoRequest(_WithCfgScale, fields.WithMode, _DescribedVideo, default_model="kling-v1.6-t2v"):
    """A video from text: V1.6."""


class TextToVideoRequest(_DescribedVideo):
    """A video from text, in one quality: V2 Master and V2.1 Master."""


class V25TurboTextToVideoRequest(fields.WithMode, _DescribedVideo, default_model="kling-v2.5-turbo-t2v"):
    """A video from text: V2.5 Turbo."""


class V26TextToVideoRequest(fields.WithMode, _DescribedVideo, default_model="kling-v2.6-t2v"):
    """A video from text, with or without audio: V2.6.

    :param sound: ``on`` (default) generates audio, ``off`` leaves the video silent.
    """

    sound: fields.OnOff = "on"


class V1ImageToVideoRequest(_WithCfgScale, _FramesToVideo, default_model="kling-v1-i2v"):
    """A video from its first and last frame, or with a motion brush: V1.

    :param static_mask: an image that marks what should not move, a public URL or Base64. Not together with
        ``image_tail``.
    :param dynamic_masks: what should move and how: a list of dicts, each with an image in ``mask``. Not
        together with ``image_tail``.
    """

    static_mask: fields.Image | None = None
    dynamic_masks: list[Annotated[dict[str, Any], Media(MediaType.IMAGE)]] | None = None

    @classmethod
    def _conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        yield from fields.exclusive(given, "image_tail", "static_mask")
        yield from fields.exclusive(given, "image_tail", "dynamic_masks")


class V16ImageToVideoRequest(_FramesToVideo, default_model="kling-v1.6-i2v"):
    """A video from its first frame and, optionally, its last: V1.6.

    :param cfg_scale: how closely to follow the prompt, 0 to 1.
    """

    cfg_scale: fields.UnitInterval | None = None


class ImageToVideoRequest(_ImageToVideo):
    """A video from its first frame, in one quality: V2 Master and V2.1 Master."""


class FramesToVideoRequest(_FramesToVideo):
    """A video from its first frame and, optionally, its last: V1.5, V2.1 and V2.5 Turbo."""


class V26ImageToVideoRequest(_FramesToVideo, default_model="kling-v2.6-i2v"):
    """A video from its first frame, with audio and voices: V2.6.

    :param sound: ``on`` generates audio. The default is not documented.
    :param voice_ids: 1 to 10 voices to speak with.
    :param static_mask: an image that marks what should not move, a public URL or Base64. Not together with
        ``image_tail``.
    """

    sound: fields.OnOff | None = None
    voice_ids: Annotated[list[fields.Id], Field(min_length=1, max_length=10)] | None = None
    static_mask: fields.Image | None = None

    @classmethod
    def _conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        yield from fields.exclusive(given, "image_tail", "static_mask")


class MultiImageToVideoRequest(fields.WithMode, _DescribedVideo, default_model="kling-v1.6-mi2v"):
    """A video that combines what several images show: V1.6.

    :param images: 1 to 4 images, each a public URL or Base64.
    """

    images: Annotated[list[fields.Image], Field(min_length=1, max_length=4)]

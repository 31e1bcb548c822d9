"""Kling V3, V3 Omni and V3 Turbo: videos from text, from images, or by editing a video.

The older API version has ``mode`` and ``sound``, the newer one ``resolution`` and ``audio``. The newer one is
documented in part only for images and for Omni: the rest is inferred from O1, which was split in three, and
from V3.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field

from airflow_provider_kling.models import fields
from airflow_provider_kling.models.annotations import Inferred, PromptText
from airflow_provider_kling.models.request import KlingRequest
from airflow_provider_kling.models.video_o1 import EditedVideo, OmniVideo


class _UpTo4k(KlingRequest):
    """:param resolution: ``720p`` (default), ``1080p`` or ``4k``."""

    resolution: Literal["720p", "1080p", "4k"] = "720p"


class _UpTo1080p(KlingRequest):
    """:param resolution: ``720p`` (default) or ``1080p``; there is no 4k."""

    resolution: fields.Resolution = "720p"


class _VideoWithAudio(KlingRequest):
    """A video with or without audio.

    :param prompt: what the video should show, 1 to 3072 characters.
    :param audio: ``native`` generates audio. Default ``off``.
    :param duration: length in seconds, 3 to 15. Default 5. The price grows with it.
    """

    prompt: fields.Prompt3072
    audio: Literal["native", "off"] = "off"
    duration: fields.ThreeToFifteen = 5


class _ImagesToVideo(_VideoWithAudio):
    """:param images: 1 to 7 images, each a public URL or Base64."""

    images: Annotated[list[fields.Image], Field(min_length=1, max_length=7)]


class V3TextToVideoRequest(
    fields.WithAspectRatio, fields.WithMode, fields.WithPrompts, default_model="kling-v3-t2v"
):
    """A video from text: V3 in its older API version.

    :param mode: ``std`` (default, inferred) or ``pro``, which costs a third more.
    :param aspect_ratio: ``16:9`` (default, inferred), ``9:16`` or ``1:1``.
    :param sound: ``on`` generates audio and costs about half as much again. Default ``off`` (inferred).
    :param cfg_scale: how closely to follow the prompt, 0 to 1.
    :param duration: length in seconds, 3 to 15. Default 5 (inferred). The price grows with it.
    """

    sound: fields.OnOff = "off"
    cfg_scale: fields.UnitInterval | None = None
    duration: fields.ThreeToFifteen = 5


class V3ImageToVideoRequest(fields.WithMode, fields.WithPrompts, default_model="kling-v3-i2v"):
    """A video from its first frame: V3.

    :param image: the first frame, a public URL or Base64.
    :param sound: ``on`` generates audio. Default ``off``.
    :param cfg_scale: how closely to follow the prompt, 0 to 1.
    :param aspect_ratio: ``16:9``, ``9:16`` or ``1:1``.
    :param duration: length in seconds, 3 to 15. Default 5. The price grows with it.
    """

    image: fields.Image
    sound: fields.OnOff = "off"
    cfg_scale: fields.UnitInterval | None = None
    aspect_ratio: fields.AspectRatio | None = None
    duration: fields.ThreeToFifteen = 5


class V3OmniVideoRequest(OmniVideo, default_model="kling-v3-omni-video"):
    """A video from text, from reference images, or by editing a video: V3 Omni in its older API version.

    :param duration: length in seconds, 3 to 15. The price grows with it.
    """

    duration: fields.ThreeToFifteen | None = None


class V3OmniEditRequest(_UpTo4k, fields.WithAspectRatio, EditedVideo, default_model="kling-v3-omni-video"):
    """A video that is edited or followed: V3 Omni in its newer API version; partly inferred.

    :param duration: length in seconds, 3 to 15. Default 5. The price grows with it.
    """

    duration: fields.ThreeToFifteen = 5


class V3TextRequest(_UpTo4k, fields.WithAspectRatio, _VideoWithAudio, default_model="kling-v3-t2v"):
    """A video from text, with or without audio: V3 in its newer API version.

    :param prompt: what the video should show, 1 to 3072 characters. Several shots can be written as
        ``shot 1, 2, <text>; shot 2, 3, <text>;`` (number, seconds, text).
    :param audio: ``native`` generates audio and costs about half as much again. Default ``off``.
    :param multi_shot: let the model cut between several shots, up to 6. Default true.
    :param resolution: ``720p`` (default), ``1080p`` or ``4k``, which costs five times as much as 720p.
    """

    multi_shot: bool = True


class V3FramesToVideoRequest(_UpTo4k, _VideoWithAudio, default_model="kling-v3-i2v"):
    """A video from its first frame, and its last one if given: V3 in its newer API version; partly inferred.

    :param image: the first frame, a public URL or Base64.
    :param image_tail: the last frame, a public URL or Base64 (the name of the field is inferred).
    :param prompt: what should happen, 1 to 3072 characters. Required. Several shots can be written as
        ``shot 1, 2, <text>; shot 2, 3, <text>;`` (number, seconds, text).
    :param multi_shot: let the model cut between several shots, up to 6. No default is known.
    """

    image: fields.Image
    image_tail: fields.Image | None = None
    multi_shot: bool | None = None


class V3OmniTextRequest(_UpTo4k, fields.WithAspectRatio, _VideoWithAudio, default_model="kling-v3-omni-t2v"):
    """A video from text: V3 Omni in its newer API version; partly inferred.

    :param multi_shot: let the model cut between several shots, up to 6. No default is known.
    """

    multi_shot: bool | None = None


class V3OmniImageToVideoRequest(_UpTo4k, _ImagesToVideo, default_model="kling-v3-omni-i2v"):
    """A video from images: V3 Omni in its newer API version; partly inferred."""


class V3TurboTextRequest(_UpTo1080p, default_model="kling-v3-turbo-t2v"):
    """A video from text: V3 Turbo. It takes neither ``audio`` nor ``multi_shot``.

    :param prompt: what the video should show, at least 1 character, up to 3072 (inferred).
    :param aspect_ratio: ``16:9`` (default), ``9:16`` or ``1:1``; all of it is inferred.
    :param duration: length in seconds, 3 to 15. Default 5. The bounds and the default are inferred. The price
        grows with it.
    """

    prompt: Annotated[str, Field(min_length=1), PromptText(), Inferred({"maxLength": 3072})]
    aspect_ratio: Annotated[str, Inferred({"enum": list(get_args(fields.AspectRatio))})] = "16:9"
    duration: Annotated[int, fields.OneOfIntegers, Inferred({"minimum": 3, "maximum": 15})] = 5


class V3TurboImageToVideoRequest(_UpTo1080p, _ImagesToVideo, default_model="kling-v3-turbo-i2v"):
    """A video from images: V3 Turbo; all inferred."""

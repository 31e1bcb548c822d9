"""Kling Video O1: videos from text, from images, or by editing a video.

In the older API version one model does all three, with ``mode`` and ``sound``. In the newer one there is a
model for each, with ``resolution`` and ``audio``. Some fields are the same for V3 Omni.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from airflow_provider_kling.exceptions import BrokenRule
from airflow_provider_kling.models import fields
from airflow_provider_kling.models.annotations import Inferred
from airflow_provider_kling.models.request import KlingRequest


class OmniVideo(KlingRequest):
    """A video from text, from reference images, or by editing a video.

    :param prompt: what the video should show, 1 to 2500 characters. Always required.
    :param multi_shot: let the model cut between several shots. Needs ``shot_type``. Default false.
    :param shot_type: ``intelligence``; only with ``multi_shot``.
    :param images: reference images, at least one; each a public URL or Base64. Kling's own platform takes at
        most 7, and 4 next to a video. That this holds here too is inferred; more than 7 only warn.
    :param videos: exactly one video to edit or follow; a public URL or Base64. The result is then silent
        and as long as the source, so ``sound`` must be ``off`` and ``duration`` left out.
    :param sound: ``on`` generates audio. Default ``off``.
    :param mode: ``std`` is 720p, ``pro`` (default) is 1080p and costs a third more.
    :param aspect_ratio: ``16:9``, ``9:16`` or ``1:1``.
    """

    prompt: fields.Prompt
    multi_shot: bool = False
    shot_type: Literal["intelligence"] | None = None
    images: Annotated[list[fields.Image], Field(min_length=1), Inferred({"maxItems": 7})] | None = None
    videos: fields.OneVideo | None = None
    sound: fields.OnOff = "off"
    mode: fields.Mode = "pro"
    aspect_ratio: fields.AspectRatio | None = None

    @classmethod
    def _conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        multi_shot = given.get("multi_shot") is True
        if multi_shot and "shot_type" not in given:
            rule = 'must be "intelligence" when multi_shot is true'
            yield fields.broken(given, "shot_type", rule, "multi_shot")
        if not multi_shot and "shot_type" in given:
            rule = "must be left out when multi_shot is not true"
            yield fields.broken(given, "shot_type", rule, "multi_shot")
        if "videos" in given and given.get("sound") == "on":
            yield fields.broken(given, "sound", 'must be "off" when videos is given', "videos")
        if "videos" in given and "duration" in given:
            rule = "must be left out when videos is given: the result is as long as its source"
            yield fields.broken(given, "duration", rule, "videos")


class VideoO1Request(OmniVideo, default_model="kling-video-o1"):
    """A video from text, from reference images, or by editing a video: O1 in its older API version.

    :param mode: ``std`` is 720p, ``pro`` is 1080p and costs a third more. Default ``pro``, which is inferred
        from the page of ``kling-v3-omni-video``.
    :param duration: length in seconds, 5 or 10. The price grows with it.
    """

    duration: fields.FiveOrTen | None = None


class EditedVideo(KlingRequest):
    """A video that is edited or followed.

    :param prompt: what to change, at least 1 character. At most 2500 is inferred; more only warns.
    :param videos: exactly one video, a public URL or Base64.
    :param images: 1 to 4 reference images, each a public URL or Base64.
    :param audio: ``original`` keeps the audio of the video, ``off`` (default) leaves the result silent.
    """

    prompt: fields.PromptInferredLength
    videos: fields.OneVideo
    images: Annotated[list[fields.Image], Field(min_length=1, max_length=4)] | None = None
    audio: Literal["original", "off"] = "off"


class _UpTo10s(KlingRequest):
    """A video of up to ten seconds in up to 1080p.

    :param resolution: ``720p`` (default) or ``1080p``, which costs a third more.
    :param duration: length in seconds, 3 to 10. Default 5. The price grows with it.
    """

    resolution: fields.Resolution = "720p"
    duration: fields.ThreeToTen = 5


class _SilentVideo(KlingRequest):
    """A video without audio.

    :param prompt: what the video should show, at least 1 character. At most 2500 is inferred; more only
        warns.
    :param audio: ``off``, the only value.
    """

    prompt: fields.PromptInferredLength
    audio: Literal["off"] = "off"


class VideoO1EditRequest(_UpTo10s, fields.WithAspectRatio, EditedVideo, default_model="kling-video-o1"):
    """A video that is edited or followed: O1 in its newer API version.

    :param videos: exactly one video, a public URL or Base64: at most 200 MB, 3 to 10 s, sides of 700 to 2160
        px, 24 to 60 frames a second.
    :param images: 1 to 4 reference images, each a public URL or Base64 of at most 50 MB.
    """


class VideoO1TextRequest(_UpTo10s, fields.WithAspectRatio, _SilentVideo, default_model="kling-video-o1-t2v"):
    """A silent video from text: O1 in its newer API version."""


class VideoO1ImageRequest(_UpTo10s, _SilentVideo, default_model="kling-video-o1-i2v"):
    """A silent video from reference images, or from its first and last frame: O1 in its newer API version.

    :param images: 1 to 7 images, each a public URL or Base64 of at most 50 MB.
    :param duration: length in seconds, 3 to 10; with a single image 5 or 10. Default 5. The price grows with
        it.
    """

    images: Annotated[list[fields.Image], Field(min_length=1, max_length=7)]

    @classmethod
    def _conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        images = given.get("images")
        single = isinstance(images, list) and len(images) == 1
        if single and given.get("duration", 5) not in (5, 10):
            yield fields.broken(given, "duration", "must be 5 or 10 with a single image", "images")

"""Kling Video O1: videos from text, from images, or by editing a video.

In the older API version one model does all three, with ``mode`` and ``sound``. In the newer one there is a
model for each, with ``resolution`` and ``audio``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from airflow_provider_kling.exceptions import BrokenRule
from airflow_provider_kling.models import fields, rules
from airflow_provider_kling.models.annotations import Inferred
from airflow_provider_kling.models.base import KlingRequest


class VideoO1Request(KlingRequest):
    """A video from text, from reference images, or by editing a video: O1 in its older API version.

    :param prompt: what the video should show, 1 to 2500 characters. Always required.
    :param multi_shot: let the model cut between several shots. Needs ``shot_type``. Default false.
    :param shot_type: ``intelligence``; only with ``multi_shot``.
    :param images: reference images, at least one; each a public URL or Base64. Kling's own platform takes at
        most 7, and 4 next to a video. That this holds here too is inferred; more than 7 only warn.
    :param videos: exactly one video to edit or follow; a public URL or Base64. The result is then silent
        and as long as the source, so ``sound`` must be ``off`` and ``duration`` left out.
    :param sound: ``on`` generates audio. Default ``off``.
    :param mode: ``std`` is 720p, ``pro`` is 1080p and costs a third more. Default ``pro``, which is inferred
        from the page of ``kling-v3-omni-video``.
    :param aspect_ratio: ``16:9``, ``9:16`` or ``1:1``.
    :param duration: length in seconds, 5 or 10. The price grows with it.
    """

    default_model: ClassVar[str] = "kling-video-o1"

    prompt: fields.Prompt
    multi_shot: bool = False
    shot_type: Literal["intelligence"] | None = None
    images: Annotated[list[fields.Image], Field(min_length=1), Inferred({"maxItems": 7})] | None = None
    videos: Annotated[list[fields.Video], Field(min_length=1, max_length=1)] | None = None
    sound: fields.OnOff = "off"
    mode: fields.Mode = "pro"
    aspect_ratio: fields.AspectRatio | None = None
    duration: fields.FiveOrTen | None = None

    @classmethod
    def conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        """Yield the broken rules between fields."""
        yield from rules.omni_video(given)


class VideoO1EditRequest(KlingRequest):
    """A video that is edited or followed: O1 in its newer API version.

    :param prompt: what to change, at least 1 character. At most 2500 is inferred; more only warns.
    :param videos: exactly one video, a public URL or Base64: at most 200 MB, 3 to 10 s, sides of 700 to 2160
        px, 24 to 60 frames a second.
    :param images: 1 to 4 reference images, each a public URL or Base64 of at most 50 MB.
    :param audio: ``original`` keeps the audio of the video, ``off`` (default) leaves the result silent.
    :param resolution: ``720p`` (default) or ``1080p``, which costs a third more.
    :param aspect_ratio: ``16:9`` (default), ``9:16`` or ``1:1``.
    :param duration: length in seconds, 3 to 10. Default 5. The price grows with it.
    """

    default_model: ClassVar[str] = "kling-video-o1"

    prompt: fields.PromptInferredLength
    videos: Annotated[list[fields.Video], Field(min_length=1, max_length=1)]
    images: Annotated[list[fields.Image], Field(min_length=1, max_length=4)] | None = None
    audio: Literal["original", "off"] = "off"
    resolution: fields.Resolution = "720p"
    aspect_ratio: fields.AspectRatio = "16:9"
    duration: fields.ThreeToTen = 5


class VideoO1TextRequest(KlingRequest):
    """A silent video from text: O1 in its newer API version.

    :param prompt: what the video should show, at least 1 character. At most 2500 is inferred; more only
        warns.
    :param audio: ``off``, the only value.
    :param resolution: ``720p`` (default) or ``1080p``, which costs a third more.
    :param aspect_ratio: ``16:9`` (default), ``9:16`` or ``1:1``.
    :param duration: length in seconds, 3 to 10. Default 5. The price grows with it.
    """

    default_model: ClassVar[str] = "kling-video-o1-t2v"

    prompt: fields.PromptInferredLength
    audio: Literal["off"] = "off"
    resolution: fields.Resolution = "720p"
    aspect_ratio: fields.AspectRatio = "16:9"
    duration: fields.ThreeToTen = 5


class VideoO1ImageRequest(KlingRequest):
    """A silent video from reference images, or from its first and last frame: O1 in its newer API version.

    :param prompt: what the video should show, at least 1 character. At most 2500 is inferred; more only
        warns.
    :param images: 1 to 7 images, each a public URL or Base64 of at most 50 MB.
    :param audio: ``off``, the only value.
    :param resolution: ``720p`` (default) or ``1080p``, which costs a third more.
    :param duration: length in seconds, 3 to 10; with a single image 5 or 10. Default 5. The price grows with
        it.
    """

    default_model: ClassVar[str] = "kling-video-o1-i2v"

    prompt: fields.PromptInferredLength
    images: Annotated[list[fields.Image], Field(min_length=1, max_length=7)]
    audio: Literal["off"] = "off"
    resolution: fields.Resolution = "720p"
    duration: fields.ThreeToTen = 5

    @classmethod
    def conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        """Yield the broken rules between fields."""
        images = given.get("images")
        single = isinstance(images, list) and len(images) == 1
        if single and "duration" in given and given["duration"] not in (5, 10):
            yield BrokenRule(
                field="duration",
                rule="must be 5 or 10 with a single image",
                value=given["duration"],
                involves=frozenset({"duration", "images"}),
            )

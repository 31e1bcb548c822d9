"""Omni videos with everything that Kling's own platform takes (docs: omni-video, image-to-video).

The first service's models of the same family have fewer fields, and run on both. These run on the platform
only. A prompt cites what it is given: ``<<<image_1>>>``, ``<<<element_1>>>`` and ``<<<video_1>>>``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from airflow_provider_kling.exceptions import BrokenRule
from airflow_provider_kling.models import fields
from airflow_provider_kling.models.request import KlingRequest

_Images = Annotated[list[fields.Image], Field(min_length=1, max_length=7)]
_Elements = Annotated[list[fields.Id], Field(min_length=1, max_length=7)]
_MOST_REFERENCES = 7


class _Omni(KlingRequest):
    """A video from text, images, elements and frames, or after another video.

    :param images: 1 to 7 reference images, each a public URL or Base64. With elements at most 7 together, and
        at most 4 next to a video.
    :param element_ids: Kling's elements, 1 to 7; at most 3 with a frame.
    :param first_frame: the image that the video begins with, a public URL or Base64.
    :param last_frame: the image that it ends with. Needs ``first_frame``.
    :param base_video: a video to edit, a public URL. It goes with no frame.
    :param feature_video: a video to follow in its style or camera, a public URL. Not beside ``base_video``.
    :param aspect_ratio: ``16:9`` (default), ``9:16`` or ``1:1``, unless a first frame or a video decides it.
    """

    images: _Images | None = None
    element_ids: _Elements | None = None
    first_frame: fields.Image | None = None
    last_frame: fields.Image | None = None
    base_video: fields.Video | None = None
    feature_video: fields.Video | None = None
    aspect_ratio: fields.AspectRatio | None = None

    @classmethod
    def _conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        yield from fields.few_references(given, most=_MOST_REFERENCES)
        if "last_frame" in given and "first_frame" not in given:
            yield fields.broken(given, "first_frame", "is required when last_frame is given", "last_frame")
        yield from fields.left_out_beside(given, "base_video", "feature_video", "first_frame", "last_frame")


class VideoO1OmniRequest(_Omni, default_model="kling-video-o1-omni"):
    """A video from text, images, elements and frames, or after another video: O1 with all of its inputs.

    :param prompt: what the video should show, 1 to 2500 characters.
    :param last_frame: the image that it ends with. Needs ``first_frame``, and goes with nothing else.
    :param resolution: ``720p`` (default) or ``1080p``, which costs a third more.
    :param duration: length in seconds, 3 to 10; 5 or 10 with nothing but a first frame. Default 5. The price
        grows with it. An edited video is as long as its source.
    :param audio: ``original`` keeps the audio of the video, ``off`` (default) leaves the result silent.
    """

    prompt: fields.Prompt
    resolution: fields.Resolution = "720p"
    duration: fields.ThreeToTen = 5
    audio: Literal["original", "off"] = "off"

    @classmethod
    def _conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        yield from super()._conditional_rules(given)
        yield from fields.left_out_beside(given, "last_frame", "images", "element_ids", "feature_video")
        others = ("last_frame", "images", "element_ids", "feature_video", "base_video")
        alone = "first_frame" in given and not any(name in given for name in others)
        if alone and given.get("duration", 5) not in (5, 10):
            rule = "must be 5 or 10 with nothing but a first frame"
            yield fields.broken(given, "duration", rule, "first_frame", *others)


class V3OmniRequest(_Omni, default_model="kling-v3-omni"):
    """A video from text, images, elements and frames, or after another video: V3 Omni with all of its inputs.

    :param prompt: what the video should show, 1 to 3072 characters. Several shots can be written as
        ``shot 1, 2, <text>; shot 2, 3, <text>;`` (number, seconds, text).
    :param base_video: a video to edit, a public URL. It goes with no frame, no ``native`` audio and one shot.
    :param feature_video: a video to follow in its style or camera, a public URL. Not beside ``base_video``.
        The result is silent.
    :param multi_shot: let the model cut between several shots. The platform's default is true.
    :param resolution: ``720p`` (default), ``1080p`` or ``4k``, which costs five times as much as 720p.
    :param duration: length in seconds, 3 to 15. Default 5. The price grows with it. An edited video is as
        long as its source.
    :param audio: ``native`` generates audio and costs more, ``original`` keeps that of the video, ``off``
        (default) leaves the result silent.
    """

    prompt: fields.Prompt3072
    multi_shot: bool | None = None
    resolution: Literal["720p", "1080p", "4k"] = "720p"
    duration: fields.ThreeToFifteen = 5
    audio: Literal["native", "original", "off"] = "off"

    @classmethod
    def _conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        yield from super()._conditional_rules(given)
        if "base_video" in given:
            if given.get("multi_shot") is True:
                yield fields.broken(
                    given, "multi_shot", "must be false when base_video is given", "base_video"
                )
            if given.get("audio") == "native":
                rule = 'must not be "native" when base_video is given'
                yield fields.broken(given, "audio", rule, "base_video")
        if "feature_video" in given:
            if given.get("multi_shot") is False:
                rule = "must be true when feature_video is given"
                yield fields.broken(given, "multi_shot", rule, "feature_video")
            if given.get("audio", "off") != "off":
                rule = 'must be "off" when feature_video is given'
                yield fields.broken(given, "audio", rule, "feature_video")


class V3ElementsToVideoRequest(KlingRequest, default_model="kling-v3-elements-i2v"):
    """A video from its first frame, perhaps its last one, and Kling's elements: V3.

    :param prompt: what should happen, 1 to 3072 characters. It cites elements as ``<<<element_1>>>``. Several
        shots can be written as ``shot 1, 2, <text>; shot 2, 3, <text>;`` (number, seconds, text).
    :param image: the first frame, a public URL or Base64. It decides the shape of the video.
    :param image_tail: the last frame, a public URL or Base64.
    :param element_ids: Kling's elements, 1 to 3.
    :param multi_shot: let the model cut between several shots. The platform's default is true.
    :param resolution: ``720p`` (default), ``1080p`` or ``4k``, which costs five times as much as 720p.
    :param duration: length in seconds, 3 to 15. Default 5. The price grows with it.
    :param audio: ``native`` generates audio and costs about half as much again. Default ``off``.
    """

    prompt: fields.Prompt3072
    image: fields.Image
    image_tail: fields.Image | None = None
    element_ids: Annotated[list[fields.Id], Field(min_length=1, max_length=3)]
    multi_shot: bool | None = None
    resolution: Literal["720p", "1080p", "4k"] = "720p"
    duration: fields.ThreeToFifteen = 5
    audio: Literal["native", "off"] = "off"

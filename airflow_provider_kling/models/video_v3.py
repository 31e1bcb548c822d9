"""Kling V3, V3 Omni and V3 Turbo: videos from text, from images, or by editing a video.

The older API version has ``mode`` and ``sound``, the newer one ``resolution`` and ``audio``. The newer one is
not documented for Omni: its fields are inferred from O1, which was split in three, and from V3. Those of
Turbo are inferred from V3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from airflow_provider_kling.exceptions import BrokenRule
from airflow_provider_kling.models import fields, rules
from airflow_provider_kling.models.annotations import Inferred
from airflow_provider_kling.models.base import KlingRequest


class V3TextToVideoRequest(KlingRequest):
    """A video from text: V3 in its older API version.

    :param prompt: what the video should show, 1 to 2500 characters.
    :param negative_prompt: what it should not show, 1 to 2500 characters.
    :param sound: ``on`` generates audio and costs about half as much again. Default ``off`` (inferred).
    :param cfg_scale: how closely to follow the prompt, 0 to 1.
    :param mode: ``std`` (default, inferred) or ``pro``, which costs a third more.
    :param aspect_ratio: ``16:9`` (default, inferred), ``9:16`` or ``1:1``.
    :param duration: length in seconds, 3 to 15. Default 5 (inferred). The price grows with it.
    """

    default_model: ClassVar[str] = "kling-v3-t2v"

    prompt: fields.Prompt
    negative_prompt: fields.Prompt | None = None
    sound: fields.OnOff = "off"
    cfg_scale: fields.UnitInterval | None = None
    mode: fields.Mode = "std"
    aspect_ratio: fields.AspectRatio = "16:9"
    duration: fields.ThreeToFifteen = 5


class V3TextRequest(KlingRequest):
    """A video from text, with or without audio: V3 in its newer API version.

    :param prompt: what the video should show, 1 to 3072 characters. Several shots can be written as
        ``shot 1, 2, <text>; shot 2, 3, <text>;`` (number, seconds, text).
    :param audio: ``native`` generates audio and costs about half as much again. Default ``off``.
    :param aspect_ratio: ``16:9`` (default), ``9:16`` or ``1:1``.
    :param duration: length in seconds, 3 to 15. Default 5. The price grows with it.
    :param multi_shot: let the model cut between several shots. Default true.
    :param resolution: ``720p`` (default), ``1080p`` or ``4k``, which costs five times as much as 720p.
    """

    default_model: ClassVar[str] = "kling-v3-t2v"

    prompt: fields.Prompt3072
    audio: Literal["native", "off"] = "off"
    aspect_ratio: fields.AspectRatio = "16:9"
    duration: fields.ThreeToFifteen = 5
    multi_shot: bool = True
    resolution: fields.ResolutionTo4k = "720p"


class V3ImageToVideoRequest(KlingRequest):
    """A video from its first frame: V3.

    :param image: the first frame, a public URL or Base64.
    :param prompt: what should happen, 1 to 2500 characters. Required.
    :param negative_prompt: what should not happen, 1 to 2500 characters.
    :param sound: ``on`` generates audio. Default ``off``.
    :param cfg_scale: how closely to follow the prompt, 0 to 1.
    :param mode: ``std`` (default) or ``pro``, which costs more.
    :param aspect_ratio: ``16:9``, ``9:16`` or ``1:1``.
    :param duration: length in seconds, 3 to 15. Default 5. The price grows with it.
    """

    default_model: ClassVar[str] = "kling-v3-i2v"

    image: fields.Image
    prompt: fields.Prompt
    negative_prompt: fields.Prompt | None = None
    sound: fields.OnOff = "off"
    cfg_scale: fields.UnitInterval | None = None
    mode: fields.Mode = "std"
    aspect_ratio: fields.AspectRatio | None = None
    duration: fields.ThreeToFifteen = 5


class V3OmniVideoRequest(KlingRequest):
    """A video from text, from reference images, or by editing a video: V3 Omni in its older API version.

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
    :param duration: length in seconds, 3 to 15. The price grows with it.
    """

    default_model: ClassVar[str] = "kling-v3-omni-video"

    prompt: fields.Prompt
    multi_shot: bool = False
    shot_type: Literal["intelligence"] | None = None
    images: Annotated[list[fields.Image], Field(min_length=1), Inferred({"maxItems": 7})] | None = None
    videos: Annotated[list[fields.Video], Field(min_length=1, max_length=1)] | None = None
    sound: fields.OnOff = "off"
    mode: fields.Mode = "pro"
    aspect_ratio: fields.AspectRatio | None = None
    duration: fields.ThreeToFifteen | None = None

    @classmethod
    def conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        """Yield the broken rules between fields."""
        yield from rules.omni_video(given)


class V3OmniEditRequest(KlingRequest):
    """A video that is edited or followed: V3 Omni in its newer API version; all inferred.

    :param prompt: what to change, at least 1 character.
    :param videos: exactly one video, a public URL or Base64.
    :param images: 1 to 4 reference images, each a public URL or Base64.
    :param audio: ``original`` keeps the audio of the video, ``off`` (default) leaves the result silent.
    :param resolution: ``720p`` (default), ``1080p`` or ``4k``.
    :param aspect_ratio: ``16:9`` (default), ``9:16`` or ``1:1``.
    :param duration: length in seconds, 3 to 15. Default 5. The price grows with it.
    """

    default_model: ClassVar[str] = "kling-v3-omni-video"

    prompt: fields.PromptInferredLength
    videos: Annotated[list[fields.Video], Field(min_length=1, max_length=1)]
    images: Annotated[list[fields.Image], Field(min_length=1, max_length=4)] | None = None
    audio: Literal["original", "off"] = "off"
    resolution: fields.ResolutionTo4k = "720p"
    aspect_ratio: fields.AspectRatio = "16:9"
    duration: fields.ThreeToFifteen = 5


class V3OmniTextRequest(KlingRequest):
    """A video from text: V3 Omni in its newer API version; all inferred.

    :param prompt: what the video should show, 1 to 3072 characters.
    :param audio: ``native`` generates audio. Default ``off``.
    :param aspect_ratio: ``16:9`` (default), ``9:16`` or ``1:1``.
    :param duration: length in seconds, 3 to 15. Default 5. The price grows with it.
    :param resolution: ``720p`` (default), ``1080p`` or ``4k``.
    """

    default_model: ClassVar[str] = "kling-v3-omni-t2v"

    prompt: fields.Prompt3072
    audio: Literal["native", "off"] = "off"
    aspect_ratio: fields.AspectRatio = "16:9"
    duration: fields.ThreeToFifteen = 5
    resolution: fields.ResolutionTo4k = "720p"


class V3OmniImageToVideoRequest(KlingRequest):
    """A video from images: V3 Omni in its newer API version; all inferred.

    :param prompt: what the video should show, 1 to 3072 characters.
    :param images: 1 to 7 images, each a public URL or Base64.
    :param audio: ``native`` generates audio. Default ``off``.
    :param duration: length in seconds, 3 to 15. Default 5. The price grows with it.
    :param resolution: ``720p`` (default), ``1080p`` or ``4k``.
    """

    default_model: ClassVar[str] = "kling-v3-omni-i2v"

    prompt: fields.Prompt3072
    images: Annotated[list[fields.Image], Field(min_length=1, max_length=7)]
    audio: Literal["native", "off"] = "off"
    duration: fields.ThreeToFifteen = 5
    resolution: fields.ResolutionTo4k = "720p"


class V3TurboTextRequest(KlingRequest):
    """A video from text: V3 Turbo; all inferred.

    :param prompt: what the video should show, 1 to 3072 characters.
    :param audio: ``native`` generates audio. Default ``off``.
    :param aspect_ratio: ``16:9`` (default), ``9:16`` or ``1:1``.
    :param duration: length in seconds, 3 to 15. Default 5. The price grows with it.
    :param resolution: ``720p`` (default) or ``1080p``; there is no 4k.
    """

    default_model: ClassVar[str] = "kling-v3-turbo-t2v"

    prompt: fields.Prompt3072
    audio: Literal["native", "off"] = "off"
    aspect_ratio: fields.AspectRatio = "16:9"
    duration: fields.ThreeToFifteen = 5
    resolution: fields.Resolution = "720p"


class V3TurboImageToVideoRequest(KlingRequest):
    """A video from images: V3 Turbo; all inferred.

    :param prompt: what the video should show, 1 to 3072 characters.
    :param images: 1 to 7 images, each a public URL or Base64.
    :param audio: ``native`` generates audio. Default ``off``.
    :param duration: length in seconds, 3 to 15. Default 5. The price grows with it.
    :param resolution: ``720p`` (default) or ``1080p``; there is no 4k.
    """

    default_model: ClassVar[str] = "kling-v3-turbo-i2v"

    prompt: fields.Prompt3072
    images: Annotated[list[fields.Image], Field(min_length=1, max_length=7)]
    audio: Literal["native", "off"] = "off"
    duration: fields.ThreeToFifteen = 5
    resolution: fields.Resolution = "720p"

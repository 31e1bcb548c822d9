"""The models whose fields are documented since August 2026: ``resolution`` and ``audio``.

A request in these fields is sent to the path of that contract, whatever contract the connection names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from airflow_provider_kling.exceptions import BrokenRule
from airflow_provider_kling.models.base import ApiVersion, KlingRequest
from airflow_provider_kling.models.fields import (
    AspectRatio,
    Count,
    ImageAspectRatio,
    Media,
    OneOfIntegers,
    Prompt,
    ThreeToFifteen,
    inferred,
)
from airflow_provider_kling.models.media_limits import O1_EDITING, O1_PICTURES, MediaLimits, Medium

O1Resolution = Literal["720p", "1080p"]
V3Resolution = Literal["720p", "1080p", "4k"]

O1Duration = Annotated[Literal[3, 4, 5, 6, 7, 8, 9, 10], OneOfIntegers]

LongPrompt = Annotated[
    str,
    Field(min_length=1),
    inferred("have at most 2500 characters", lambda prompt: len(prompt) <= 2500),
]


V3Prompt = Annotated[str, Field(min_length=1, max_length=3072)]


class AugustRequest(KlingRequest):
    """The base of the requests in the fields of August 2026."""

    api_version: ClassVar[ApiVersion] = ApiVersion.AUGUST


class VideoO1EditRequest(AugustRequest):
    """A video edited or followed, with ``kling-video-o1`` (blog: kling-o1-api, 2026-09-10).

    :param prompt: what to change, at least 1 character (at most 2500 is inferred and only warned of).
    :param videos: exactly one video, a public URL or Base64: at most 200 MB, 3 to 10 s, 700 to 2160 px a
        side, 24 to 60 frames a second.
    :param images: 1 to 4 references, each a public URL or Base64 of at most 50 MB.
    :param audio: ``original`` keeps the video's own sound, ``off`` (default) leaves the clip silent.
    :param resolution: ``720p`` (default) or ``1080p``, which costs a third more.
    :param aspect_ratio: ``16:9`` (default), ``9:16`` or ``1:1``.
    :param duration: length in seconds, 3 to 10. Default 5. Price grows with it.
    """

    media_limits: ClassVar[Mapping[Medium, MediaLimits]] = O1_EDITING
    single_slug: ClassVar[str] = "kling-video-o1"

    prompt: LongPrompt
    videos: Annotated[list[Media], Field(min_length=1, max_length=1)]
    images: Annotated[list[Media], Field(min_length=1, max_length=4)] | None = None
    audio: Literal["original", "off"] = "off"
    resolution: O1Resolution = "720p"
    aspect_ratio: AspectRatio = "16:9"
    duration: O1Duration = 5


class VideoO1TextRequest(AugustRequest):
    """A silent clip from text, with ``kling-video-o1-t2v``.

    :param prompt: what the clip should show, at least 1 character (at most 2500 is inferred).
    :param audio: ``off``.
    :param resolution: ``720p`` (default) or ``1080p``, which costs a third more.
    :param aspect_ratio: ``16:9`` (default), ``9:16`` or ``1:1``.
    :param duration: length in seconds, 3 to 10. Default 5. Price grows with it.
    """

    single_slug: ClassVar[str] = "kling-video-o1-t2v"

    prompt: LongPrompt
    audio: Literal["off"] = "off"
    resolution: O1Resolution = "720p"
    aspect_ratio: AspectRatio = "16:9"
    duration: O1Duration = 5


class VideoO1ImageRequest(AugustRequest):
    """A silent clip from references, or from its first and last frame, with ``kling-video-o1-i2v``.

    :param prompt: what the clip should show, at least 1 character (at most 2500 is inferred).
    :param images: 1 to 7 pictures, each a public URL or Base64.
    :param audio: ``off``.
    :param resolution: ``720p`` (default) or ``1080p``, which costs a third more.
    :param duration: length in seconds, 3 to 10, with a single picture 5 or 10. Default 5. Price grows with
        it.
    """

    media_limits: ClassVar[Mapping[Medium, MediaLimits]] = O1_PICTURES
    single_slug: ClassVar[str] = "kling-video-o1-i2v"

    prompt: LongPrompt
    images: Annotated[list[Media], Field(min_length=1, max_length=7)]
    audio: Literal["off"] = "off"
    resolution: O1Resolution = "720p"
    duration: O1Duration = 5

    @classmethod
    def conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        """Yield what the fields break together."""
        images = given.get("images")
        single = isinstance(images, list) and len(images) == 1
        if single and "duration" in given and given["duration"] not in (5, 10):
            yield BrokenRule(
                field="duration",
                rule="must be 5 or 10 with a single image",
                value=given["duration"],
                involves=frozenset({"duration", "images"}),
            )


class V3TextBase(AugustRequest):
    """What the V3 models of August 2026 that begin with text share.

    :param prompt: what the clip should show, 1 to 3072 characters. A script of shots may be written as
        ``shot 1, 2, <text>; shot 2, 3, <text>;`` (number, seconds, text).
    :param audio: ``native`` adds generated sound, and costs about half as much again. Default ``off``.
    :param aspect_ratio: ``16:9`` (default), ``9:16`` or ``1:1``.
    :param duration: length in seconds, 3 to 15. Default 5. Price grows with it.
    """

    prompt: V3Prompt
    audio: Literal["native", "off"] = "off"
    aspect_ratio: AspectRatio = "16:9"
    duration: ThreeToFifteen = 5


class V3TextRequest(V3TextBase):
    """A clip from text, with or without sound, with ``kling-v3-t2v``.

    :param multi_shot: let the model cut between shots. Default true.
    :param resolution: ``720p`` (default), ``1080p`` or ``4k``, which costs five times as much as 720p.
    """

    single_slug: ClassVar[str] = "kling-v3-t2v"

    multi_shot: bool = True
    resolution: V3Resolution = "720p"


class V3OmniTextRequest(V3TextBase):
    """A clip from text with ``kling-v3-omni-t2v``; inferred from ``kling-v3-t2v``.

    :param resolution: ``720p`` (default), ``1080p`` or ``4k``.
    """

    single_slug: ClassVar[str] = "kling-v3-omni-t2v"
    documented: ClassVar[bool] = False

    resolution: V3Resolution = "720p"


class V3TurboTextRequest(V3TextBase):
    """A clip from text with ``kling-v3-turbo-t2v``; inferred from ``kling-v3-t2v``.

    :param resolution: ``720p`` (default) or ``1080p``; there is no 4k.
    """

    single_slug: ClassVar[str] = "kling-v3-turbo-t2v"
    documented: ClassVar[bool] = False

    resolution: O1Resolution = "720p"


class V3ImageBase(AugustRequest):
    """What the V3 models of August 2026 that begin with pictures share; all of it inferred.

    :param prompt: what the clip should show.
    :param images: 1 to 7 pictures, each a public URL or Base64.
    :param audio: ``native`` or ``off`` (default).
    :param duration: length in seconds, 3 to 15. Default 5. Price grows with it.
    """

    documented: ClassVar[bool] = False

    prompt: V3Prompt
    images: Annotated[list[Media], Field(min_length=1, max_length=7)]
    audio: Literal["native", "off"] = "off"
    duration: ThreeToFifteen = 5


class V3OmniImageToVideoRequest(V3ImageBase):
    """A clip from pictures with ``kling-v3-omni-i2v``; inferred from the models beside it.

    :param resolution: ``720p`` (default), ``1080p`` or ``4k``.
    """

    single_slug: ClassVar[str] = "kling-v3-omni-i2v"

    resolution: V3Resolution = "720p"


class V3TurboImageToVideoRequest(V3ImageBase):
    """A clip from pictures with ``kling-v3-turbo-i2v``; inferred from the models beside it.

    :param resolution: ``720p`` (default) or ``1080p``; there is no 4k.
    """

    single_slug: ClassVar[str] = "kling-v3-turbo-i2v"

    resolution: O1Resolution = "720p"


class V3OmniEditRequest(AugustRequest):
    """A video edited or followed, with ``kling-v3-omni-video``; the bounds are inferred from O1's.

    :param prompt: what to change.
    :param videos: exactly one video, a public URL or Base64.
    :param images: 1 to 4 references, each a public URL or Base64.
    :param audio: ``original`` or ``off`` (default).
    :param resolution: ``720p`` (default), ``1080p`` or ``4k``.
    :param aspect_ratio: ``16:9`` (default), ``9:16`` or ``1:1``.
    :param duration: length in seconds, 3 to 15. Default 5. Price grows with it.
    """

    single_slug: ClassVar[str] = "kling-v3-omni-video"
    documented: ClassVar[bool] = False

    prompt: LongPrompt
    videos: Annotated[list[Media], Field(min_length=1, max_length=1)]
    images: Annotated[list[Media], Field(min_length=1, max_length=4)] | None = None
    audio: Literal["original", "off"] = "off"
    resolution: V3Resolution = "720p"
    aspect_ratio: AspectRatio = "16:9"
    duration: ThreeToFifteen = 5


class ImageO1AugustRequest(AugustRequest):
    """Pictures with ``kling-image-o1``, in its fields of August 2026.

    :param prompt: what the picture should show, 1 to 2500 characters.
    :param images: 1 to 10 references, each a public URL or Base64.
    :param resolution: ``1k`` (default) or ``2k``.
    :param aspect_ratio: ``1:1`` (default), ``16:9``, ``9:16``, ``4:3``, ``3:4``, ``3:2``, ``2:3`` or
        ``21:9``.
    :param n: how many pictures, 1 (default) to 9. Each is paid for.
    """

    single_slug: ClassVar[str] = "kling-image-o1"

    prompt: Prompt
    images: Annotated[list[Media], Field(min_length=1, max_length=10)] | None = None
    resolution: Literal["1k", "2k"] = "1k"
    aspect_ratio: ImageAspectRatio = "1:1"
    n: Count = 1

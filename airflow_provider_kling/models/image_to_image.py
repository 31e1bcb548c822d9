"""Pictures from other pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from airflow_provider_kling.exceptions import BrokenRule
from airflow_provider_kling.models.base import KlingRequest
from airflow_provider_kling.models.fields import (
    Count,
    ImageAspectRatio,
    Media,
    Prompt,
    UnitInterval,
    inferred,
)
from airflow_provider_kling.models.media_limits import IMAGE_PAGES, MediaLimits, Medium
from airflow_provider_kling.models.rules import at_least_one
from airflow_provider_kling.models.warn import warn


class ImageToImageRequest(KlingRequest):
    """Pictures that follow another, in 1k: the V1, V2, V2 new and V2.1 models.

    :param prompt: what the picture should show, 1 to 2500 characters.
    :param image: the picture to follow, a public URL or Base64 (jpg or png, at most 10 MB).
    :param image_fidelity: how closely to follow it, 0 to 1. Default 0.5.
    :param aspect_ratio: ``16:9`` (default), ``9:16``, ``1:1``, ``4:3``, ``3:4``, ``3:2``, ``2:3`` or
        ``21:9``.
    :param resolution: ``1k``.
    :param n: how many pictures, 1 (default) to 9. Each is paid for.
    """

    media_limits: ClassVar[Mapping[Medium, MediaLimits]] = IMAGE_PAGES

    prompt: Prompt
    image: Media
    image_fidelity: UnitInterval = 0.5
    aspect_ratio: ImageAspectRatio = "16:9"
    resolution: Literal["1k"] = "1k"
    n: Count = 1


class V15ImageToImageRequest(ImageToImageRequest):
    """Pictures that keep the subject or the face of another, with ``kling-v1.5-i2i``.

    :param image_reference: what to keep: ``subject`` or ``face``.
    :param human_fidelity: how alike the face should be, 0 to 1. Default 0.45. Only counts with
        ``image_reference="subject"``; otherwise it is warned of.
    """

    single_slug: ClassVar[str] = "kling-v1.5-i2i"

    image_reference: Literal["subject", "face"] | None = None
    human_fidelity: UnitInterval = 0.45

    @classmethod
    def conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        """Refuse nothing; say what will have no effect."""
        if "human_fidelity" in given and given.get("image_reference") != "subject":
            warn('human_fidelity has no effect unless image_reference is "subject".')
        yield from ()


class V3ImageToImageRequest(KlingRequest):
    """Pictures that follow another, in 1k or 2k, with ``kling-v3-i2i``.

    :param prompt: what the picture should show, 1 to 2500 characters.
    :param image: the picture to follow, a public URL or Base64 (jpg or png, at most 10 MB).
    :param n: how many pictures, 1 (default, inferred) to 9. Each is paid for.
    :param aspect_ratio: ``16:9`` (default, inferred), ``9:16``, ``1:1``, ``4:3``, ``3:4``, ``3:2``,
        ``2:3`` or ``21:9``.
    :param resolution: ``1k`` (default, inferred) or ``2k``.
    """

    media_limits: ClassVar[Mapping[Medium, MediaLimits]] = IMAGE_PAGES
    single_slug: ClassVar[str] = "kling-v3-i2i"

    prompt: Prompt
    image: Media
    n: Count = 1
    aspect_ratio: ImageAspectRatio = "16:9"
    resolution: Literal["1k", "2k"] = "1k"


_SHAPES = ("16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9")


class MultiImageToImageRequest(KlingRequest):
    """A picture in which subjects, a scene and a style come together: the V2 and V2.1 models.

    At least one of ``prompt``, ``subject_images``, ``scene_image`` and ``style_image`` is given.

    :param prompt: what the picture should show, 1 to 2500 characters.
    :param subject_images: at most 4 pictures, each a public URL or Base64.
    :param scene_image: where it happens, a public URL or Base64.
    :param style_image: how it should look, a public URL or Base64.
    :param n: how many pictures, 1 (default) to 9. Each is paid for.
    :param aspect_ratio: the shape; the field and its values are inferred from other models.
    """

    media_limits: ClassVar[Mapping[Medium, MediaLimits]] = IMAGE_PAGES

    prompt: Prompt | None = None
    subject_images: Annotated[list[Media], Field(max_length=4)] | None = None
    scene_image: Media | None = None
    style_image: Media | None = None
    n: Count = 1
    aspect_ratio: Annotated[
        Any, inferred(f"be one of {', '.join(_SHAPES)}", lambda shape: shape in _SHAPES)
    ] = None

    @classmethod
    def conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        """Yield what the fields break together."""
        yield from at_least_one(given, "prompt", "subject_images", "scene_image", "style_image")

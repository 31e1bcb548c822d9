"""Work on a picture that is there: growing it, taking it apart, dressing who is on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from airflow_provider_kling.models.base import KlingRequest
from airflow_provider_kling.models.fields import Count, ExpansionRatio, Media
from airflow_provider_kling.models.media_limits import IMAGE_PAGES, MediaLimits, Medium


class ImageExpansionRequest(KlingRequest):
    """A picture continued beyond its sides, with ``kling-image-expansion``.

    :param image: the picture, a public URL or Base64 (jpg or png, at most 10 MB).
    :param up_expansion_ratio: how far to grow upwards, 0 to 2 times the picture's height.
    :param down_expansion_ratio: how far to grow downwards, 0 to 2 times its height.
    :param left_expansion_ratio: how far to grow to the left, 0 to 2 times its width.
    :param right_expansion_ratio: how far to grow to the right, 0 to 2 times its width.
    :param prompt: what the new area should show, at most 2500 characters.
    :param n: how many pictures, 1 (default) to 9. Each is paid for.
    """

    media_limits: ClassVar[Mapping[Medium, MediaLimits]] = IMAGE_PAGES
    single_slug: ClassVar[str] = "kling-image-expansion"

    image: Media
    up_expansion_ratio: ExpansionRatio
    down_expansion_ratio: ExpansionRatio
    left_expansion_ratio: ExpansionRatio
    right_expansion_ratio: ExpansionRatio
    prompt: Annotated[str, Field(max_length=2500)] | None = None
    n: Count = 1


class ImageRecognitionRequest(KlingRequest):
    """A picture taken apart into object, head, face and clothes, with ``kling-image-recognize``.

    :param image: the picture, a public URL or Base64 (jpg or png, at most 10 MB).
    """

    media_limits: ClassVar[Mapping[Medium, MediaLimits]] = IMAGE_PAGES
    single_slug: ClassVar[str] = "kling-image-recognize"

    image: Media


class VirtualTryOnRequest(KlingRequest):
    """A person in other clothes: the Kolors virtual try-on models.

    :param human_image: the person, a public URL or Base64; at most 10 MB, at least 300 px a side.
    :param cloth_image: the garment, in the same limits. V1.5 also takes a top and a bottom in one picture.
    """

    media_limits: ClassVar[Mapping[Medium, MediaLimits]] = IMAGE_PAGES

    human_image: Media
    cloth_image: Media

"""The omni image models, O1 and V3: pictures from text and any number of references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sized
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from airflow_provider_kling.exceptions import BrokenRule
from airflow_provider_kling.models.base import KlingRequest
from airflow_provider_kling.models.fields import Count, ImageAspectRatioOrAuto, Media, Prompt, inferred
from airflow_provider_kling.models.media_limits import IMAGE_PAGES, MediaLimits, Medium

_MOST_REFERENCES = 10


class ImageO1Request(KlingRequest):
    """Pictures with ``kling-image-o1``, in its fields of April 2026.

    :param prompt: what the picture should show, 1 to 2500 characters; it may name the references as
        ``<<<image_1>>>``, ``<<<image_2>>>`` and so on.
    :param images: at most 10 references, each a public URL or Base64.
    :param resolution: ``1k`` (default) or ``2k``.
    :param aspect_ratio: ``auto`` (default), or one of ``16:9``, ``9:16``, ``1:1``, ``4:3``, ``3:4``, ``3:2``,
        ``2:3`` and ``21:9``.
    :param n: how many pictures, 1 (default) to 9. Each is paid for.
    """

    media_limits: ClassVar[Mapping[Medium, MediaLimits]] = IMAGE_PAGES
    single_slug: ClassVar[str] = "kling-image-o1"

    prompt: Prompt
    images: Annotated[list[Media], Field(max_length=_MOST_REFERENCES)] | None = None
    resolution: Literal["1k", "2k"] = "1k"
    aspect_ratio: ImageAspectRatioOrAuto = "auto"
    n: Count = 1


class V3OmniImageRequest(KlingRequest):
    """A picture, several, or a coherent series with ``kling-v3-omni-image``.

    :param prompt: what the pictures should show, 1 to 2500 characters.
    :param images: 1 to 10 references, each a public URL or Base64.
    :param element_ids: Kling's elements; with ``images`` at most 10. The service offers no way to make one.
    :param result_type: ``single`` or ``series``.
    :param n: how many pictures, not with ``series``. 1 to 9 (inferred; only warned of). Each is paid for.
    :param series_amount: how many pictures the series has; needed with ``series``. 2 to 9 (inferred; only
        warned of). Each is paid for.
    :param resolution: up to 4k: ``1k``, ``2k`` or ``4k`` (the names are inferred; others are only warned of).
    :param aspect_ratio: the shape; its values are not documented.
    """

    media_limits: ClassVar[Mapping[Medium, MediaLimits]] = IMAGE_PAGES
    single_slug: ClassVar[str] = "kling-v3-omni-image"

    prompt: Prompt
    images: Annotated[list[Media], Field(min_length=1, max_length=_MOST_REFERENCES)] | None = None
    element_ids: list[Annotated[str, Field(min_length=1)]] | None = None
    result_type: Literal["single", "series"] | None = None
    n: Annotated[int, inferred("be 1 to 9", lambda n: 1 <= n <= 9)] | None = None
    series_amount: Annotated[int, inferred("be 2 to 9", lambda amount: 2 <= amount <= 9)] | None = None
    resolution: (
        Annotated[str, inferred("be 1k, 2k or 4k", lambda tier: tier in ("1k", "2k", "4k"))] | None
    ) = None
    aspect_ratio: str | None = None

    @classmethod
    def conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        """Yield what the fields break together."""
        lists = [given[name] for name in ("images", "element_ids") if isinstance(given.get(name), Sized)]
        if len(lists) == 2 and (total := sum(map(len, lists))) > _MOST_REFERENCES:
            yield BrokenRule(
                field="element_ids",
                rule=f"must have at most {_MOST_REFERENCES} items together with images",
                value=f"{total} items",
                involves=frozenset({"images", "element_ids"}),
            )
        if given.get("result_type") != "series":
            return
        if "n" in given:
            yield BrokenRule(
                field="n",
                rule='must be left out when result_type is "series"',
                value=given["n"],
                involves=frozenset({"n", "result_type"}),
            )
        if "series_amount" not in given:
            yield BrokenRule(
                field="series_amount",
                rule='is required when result_type is "series"',
                involves=frozenset({"series_amount", "result_type"}),
            )

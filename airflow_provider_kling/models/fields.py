"""What the fields of several request classes share: their types, groups of fields, and rules between them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sized
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from airflow_provider_kling.exceptions import BrokenRule
from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.models.annotations import Inferred, Media, PromptText
from airflow_provider_kling.models.request import KlingRequest

_DATA_PREFIX = re.compile(r"^data:[^,]*;base64,", re.IGNORECASE)


def _without_data_prefix(value: object) -> object:
    """Drop ``data:image/png;base64,``: the service takes Base64 only without it (docs: kling image pages)."""
    if not isinstance(value, str):
        return value
    bare = _DATA_PREFIX.sub("", value, count=1)
    if bare[:5].lower() == "data:":
        raise PydanticCustomError("media", "must be a URL or Base64; this data: link is neither")
    return bare


def _refuse_float(value: object) -> object:
    """Keep 5.0 from passing as one of the allowed whole numbers."""
    if isinstance(value, float):
        raise PydanticCustomError("int_type", "must be a whole number")
    return value


_File = Annotated[str, Field(min_length=1), BeforeValidator(_without_data_prefix)]

# Files: a public URL, or the bytes as Base64.
Image = Annotated[_File, Media(MediaType.IMAGE)]
Video = Annotated[_File, Media(MediaType.VIDEO)]
Audio = Annotated[_File, Media(MediaType.AUDIO)]
OneVideo = Annotated[list[Video], Field(min_length=1, max_length=1)]

# Texts. Characters are counted, not bytes.
Prompt = Annotated[str, Field(min_length=1, max_length=2500), PromptText()]
Prompt3072 = Annotated[str, Field(min_length=1, max_length=3072), PromptText()]
PromptInferredLength = Annotated[str, Field(min_length=1), PromptText(), Inferred({"maxLength": 2500})]
Id = Annotated[str, Field(min_length=1)]

# Lengths, in seconds.
OneOfIntegers = BeforeValidator(_refuse_float)
FiveOrTen = Annotated[Literal[5, 10], OneOfIntegers]
ThreeToTen = Annotated[Literal[3, 4, 5, 6, 7, 8, 9, 10], OneOfIntegers]
ThreeToFifteen = Annotated[Literal[3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], OneOfIntegers]

UnitInterval = Annotated[float, Field(ge=0, le=1)]
ExpansionRatio = Annotated[float, Field(ge=0, le=2)]

OnOff = Literal["on", "off"]
Mode = Literal["std", "pro"]
Resolution = Literal["720p", "1080p"]
ImageResolution = Literal["1k", "2k"]

AspectRatio = Literal["16:9", "9:16", "1:1"]
ImageAspectRatio = Literal["16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9"]
ImageAspectRatioOrAuto = Literal["16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9", "auto"]


# A group has the fields that models of several families have in common. What a request class says of such a
# field itself counts more. The fields of the last base come first in a request.


class WithPrompts(KlingRequest):
    """A request with a text that describes the result.

    :param prompt: what the result should show, 1 to 2500 characters.
    :param negative_prompt: what it should not show, 1 to 2500 characters.
    """

    prompt: Prompt
    negative_prompt: Prompt | None = None


class WithAspectRatio(KlingRequest):
    """:param aspect_ratio: ``16:9`` (default), ``9:16`` or ``1:1``."""

    aspect_ratio: AspectRatio = "16:9"


class WithMode(KlingRequest):
    """:param mode: ``std`` (default) or ``pro``, which costs more."""

    mode: Mode = "std"


def broken(given: Mapping[str, Any], field: str, rule: str, *others: str) -> BrokenRule:
    """Return a broken rule of ``field`` that is about the fields ``others``, too."""
    return BrokenRule(field=field, rule=rule, value=given.get(field), involves=frozenset({field, *others}))


def exclusive(given: Mapping[str, Any], *names: str) -> Iterator[BrokenRule]:
    """Allow at most one of the fields."""
    first, *others = [name for name in names if name in given] or [""]
    for other in others:
        yield broken(given, other, f"must be left out when {first} is given", *names)


def left_out_beside(given: Mapping[str, Any], beside: str, *names: str) -> Iterator[BrokenRule]:
    """Allow none of the fields where another is given."""
    for name in names if beside in given else ():
        if name in given:
            yield broken(given, name, f"must be left out when {beside} is given", beside)


def few_references(given: Mapping[str, Any], *, most: int) -> Iterator[BrokenRule]:
    """Allow only so many ``images`` and ``element_ids`` together."""
    lists = [given[name] for name in ("images", "element_ids") if isinstance(given.get(name), Sized)]
    if (total := sum(map(len, lists))) > most:
        yield BrokenRule(
            field="element_ids",
            rule=f"must have at most {most} items together with images",
            value=f"{total} items",
            involves=frozenset({"images", "element_ids"}),
        )


def at_least_one(given: Mapping[str, Any], *names: str) -> Iterator[BrokenRule]:
    """Require one of the fields, or more."""
    if not any(name in given for name in names):
        yield broken(given, names[0], f"is required unless another of {', '.join(names)} is given", *names)


def exactly_one(given: Mapping[str, Any], *names: str) -> Iterator[BrokenRule]:
    """Require one of the fields, and allow no more."""
    yield from at_least_one(given, *names)
    yield from exclusive(given, *names)

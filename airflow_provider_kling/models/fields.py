"""Types that the fields of several request classes share."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.models.annotations import Inferred, Media, PromptText

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

# Texts. Characters are counted, not bytes.
Prompt = Annotated[str, Field(min_length=1, max_length=2500), PromptText()]
PromptOrEmpty = Annotated[str, Field(max_length=2500), PromptText()]
Prompt3072 = Annotated[str, Field(min_length=1, max_length=3072), PromptText()]
PromptInferredLength = Annotated[str, Field(min_length=1), PromptText(), Inferred({"maxLength": 2500})]
Id = Annotated[str, Field(min_length=1)]

OneOfIntegers = BeforeValidator(_refuse_float)
"""For a ``Literal`` of whole numbers."""

# Lengths, in seconds.
FiveOrTen = Annotated[Literal[5, 10], OneOfIntegers]
ThreeToTen = Annotated[Literal[3, 4, 5, 6, 7, 8, 9, 10], OneOfIntegers]
ThreeToFifteen = Annotated[Literal[3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], OneOfIntegers]

UnitInterval = Annotated[float, Field(ge=0, le=1)]
ExpansionRatio = Annotated[float, Field(ge=0, le=2)]
ImageCount = Annotated[int, Field(ge=1, le=9)]

OnOff = Literal["on", "off"]
Mode = Literal["std", "pro"]
Resolution = Literal["720p", "1080p"]
ResolutionTo4k = Literal["720p", "1080p", "4k"]
ImageResolution = Literal["1k", "2k"]

AspectRatio = Literal["16:9", "9:16", "1:1"]
ImageAspectRatio = Literal["16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9"]
ImageAspectRatioOrAuto = Literal["16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9", "auto"]

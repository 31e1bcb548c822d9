"""Fields that several models share, each with the bounds that the documents give it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from airflow_provider_kling.models.warn import warn

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


def inferred(rule: str, holds: Callable[[Any], bool]) -> AfterValidator:
    """Return a bound that no document of the service states: beyond it the value is sent, with a warning.

    :param rule: what the value should do, as a phrase such as ``have at most 7 items``.
    """

    def check(value: Any, info: ValidationInfo) -> Any:
        if not holds(value):
            of = f"{info.context}: " if info.context else ""
            warn(f"{of}{info.field_name} should {rule}, as far as can be inferred. It is sent all the same.")
        return value

    return AfterValidator(check)


Media = Annotated[str, Field(min_length=1), BeforeValidator(_without_data_prefix)]
"""A public URL, or a file's bytes as Base64."""

OneOfIntegers = BeforeValidator(_refuse_float)
"""For a ``Literal`` of whole numbers."""

Prompt = Annotated[str, Field(min_length=1, max_length=2500)]
"""Characters are counted, not bytes. Also what should not be seen, where a model takes that."""

UnitInterval = Annotated[float, Field(ge=0, le=1)]
"""A strength from 0 to 1."""

ExpansionRatio = Annotated[float, Field(ge=0, le=2)]
"""How far a picture grows on one side, as a multiple of its own size."""

Count = Annotated[int, Field(ge=1, le=9)]
"""How many images to make."""

OnOff = Literal["on", "off"]

Mode = Literal["std", "pro"]
"""``std`` is the cheaper and faster tier (720p), ``pro`` the better one (1080p)."""

FiveOrTen = Annotated[Literal[5, 10], OneOfIntegers]
"""Seconds."""

ThreeToFifteen = Annotated[Literal[3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], OneOfIntegers]
"""Seconds."""

AspectRatio = Literal["16:9", "9:16", "1:1"]

ImageAspectRatio = Literal["16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9"]

ImageAspectRatioOrAuto = Literal["16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3", "21:9", "auto"]

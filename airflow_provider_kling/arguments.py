"""What people write in connections, DAGs and templates, read as the type that is meant.

The values often come as text: those of a URI's query, of a form, of a template. What has no sensible meaning
is an error that names the field, the rule and the value, before anything is sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from os import PathLike
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError

# A longer time is a mistake, and does not fit into what Airflow calculates with.
LONGEST_S: Final = 366 * 86400.0

# Not of a link: what a service links to is fetched elsewhere, with checks of the host.
_URI_OF_STORAGE: Final = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]*:///?[^\s/]", re.IGNORECASE)
_HALF_LOCAL: Final = re.compile(r"(file|local)://(?!/)", re.IGNORECASE)
_WITHOUT_BUCKET: Final = re.compile(r"(s3a?|gs|gcs|abfss?|adl|az|wasbs?):///", re.IGNORECASE)

# How pydantic's kinds of error read as rules.
_RULES = {
    "missing": "is required",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "decimal_type": "must be a number",
    "decimal_parsing": "must be a number",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "string_type": "must be a text",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "too_long": "must have {max_length} items",
    "too_short": "must have {min_length} items",
}


class NotGiven(Enum):
    """An argument that is left out, where None means something else."""

    NOT_GIVEN = "not given"


NOT_GIVEN: Final = NotGiven.NOT_GIVEN


class Upload(StrEnum):
    """How media on the user's storage reach the service: see the operators' ``upload``."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Arguments(BaseModel):
    """The base of a set of values that somebody wrote. Text is read as the type of its field.

    >>> class Wait(Arguments):
    ...     seconds: Seconds = 60.0
    >>> Wait.read({"seconds": "1.5"}, subject="wait").seconds
    1.5
    """

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    @classmethod
    def read(cls, given: Mapping[str, Any], *, subject: str, prefix: str = "") -> Self:
        """Return the values as their types.

        :param given: by field. Others than those of the class are ignored.
        :param subject: what an error says is wrong, such as an operator's name.
        :param prefix: what an error puts before the names of the fields.
        :raises KlingRequestError: values make no sense. All of them are named.
        """
        try:
            return cls.model_validate(dict(given))
        except ValidationError as error:
            lines = error.errors(include_url=False)
            broken = [broken_rule(line, rules=_RULES, prefix=prefix) for line in lines]
            raise KlingRequestError(subject=subject, broken=broken) from None


def broken_rule(
    line: ErrorDetails, *, rules: Mapping[str, str], prefix: str = "", **known: Any
) -> BrokenRule:
    """Return one of pydantic's errors as a rule that was broken.

    :param rules: what each of pydantic's kinds of error reads as; its own text for others.
    :param prefix: what to put before the name of the field.
    :param known: for the rules, beside what pydantic knows.
    """
    name, *steps = line["loc"] or ("value",)
    field = f"{prefix}{name}{''.join(f'[{step}]' if isinstance(step, int) else '' for step in steps)}"
    rule = rules.get(line["type"])
    context = {**line.get("ctx", {}), **known}
    value = None if line["type"] == "missing" else line["input"]
    return BrokenRule(field=field, rule=rule.format(**context) if rule else line["msg"], value=value)


def _no_flag(value: object) -> object:
    """Keep true and false from being read as 1 and 0."""
    if isinstance(value, bool):
        raise PydanticCustomError("float_type", "must be a number")
    return value


def seconds(value: object) -> float:
    """Return a length of time in seconds; a validator of pydantic's. It may be negative, or not finite."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if not isinstance(value, bool):
        try:
            return float(value)  # type: ignore[arg-type]  # it may be anything
        except (TypeError, ValueError, OverflowError):
            pass
    raise PydanticCustomError("seconds", "must be a number of seconds, or a timedelta")


def _path(value: object) -> object:
    return _uri(value) if is_path(value) else value


def _location(value: str) -> str:
    if value != value.strip():
        raise PydanticCustomError("location", "must not begin or end with a blank")
    if not value.isprintable():
        raise PydanticCustomError("location", "must be on one line, without control characters")
    problem = None if value.startswith("/") else storage_uri_problem(value)
    if problem:
        raise PydanticCustomError("location", "{problem}", {"problem": problem})
    return value


def storage_uri_problem(uri: str) -> str | None:
    """Return the rule that a text breaks as the URI of a file or a folder on a storage, or None."""
    if _HALF_LOCAL.match(uri):
        return "must have three slashes before a local path, as in file:///folder/name"
    if _WITHOUT_BUCKET.match(uri) or not _URI_OF_STORAGE.match(uri):
        return "must be the URI of a storage, such as s3://bucket/folder/name or file:///folder/name"
    return None


Seconds = Annotated[float, BeforeValidator(seconds), Field(ge=0, le=LONGEST_S, allow_inf_nan=False)]
"""A length of time: a number of seconds, or a ``timedelta``."""

WholeNumber = Annotated[int, BeforeValidator(_no_flag)]
"""A whole number."""

Count = Annotated[WholeNumber, Field(ge=1)]
"""A whole number above 0."""

Number = Annotated[float, BeforeValidator(_no_flag), Field(allow_inf_nan=False)]
"""A finite number."""

Amount = Annotated[Decimal, BeforeValidator(_no_flag), Field(allow_inf_nan=False)]
"""An amount of money: a number, exact where it is text."""

Location = Annotated[str, BeforeValidator(_path), AfterValidator(_location)]
"""The URI of a file or a folder on a storage, an absolute path, or a path object."""


def is_path(value: object) -> bool:
    """Tell whether a value is a path object: Python's, or Airflow's ``ObjectStoragePath``."""
    return isinstance(value, PathLike) or (hasattr(value, "protocol") and hasattr(value, "joinpath"))


def read_object(value: Any) -> Any:
    """Return the dict that a text is JSON of, as of the filter ``tojson``; any other value as it is."""
    return _read_json(value, dict)


def read_list(value: Any) -> Any:
    """Return the list that a text is JSON of; any other value as it is."""
    return _read_json(value, list)


def _read_json(value: Any, kind: type) -> Any:
    if isinstance(value, str):
        with suppress(ValueError, RecursionError):
            read = json.loads(value)
            return read if isinstance(read, kind) else value
    return value


def plain(value: Any) -> Any:
    """Return a value with dicts, lists and texts for mappings, sequences and paths, at any depth.

    Airflow gives the results of a mapped task as a sequence that is read lazily.
    """
    if isinstance(value, Mapping):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
        return [plain(member) for member in value]
    return _uri(value) if is_path(value) else value


def _uri(path: Any) -> str:
    # Airflow's ObjectStoragePath, a PurePath in 3.1, names itself with its scheme and its connection.
    text = str(path)
    return f"file://{text}" if text.startswith("/") else text

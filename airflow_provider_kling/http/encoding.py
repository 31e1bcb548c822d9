"""Encoding a request's body, and naming what cannot be encoded."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError

_DEEPEST = 100


def encode_json(body: Mapping[str, Any], *, subject: str) -> bytes:
    """Return ``body``, which belongs to ``subject``, as JSON in UTF-8.

    :raises KlingRequestError: JSON cannot express a value: a number that is not finite, half of a surrogate
        pair, an object of Python. Every such value is named by its path, such as ``shots[1].prompt``.
    """
    try:
        text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        broken = list(_broken_values(body, path="", depth=0))
        unnamed = BrokenRule(field="body", rule="must be plain JSON")
        raise KlingRequestError(subject=subject, broken=broken or [unnamed]) from error


def check_text(text: str, *, field: str) -> Iterator[BrokenRule]:
    """Yield the rule that a text breaks if UTF-8 cannot encode it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        yield BrokenRule(field=field, rule="must be valid Unicode, without half of a surrogate pair")


def _broken_values(value: object, *, path: str, depth: int) -> Iterator[BrokenRule]:
    if depth > _DEEPEST:
        yield BrokenRule(field=path, rule=f"must be nested at most {_DEEPEST} levels deep")
    elif isinstance(value, Mapping):
        for name, member in value.items():
            if not isinstance(name, str):
                yield BrokenRule(field=path or "body", rule="must have texts as names", value=name)
            elif not name.isprintable():
                yield from check_text(name, field=path or "body")
            inner = f"{path}.{name}" if path else str(name)
            yield from _broken_values(member, path=inner, depth=depth + 1)
    elif isinstance(value, list | tuple):
        for index, member in enumerate(value):
            yield from _broken_values(member, path=f"{path}[{index}]", depth=depth + 1)
    else:
        yield from _broken_scalar(value, path=path)


def _broken_scalar(value: object, *, path: str) -> Iterator[BrokenRule]:
    if isinstance(value, str):
        yield from check_text(value, field=path)
    elif isinstance(value, float) and not math.isfinite(value):
        yield BrokenRule(field=path, rule="must be a finite number", value=value)
    elif value is not None and not isinstance(value, int | float):
        yield BrokenRule(field=path, rule="must be plain JSON", value=value)

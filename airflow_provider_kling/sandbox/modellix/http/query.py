"""Reads the query string of a request."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request

from airflow_provider_kling.sandbox.modellix.service.rejection import Category, Rejection

_MAX_DIGITS: Final = 20


def positive_integer(request: Request, name: str, *, default: int, maximum: int = 2**31) -> int:
    """Return a query parameter that is an integer from 1 to ``maximum``.

    :raises Rejection: 400 if it is not.
    """
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit()):
        raise Rejection(
            Category.INVALID_PARAMETERS, f"parameter '{name}' must be an integer, got '{text[:40]}'"
        )
    # Python refuses to convert a number with thousands of digits.
    if len(text) > _MAX_DIGITS or not 1 <= int(text) <= maximum:
        raise Rejection(
            Category.OUT_OF_RANGE, f"parameter '{name}' must be between 1 and {maximum}, got {text[:40]}"
        )
    return int(text)

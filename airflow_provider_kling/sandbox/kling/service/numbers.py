"""Reads numbers that clients sent: in a query string as text, in a body as numbers or text."""

from __future__ import annotations

from typing import Any, Final

from airflow_provider_kling.sandbox.kling.service.rejection import invalid

_MAX_DIGITS: Final = 18


def whole_number(value: Any, name: str, *, low: int, high: int) -> int:
    """Return a whole number between two bounds; a text of digits is one, too.

    :raises Rejection: 400 with the code 1201.
    """
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not (text.isascii() and text.isdigit()):
        raise invalid(f"parameter '{name}' must be a whole number")
    # Python refuses to convert a number with thousands of digits.
    if len(text) > _MAX_DIGITS or not low <= int(text) <= high:
        raise invalid(f"parameter '{name}' must be between {low} and {high}")
    return int(text)

"""Reads the query of a request."""

from __future__ import annotations

from starlette.requests import Request

from airflow_provider_kling.sandbox.refusal import Category, Refusal


def whole(request: Request, name: str, *, default: int, high: int = 2**31) -> int:
    """Return a parameter that counts from 1. Raises Refusal (400)."""
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit()):
        raise Refusal(
            Category.INVALID_PARAMETERS, f"parameter '{name}' must be an integer, got '{text[:40]}'"
        )
    if not 1 <= int(text) <= high:
        raise Refusal(
            Category.OUT_OF_RANGE, f"parameter '{name}' must be between 1 and {high}, got {text[:40]}"
        )
    return int(text)

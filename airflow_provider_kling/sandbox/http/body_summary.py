"""Summarizes a request body for the records: JSON and text as they are, files without their content."""

from __future__ import annotations

from typing import Any

from airflow_provider_kling.sandbox.http.form import MalformedFormError, parse_form
from airflow_provider_kling.sandbox.http.request_body import MalformedJsonError, parse_json


async def summarize_body(body: bytes, *, content_type: str) -> Any:
    """Return the value of JSON, any other text as a string, and None for an empty body.

    For a form it returns the names, file names, types and sizes in bytes of its parts, for anything else its
    type and size.
    """
    if not body:
        return None
    if content_type.startswith("multipart/"):
        try:
            return {"parts": [part.summary for part in await parse_form(body, content_type=content_type)]}
        except MalformedFormError:
            return _type_and_size(body, content_type)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return _type_and_size(body, content_type)
    try:
        return parse_json(body)
    except MalformedJsonError:
        return text


def _type_and_size(body: bytes, content_type: str) -> dict[str, Any]:
    return {"type": content_type, "size": len(body)}

"""A body as the request log keeps it: what was said, and of files only what they are."""

from __future__ import annotations

import json
from typing import Any

from airflow_provider_kling.sandbox.form import MalformedFormError, read_form


async def noted(body: bytes, *, content_type: str) -> Any:
    """Return JSON as its value, another text as it is, None for nothing.

    Of a form there are the parts' names, file names, types and sizes in bytes; of anything else its type and
    size.
    """
    if not body:
        return None
    if content_type.startswith("multipart/"):
        try:
            return {"parts": [part.facts for part in await read_form(body, content_type=content_type)]}
        except MalformedFormError:
            return _facts(body, content_type)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return _facts(body, content_type)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _facts(body: bytes, content_type: str) -> dict[str, Any]:
    return {"type": content_type, "size": len(body)}

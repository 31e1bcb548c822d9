"""Pages of lists that are read with a cursor. A cursor holds the whole query, as it overrides all else."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from airflow_provider_kling.sandbox.kling.service.rejection import Rejection, invalid


def encoded_cursor(query: Mapping[str, Any]) -> str:
    """Return a query as a cursor: a text that means nothing to its reader."""
    return base64.urlsafe_b64encode(json.dumps(query, separators=(",", ":")).encode()).decode()


def decoded_cursor(cursor: str) -> Mapping[str, Any]:
    """Return the query of a cursor.

    :raises Rejection: 400 with the code 1201: this service has not made it.
    """
    try:
        query = json.loads(base64.b64decode(cursor.encode(), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise bad_cursor() from error
    if not isinstance(query, dict):
        raise bad_cursor()
    return query


def bad_cursor() -> Rejection:
    """Return the rejection of a cursor that this service has not made."""
    return invalid("parameter 'cursor' is not valid")

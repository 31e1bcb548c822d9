"""The JSON body of a request."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from airflow_provider_kling.sandbox.http.request_body import MalformedJsonError, parse_json
from airflow_provider_kling.sandbox.kling.service.rejection import Code, Rejection


async def json_body(request: Request) -> Any:
    """Return the value of a body.

    :raises Rejection: 400 with the code 1200: it is not JSON.
    """
    try:
        return parse_json(await request.body())
    except MalformedJsonError as error:
        raise Rejection(Code.PARAMETERS) from error

"""Responses of the service, made by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from airflow_provider_kling.http.message import HttpRequest, HttpResponse

NOW = 1_800_000_000.0
TASK_ID = "task-v2v-abc123"
REQUEST = HttpRequest(method="GET", path=f"/api/v1/tasks/{TASK_ID}")


def response(
    body: object,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    request: HttpRequest = REQUEST,
) -> HttpResponse:
    """Return a response; a body that is not bytes is sent as JSON."""
    return HttpResponse(
        status=status,
        headers=headers or {},
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        request=request,
        received_at=NOW,
    )


def envelope(**data: Any) -> dict[str, Any]:
    """Wrap the data of a successful response (docs: query-task-result)."""
    return {"code": 0, "message": "success", "data": data}


def error_envelope(message: object, *, code: object) -> dict[str, Any]:
    """Return the envelope of an error, which has no data (docs: error-handling)."""
    return {"code": code, "message": message}

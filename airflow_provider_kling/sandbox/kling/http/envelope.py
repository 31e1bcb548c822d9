"""The envelope of every response (docs: general rules)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_kling.sandbox.http.json_response import JsonResponse
from airflow_provider_kling.sandbox.kling.service.ids import IdSource
from airflow_provider_kling.sandbox.kling.service.rejection import Code, Rejection


@dataclass(frozen=True, kw_only=True)
class PreparedResponse:
    """A status and a body."""

    status: int
    body: Mapping[str, Any]

    def response(self) -> JsonResponse:
        """Return the response."""
        return JsonResponse(self.body, status_code=self.status)


class Envelope:
    """Wraps what responses say: ``code``, ``message``, ``request_id`` and ``data``."""

    def __init__(self, *, ids: IdSource) -> None:
        self._ids = ids

    def success(self, data: Any) -> JsonResponse:
        """Return a response with data."""
        body = {"code": 0, "message": "SUCCEED", "request_id": self._ids.request(), "data": data}
        return JsonResponse(body)

    def failure(self, rejection: Rejection) -> PreparedResponse:
        """Return a response without data; that of 1303 does not even have the field."""
        body: dict[str, Any] = {
            "code": int(rejection.code),
            "message": rejection.message,
            "request_id": self._ids.request(),
        }
        if rejection.code is not Code.SLOTS:
            body["data"] = None
        return PreparedResponse(status=rejection.status, body=body)

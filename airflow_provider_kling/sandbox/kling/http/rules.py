"""The rules of Kling's platform that apply before a request reaches a route."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Scope

from airflow_provider_kling.sandbox.core.clock import Clock
from airflow_provider_kling.sandbox.core.recorder import CallKind
from airflow_provider_kling.sandbox.http.service_rules import ErrorResponse
from airflow_provider_kling.sandbox.kling.http import paths
from airflow_provider_kling.sandbox.kling.http.envelope import Envelope, PreparedResponse
from airflow_provider_kling.sandbox.kling.service.credentials import Credentials
from airflow_provider_kling.sandbox.kling.service.endpoint import Endpoint
from airflow_provider_kling.sandbox.kling.service.rejection import Code, Rejection


class KlingRules:
    """Says which bodies are read, and what counts as what."""

    def __init__(
        self,
        *,
        credentials: Credentials,
        clock: Clock,
        envelope: Envelope,
        endpoints: Mapping[str, Endpoint],
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._envelope = envelope
        self._endpoints = endpoints

    def problem(self, scope: Scope) -> Rejection | None:
        """Return what is wrong with the credentials of a request, or None."""
        path = scope["path"]
        if not paths.is_api(path):
            return None
        given = Headers(scope=scope).get("authorization")
        return self._credentials.problem(given, area=paths.area_of(path), now=self._clock.now())

    def permits_body(self, scope: Scope) -> bool:
        """Whether the body of a request is read: only the API takes one, and only with valid credentials."""
        return paths.is_api(scope["path"]) and self.problem(scope) is None

    def admission(self, scope: Scope) -> AbstractContextManager[ErrorResponse | None]:  # noqa: ARG002  - the protocol's
        """Admit every request."""
        return nullcontext()

    def kind_of(self, method: str, path: str) -> CallKind:
        """Return what a request counts as."""
        return paths.kind_of(method, path, self._endpoints)

    def too_large(self, max_bytes: int) -> PreparedResponse:
        """Return the response to a body that is too large (inferred)."""
        message = f"the body is larger than {max_bytes} bytes"
        return self._envelope.failure(Rejection(Code.PARAMETERS, message))

    def error_body(self, status: int) -> Any:
        """Return the body of an error with this status."""
        return self._envelope.failure(Rejection.of_status(status)).body

    def error_of(self, code: int) -> PreparedResponse:
        """Return the response with an error code."""
        return self._envelope.failure(Rejection(Code(code)))

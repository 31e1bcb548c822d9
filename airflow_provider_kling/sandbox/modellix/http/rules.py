"""The rules of Modellix that apply before a request reaches a route."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from starlette.types import Scope

from airflow_provider_kling.sandbox.core.recorder import CallKind
from airflow_provider_kling.sandbox.modellix.http.authenticator import API, Authenticator
from airflow_provider_kling.sandbox.modellix.http.file_routes import UPLOAD_PATH
from airflow_provider_kling.sandbox.modellix.service.limits import MAX_CONCURRENT_UPLOADS, UploadSlots
from airflow_provider_kling.sandbox.modellix.service.rejection import Category, Rejection, error_body


class ModellixRules:
    """Says which bodies are read, how many uploads run at the same time, and what counts as what."""

    def __init__(self, *, authenticator: Authenticator) -> None:
        self._authenticator = authenticator
        self._upload_slots = UploadSlots()

    def permits_body(self, scope: Scope) -> bool:
        """Whether the body of a request is read: only the API takes one, and only with a valid key."""
        return self._authenticator.permits_body(scope)

    @contextlib.contextmanager
    def admission(self, scope: Scope) -> Iterator[Rejection | None]:
        """Hold a place for an upload; every other request is admitted."""
        if scope["method"] != "POST" or scope["path"] != UPLOAD_PATH:
            yield None
        elif self._upload_slots.take():
            try:
                yield None
            finally:
                self._upload_slots.give_back()
        else:
            number = MAX_CONCURRENT_UPLOADS
            yield Rejection(Category.CONCURRENCY, f"{number} of {number} uploads are running")

    def kind_of(self, method: str, path: str) -> CallKind:
        """Return what a request counts as; calls of the file API are no submissions."""
        if method == "GET" and path.startswith(f"{API}tasks/"):
            return CallKind.POLL
        if method == "POST" and path.startswith(API) and not path.startswith(f"{API}media/"):
            return CallKind.SUBMISSION
        return CallKind.OTHER

    def too_large(self, max_bytes: int) -> Rejection:
        """Return the response to a body that is too large."""
        return Rejection(Category.TOO_LARGE, f"the body is larger than {max_bytes} bytes")

    def error_body(self, status: int) -> Any:
        """Return the documented error body."""
        return error_body(status)

    def error_of(self, code: int) -> Rejection:
        """Raise: the service has no codes, so no fault names one."""
        raise NotImplementedError(code)

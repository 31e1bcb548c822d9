"""Checks the API key of a request, from its headers alone."""

from __future__ import annotations

import hmac
from typing import Final

from starlette.datastructures import Headers
from starlette.types import Scope

API: Final = "/api/v1/"


class Authenticator:
    """Knows the only valid key."""

    def __init__(self, *, api_key: str) -> None:
        self._api_key = api_key

    def problem(self, scope: Scope) -> str | None:
        """Return what is wrong with the key of a request, or None."""
        given = Headers(scope=scope).get("authorization")
        if given is None:
            return "missing Authorization header"
        scheme, _, key = given.partition(" ")
        if scheme != "Bearer" or not key:
            return "the Authorization header must be 'Bearer <API key>'"
        if not hmac.compare_digest(key.encode(), self._api_key.encode()):
            return "invalid API key"
        return None

    def permits_body(self, scope: Scope) -> bool:
        """Whether the body of a request is read: only the API takes one, and only with a valid key."""
        return scope["path"].startswith(API) and self.problem(scope) is None

"""Checks credentials: an API key, or a token signed with a secret key (docs: authentication)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from enum import Enum, auto
from typing import Any, Final

import jwt

from airflow_provider_kling.sandbox.kling.service.rejection import Code, Rejection

# Both texts were seen in real responses of 2026-09.
_NO_TOKENS: Final = (
    "Authentication error. The current API does not support AK/SK; please go to the console "
    "(https://kling.ai/dev/api-key) to create API key."
)
_TOKEN_PARTS: Final = 3


class Area(Enum):
    """What a path belongs to: a token is only valid on the legacy paths and those of the account."""

    NEW = auto()
    LEGACY = auto()


class Credentials:
    """Knows the only valid API key, and the only valid pair of access key and secret key."""

    def __init__(self, *, api_key: str, access_key: str, secret_key: str) -> None:
        self._api_key = api_key
        self._access_key = access_key
        self._secret_key = secret_key

    @property
    def secrets(self) -> frozenset[str]:
        """Return what no record may show."""
        return frozenset({self._api_key, self._secret_key})

    def problem(self, authorization: str | None, *, area: Area, now: float) -> Rejection | None:
        """Return why the credentials of a request are rejected, or None.

        :param authorization: the header; None if there is none.
        :param now: the moment that a token has to be valid at, in epoch seconds.
        """
        if not authorization:
            return Rejection(Code.AUTHORIZATION_EMPTY)
        scheme, _, credential = authorization.partition(" ")
        if scheme != "Bearer" or not credential:
            return Rejection(Code.AUTHENTICATION)
        if _same(credential, self._api_key):
            return None
        if area is Area.NEW:
            return Rejection(Code.AUTHORIZATION_INVALID, _NO_TOKENS)
        return self._token_problem(credential, now=now)

    def _token_problem(self, token: str, *, now: float) -> Rejection | None:
        if (parts := token.count(".") + 1) != _TOKEN_PARTS:
            # The vendor's library counts no part where there is no dot.
            counted = {1: "0", 2: "2"}.get(parts, f"> {_TOKEN_PARTS}")
            message = f"The token was expected to have {_TOKEN_PARTS} parts, but got {counted}"
            return Rejection(Code.AUTHORIZATION_INVALID, message)
        claims = self._claims(token)
        if claims is None or not _is_time(claims["exp"]) or not _is_time(claims.get("nbf", 0)):
            return Rejection(Code.AUTHORIZATION_INVALID)
        if claims.get("nbf", 0) > now:
            return Rejection(Code.TOKEN_NOT_YET_VALID)
        return Rejection(Code.TOKEN_EXPIRED) if claims["exp"] <= now else None

    def _claims(self, token: str) -> Mapping[str, Any] | None:
        """Return the claims of a token that this account has signed; None for any other."""
        # The times are checked by the sandbox's clock, not by the library's.
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._secret_key,
                algorithms=["HS256"],
                options={
                    "require": ["iss", "exp"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                    "verify_aud": False,
                },
            )
        except (jwt.PyJWTError, ValueError, RecursionError):
            return None
        issuer = claims["iss"]
        return claims if isinstance(issuer, str) and _same(issuer, self._access_key) else None


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

"""How requests are signed, and which texts must never be shown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.http.message import HttpRequest
from airflow_provider_kling.http.redaction import Redactor

# A response may quote an older signature than its own, such as one that has just expired.
_DERIVED_SECRETS_KEPT = 64


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What makes one request, or all requests for a time, acceptable to the service.

    :param headers: headers to send with the request.
    :param secrets: every text of the signature that must not be shown, such as a token derived from a key.
    :param valid_until: until when the client may send the same headers with any other request, in Unix
        seconds; ``math.inf`` for a signature that does not expire. None for a signature of this one request,
        which is never used again.
    """

    headers: Mapping[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    valid_until: float | None = None


class Credentials(Protocol):
    """Signs requests. Equal credentials share an asynchronous client, so they are immutable and hashable.

    The client signs every attempt, and reuses a signature until :attr:`Signature.valid_until`. A service may
    reject a signature that has expired, or whose time comes from a clock that is wrong. After each
    :class:`~airflow_provider_kling.exceptions.KlingAuthenticationError` the client discards its signature. A
    gateway classifies such a rejection as
    :class:`~airflow_provider_kling.exceptions.KlingSignatureExpiredError`, which is transient: the next
    attempt is signed again.
    """

    @property
    def secrets(self) -> tuple[str, ...]:
        """The texts that must never be shown and do not change, such as the key itself."""

    def sign(self, request: HttpRequest, *, now: float) -> Signature:
        """Sign a request whose content is already encoded, at ``now`` in Unix seconds."""

    def __hash__(self) -> int:
        """Hash by value, as equality does."""


@dataclass(frozen=True)
class BearerToken:
    """A token that is sent as it is, as ``Authorization: Bearer <token>`` (RFC 6750).

    :param token: printable ASCII. It is never part of ``repr``.
    :raises KlingRequestError: the token is empty, or cannot be sent in a header. The token is not quoted.
    """

    token: str = field(repr=False)

    def __post_init__(self) -> None:
        # The HTTP library would quote any other token in its error.
        if not self.token or not all(33 <= ord(character) <= 126 for character in self.token):
            rule = "must be the API key: printable ASCII, without spaces or line breaks"
            broken = BrokenRule(field="password", rule=rule)
            raise KlingRequestError(subject="the Kling connection", broken=[broken])

    @property
    def secrets(self) -> tuple[str, ...]:
        """The token."""
        return (self.token,)

    def sign(self, request: HttpRequest, *, now: float) -> Signature:
        """Return the header with the token. It is valid for every request, and does not expire."""
        del request, now
        return Signature(headers={"Authorization": f"Bearer {self.token}"}, valid_until=math.inf)


class Signer:
    """Reuses a signature for as long as it is valid. Without credentials, nothing is signed."""

    def __init__(self, credentials: Credentials | None) -> None:
        self._credentials = credentials
        self._signature: Signature | None = None
        self._derived: list[str] = []  # in the order of their last use
        self.redactor = Redactor(credentials.secrets if credentials else ())
        """Knows the credentials' secrets and the newest ones that were derived from them."""

    def headers(self, request: HttpRequest, *, now: float) -> Mapping[str, str]:
        """Return the headers that sign ``request``, at ``now`` in Unix seconds."""
        credentials, signature = self._credentials, self._signature
        if credentials is None:
            return {}
        if signature is None or signature.valid_until is None or signature.valid_until <= now:
            signature = self._signature = credentials.sign(request, now=now)
            if secrets := signature.secrets:
                derived = [*(one for one in self._derived if one not in secrets), *secrets]
                self._derived = derived[-max(_DERIVED_SECRETS_KEPT, len(secrets)) :]
                self.redactor = Redactor((*credentials.secrets, *self._derived))
        return signature.headers

    def discard(self) -> None:
        """Sign the next request again, whatever the last signature's validity."""
        self._signature = None

"""Signing the requests of one client, and keeping what they were signed with out of texts."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_provider_kling.http.credentials import Credentials, Signature
from airflow_provider_kling.http.message import HttpRequest
from airflow_provider_kling.http.redaction import Redactor

# A response may quote an older signature than its own, such as one that has just expired.
_DERIVED_SECRETS_KEPT = 64


class Signer:
    """Reuses a signature for as long as it is valid.

    :param credentials: None for calls that need none.
    """

    def __init__(self, credentials: Credentials | None) -> None:
        self._credentials = credentials
        self._signature: Signature | None = None
        self._derived: dict[str, None] = {}  # in the order of their last use
        self.redactor = Redactor(credentials.secrets if credentials else ())
        """Knows the credentials' secrets and the newest ones that were derived from them."""

    def headers(self, request: HttpRequest, *, now: float) -> Mapping[str, str]:
        """Return the headers that sign ``request``.

        :param now: Unix seconds.
        """
        if self._credentials is None:
            return {}
        signature = self._signature
        if signature is None or signature.valid_until is None or signature.valid_until <= now:
            signature = self._signature = self._credentials.sign(request, now=now)
            self._remember(signature.secrets)
        return signature.headers

    def discard(self) -> None:
        """Sign the next request again, whatever the last signature's validity."""
        self._signature = None

    def _remember(self, secrets: tuple[str, ...]) -> None:
        if not secrets or self._credentials is None:
            return
        for secret in secrets:
            self._derived.pop(secret, None)
            self._derived[secret] = None
        while len(self._derived) > max(_DERIVED_SECRETS_KEPT, len(secrets)):
            del self._derived[next(iter(self._derived))]
        self.redactor = Redactor((*self._credentials.secrets, *self._derived))

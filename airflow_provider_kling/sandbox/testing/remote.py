"""A running sandbox, seen from outside: its address, and the control calls that tests make."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import httpx

# An advance waits for the videos that are due; rendering a hundred takes a while on a small machine.
_TIMEOUT_S: Final = 300.0


class RemoteSandbox:
    """The address, the API key and the control calls of a sandbox.

    Every call raises ``httpx.HTTPError`` if the sandbox cannot be reached.

    :param url: the base URL, such as ``http://127.0.0.1:8787``.
    :param access_key: of Kling's own platform, as is the secret key; empty for Modellix.
    """

    def __init__(self, *, url: str, api_key: str, access_key: str = "", secret_key: str = "") -> None:
        self.url = url
        self.api_key = api_key
        self.access_key = access_key
        self.secret_key = secret_key

    def stats(self) -> dict[str, Any]:
        """Return the counts since the start or the last reset; ``docs/sandbox.md`` lists them."""
        counts: dict[str, Any] = self._call("GET", "stats")
        return counts

    def requests(self, method: str | None = None) -> list[dict[str, Any]]:
        """Return the recorded requests, oldest first.

        Each has ``method``, ``path``, ``query``, ``headers``, ``body``, ``at`` (epoch seconds of the
        sandbox's clock) and ``status`` (None: there was no response).

        :param method: an HTTP method; None returns all requests.
        """
        records: list[dict[str, Any]] = self._call(
            "GET", "requests", params={"method": method} if method else None
        )
        return records

    def faults(self, faults: Sequence[dict[str, Any]]) -> None:
        """Add faults. The first one that matches a request and is not used up applies.

        :param faults: each with ``action``, and ``method``, ``path`` and ``times``; see ``docs/sandbox.md``.
        :raises ValueError: one is not valid; then none is added.
        """
        self._call("POST", "faults", json=list(faults))

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._call("DELETE", "faults")

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock forward, and wait until every task that is due by then is done.

        :param seconds: how far.
        """
        self._call("POST", "clock", json={"advance_s": seconds})

    def callbacks(self) -> list[dict[str, Any]]:
        """Return the callbacks of Kling's own platform, oldest first, when those that are due were delivered.

        Each has ``task_id``, ``status``, ``url``, ``webhook_id``, ``body``, ``at`` (epoch seconds of the
        sandbox's clock), ``response`` (the status; None: there was none) and ``fault``.
        """
        deliveries: list[dict[str, Any]] = self._call("GET", "callbacks")
        return deliveries

    def callback_faults(self, faults: Sequence[dict[str, Any]]) -> None:
        """Let callbacks go wrong. The first fault that matches one and is not used up applies.

        :param faults: each with ``action``, and ``status`` and ``times``; see ``docs/sandbox.md``.
        :raises ValueError: one is not valid; then none is added.
        """
        self._call("POST", "callbacks", json=list(faults))

    def reset(self) -> None:
        """Remove tasks, uploads, faults, counts and records; restore the balance and the clock."""
        self._call("POST", "reset")

    def _call(self, method: str, endpoint: str, **content: Any) -> Any:
        # trust_env: a proxy of the environment must not see calls to a local sandbox.
        with httpx.Client(base_url=self.url, trust_env=False, timeout=_TIMEOUT_S, verify=_tls()) as client:
            response = client.request(method, f"/_sandbox/{endpoint}", **content)
        if response.is_error:
            raise ValueError(f"the sandbox rejected {method} {endpoint}: {response.text}")
        return response.json()


@cache
def _tls() -> ssl.SSLContext:
    """Return the one TLS context of this process: making one takes longer than a call."""
    return httpx.create_ssl_context()

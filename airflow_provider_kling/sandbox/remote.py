"""A running sandbox, seen from outside: its address, and the calls beside the API that tests make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import httpx

# An advance waits for the clips that are due; a hundred of them take a while on a small machine.
_TIMEOUT_S: Final = 300.0


class RemoteSandbox:
    """The address and key of a sandbox, and its control calls. They raise httpx.HTTPError out of reach."""

    def __init__(self, *, url: str, api_key: str) -> None:
        self.url = url
        self.api_key = api_key

    def stats(self) -> dict[str, Any]:
        """Return the counts since the start or the last reset."""
        counts: dict[str, Any] = self._call("GET", "stats")
        return counts

    def requests(self, method: str | None = None) -> list[dict[str, Any]]:
        """Return the requests received, oldest first; of one method, if given."""
        entries: list[dict[str, Any]] = self._call(
            "GET", "requests", params={"method": method} if method else None
        )
        return entries

    def faults(self, faults: Sequence[dict[str, Any]]) -> None:
        """Add faults; a request is hit by the first that fits and is not used up."""
        self._call("POST", "faults", json=list(faults))

    def clear_faults(self) -> None:
        """Forget the faults."""
        self._call("DELETE", "faults")

    def advance(self, seconds: float) -> None:
        """Move the clock on; returns once every task that is due by then is done."""
        self._call("POST", "clock", json={"advance_s": seconds})

    def reset(self) -> None:
        """Forget tasks, uploaded files, faults, counts, requests, balance and the clock's moves."""
        self._call("POST", "reset")

    def _call(self, method: str, what: str, **content: Any) -> Any:
        # The environment's proxies have no business with a sandbox.
        with httpx.Client(base_url=self.url, trust_env=False, timeout=_TIMEOUT_S) as client:
            answer = client.request(method, f"/_sandbox/{what}", **content)
        if answer.is_error:
            raise ValueError(f"the sandbox refused {method} {what}: {answer.text}")
        return answer.json()

"""When a call that failed is worth making again, and how long to wait first."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_kling.exceptions import (
    KlingAPIError,
    KlingConnectionError,
    KlingError,
    KlingProtocolError,
)

_TRANSIENT_STATUS = frozenset({408, 425, 429})


def is_transient(error: KlingError) -> bool:
    """Tell whether the same GET may be answered well a moment later."""
    if isinstance(error, KlingAPIError):
        return error.status_code >= 500 or error.status_code in _TRANSIENT_STATUS
    return isinstance(error, KlingConnectionError | KlingProtocolError)


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """Exponential back-off with full jitter, for calls that are safe to repeat.

    The service recommends 1 s, 2 s, 4 s (docs: error-handling).

    :param attempts: calls made at most, the first included.
    :param base_s: upper bound of the first wait.
    :param longest_s: longest wait; a service that asks for more ends the call instead.
    """

    attempts: int = 4
    base_s: float = 1.0
    longest_s: float = 30.0

    def delay(self, error: KlingError, *, attempt: int, jitter: float) -> float | None:
        """Return the seconds to wait before the next attempt, or None to give up.

        :param attempt: how many calls were made so far.
        :param jitter: a random number in [0, 1).
        """
        if attempt >= self.attempts or not is_transient(error):
            return None
        backoff = min(self.longest_s, self.base_s * 2.0 ** (attempt - 1)) * jitter
        asked = error.retry_after if isinstance(error, KlingAPIError) else None
        if asked is None:
            return backoff
        if asked > self.longest_s:
            return None
        # Jitter comes on top: everyone who was refused was told the same moment. A moment that is
        # already over (two clocks disagree) leaves the back-off as it is.
        return max(backoff, asked + jitter * self.base_s)

"""When a failed call is worth another attempt, and how long to wait before it."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_kling.exceptions import KlingAPIError, KlingError


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """Exponential back-off with full jitter, for idempotent calls.

    :param attempts: most attempts, the first one included.
    :param base_s: upper bound of the first wait, in seconds; it doubles with each attempt.
    :param longest_s: longest wait in seconds. A service that asks for a longer one ends the call.
    """

    attempts: int = 4
    base_s: float = 1.0
    longest_s: float = 30.0

    def delay(self, error: KlingError, *, attempt: int, jitter: float) -> float | None:
        """Return the seconds to wait after a number of attempts, the last of which failed; None to give up.

        :param jitter: a random number in [0, 1).
        """
        if attempt >= self.attempts or not error.transient:
            return None
        backoff = min(self.longest_s, self.base_s * 2.0 ** (attempt - 1)) * jitter
        requested = error.retry_after if isinstance(error, KlingAPIError) else None
        if requested is None:
            return backoff
        if requested > self.longest_s:
            return None
        # Jitter is added: all clients that were rejected got the same moment. A moment that is
        # already over, because two clocks disagree, leaves the back-off as it is.
        return max(backoff, requested + jitter * self.base_s)

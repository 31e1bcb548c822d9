"""One call from start to end, free of any I/O: pacing, sending, retrying, giving up.

The synchronous and the asynchronous client both drive :func:`converse`, so there is one
set of rules for both.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

from airflow_provider_kling.exceptions import KlingError
from airflow_provider_kling.http.message import Call, HttpRequest, HttpResponse
from airflow_provider_kling.http.rate_limit import RateLimit, RateLimiter
from airflow_provider_kling.http.retry import RetryPolicy

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Ask the driver to let this many seconds pass."""

    seconds: float


Step = Wait | HttpRequest
Reply = HttpResponse | KlingError | None


class Exchange:
    """What the calls of one client share.

    :param retry: for the calls that may be repeated.
    :param pacer: spaces the requests.
    :param clock: Unix seconds.
    :param random: numbers in [0, 1).
    """

    def __init__(
        self,
        *,
        retry: RetryPolicy,
        pacer: RateLimiter,
        clock: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self.rate_limit: RateLimit | None = None
        self._retry = retry
        self._pacer = pacer
        self._clock = clock
        self._random = random

    def converse(self, call: Call[T]) -> Generator[Step, Reply, T]:
        """Yield what is to be done next; return what the call returns.

        The driver sends back the answer to a request, or the error that kept it from one, and
        None after a wait. A call that is not repeatable is sent once, whatever comes back.

        :raises KlingError: what the last answer, or the lack of one, stands for.
        """
        attempt = 0
        while True:
            pause = self._pacer.reserve(now=self._clock())
            if pause > 0:
                yield Wait(seconds=pause)
            attempt += 1
            try:
                return self._read(call, (yield call.request))
            except KlingError as error:
                delay = None
                if call.repeatable:
                    delay = self._retry.delay(error, attempt=attempt, jitter=self._random())
                if delay is None:
                    explained = call.explain(error)
                    if explained is error:
                        raise
                    raise explained from error
            yield Wait(seconds=delay)

    def _read(self, call: Call[T], reply: Reply) -> T:
        if isinstance(reply, KlingError):
            raise reply
        if reply is None:
            raise TypeError("a request is answered with a response or an error")
        self.rate_limit = RateLimit.from_headers(reply.headers) or self.rate_limit
        return call.parse(reply)

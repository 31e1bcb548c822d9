"""One call from start to end, free of any I/O: rate limit, signature, attempts, retries.

The synchronous and the asynchronous client both drive :meth:`ClientCore.request_flow`, so one set of rules
holds for both.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from airflow_provider_kling.exceptions import KlingAuthenticationError, KlingError
from airflow_provider_kling.http.message import Call, HttpRequest, HttpResponse, Operation
from airflow_provider_kling.http.observer import NULL_OBSERVER, Observer, WaitReason, notify
from airflow_provider_kling.http.rate_limit import RateLimit, RateLimiter
from airflow_provider_kling.http.retry import RetryPolicy
from airflow_provider_kling.http.settings import ClientSettings
from airflow_provider_kling.http.signing import Signer

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Wait:
    """The driver lets this many seconds pass, and sends back None."""

    seconds: float


@dataclass(frozen=True, kw_only=True)
class Send:
    """The driver sends the request, and sends back the response, or the error that took its place.

    :param signature: headers to add to the request's own.
    """

    request: HttpRequest
    signature: Mapping[str, str] = field(repr=False)


Effect = Wait | Send
Outcome = HttpResponse | KlingError | None


class ClientCore:
    """What the calls of one client share.

    :param settings: how requests are signed and spaced.
    :param retry: for the calls that are idempotent.
    :param clock: Unix seconds.
    :param random: numbers in [0, 1).
    """

    def __init__(
        self,
        *,
        settings: ClientSettings,
        retry: RetryPolicy,
        clock: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self.signer = Signer(settings.credentials)
        self.rate_limit: RateLimit | None = None
        """The request budget in the latest response that had one."""
        self._retry = retry
        self._rate_limiter = RateLimiter(per_minute=settings.requests_per_minute)
        self._clock = clock
        self._random = random

    def request_flow(
        self, call: Call[T], *, observer: Observer = NULL_OBSERVER
    ) -> Generator[Effect, Outcome, T]:
        """Yield what to do next; return what the call returns.

        A call that is not idempotent is sent once, whatever its outcome.

        :raises KlingError: what the last response, or the lack of one, means.
        """
        report = _Report(call=call, observer=observer, started_at=self._clock())
        while True:
            pause = self._rate_limiter.reserve(now=self._clock())
            if pause > 0:
                report.wait(pause, reason=WaitReason.RATE_LIMIT)
                yield Wait(seconds=pause)
            report.attempts += 1
            signature = self.signer.headers(call.request, now=self._clock())
            try:
                result = self._parse(call, (yield Send(request=call.request, signature=signature)))
            except KlingError as error:
                if isinstance(error, KlingAuthenticationError):
                    self.signer.discard()
                delay = None
                if call.idempotent:
                    delay = self._retry.delay(error, attempt=report.attempts, jitter=self._random())
                if delay is None:
                    explained = call.explain(error)
                    report.failure(explained, now=self._clock())
                    if explained is error:
                        raise
                    raise explained from error
            else:
                report.success(now=self._clock())
                return result
            report.wait(delay, reason=WaitReason.RETRY)
            yield Wait(seconds=delay)

    def _parse(self, call: Call[T], outcome: Outcome) -> T:
        if isinstance(outcome, KlingError):
            raise outcome
        if outcome is None:
            raise TypeError("the outcome of a request is a response or an error")
        self.rate_limit = RateLimit.from_headers(outcome.headers) or self.rate_limit
        return call.parse(outcome)


@dataclass(kw_only=True)
class _Report:
    """Reports one call to an observer."""

    call: Call[Any]
    observer: Observer
    started_at: float
    attempts: int = 0

    def success(self, *, now: float) -> None:
        if self.call.operation is Operation.SUBMIT:
            notify(self.observer, lambda observer: observer.on_submission(**self._summary(now=now)))
        elif self.call.operation is Operation.POLL:
            notify(self.observer, lambda observer: observer.on_poll(**self._summary(now=now)))

    def failure(self, error: KlingError, *, now: float) -> None:
        if self.call.operation is Operation.SUBMIT:
            notify(
                self.observer, lambda observer: observer.on_rejection(**self._summary(now=now), error=error)
            )
        elif self.call.operation is Operation.POLL:
            notify(
                self.observer, lambda observer: observer.on_poll_error(**self._summary(now=now), error=error)
            )

    def wait(self, seconds: float, *, reason: WaitReason) -> None:
        operation, request = self.call.operation, str(self.call.request)
        notify(
            self.observer,
            lambda observer: observer.on_wait(
                operation=operation, request=request, seconds=seconds, reason=reason
            ),
        )

    def _summary(self, *, now: float) -> dict[str, Any]:
        return {
            "operation": self.call.operation,
            "request": str(self.call.request),
            "attempts": self.attempts,
            "elapsed_s": now - self.started_at,
        }

"""One call from start to end, free of any I/O: rate limit, signature, attempts, retries.

The synchronous and the asynchronous client both drive :meth:`ClientCore.request_flow`, so one set of rules
holds for both.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from airflow_provider_kling.exceptions import KlingAuthenticationError, KlingError, KlingProtocolError
from airflow_provider_kling.http.credentials import Signer
from airflow_provider_kling.http.message import Call, HttpRequest, HttpResponse, Operation
from airflow_provider_kling.http.observer import NULL_OBSERVER, CallInfo, Observer, WaitReason, notify
from airflow_provider_kling.http.rate_limit import RateLimit, RateLimiter
from airflow_provider_kling.http.retry import RetryPolicy
from airflow_provider_kling.http.settings import ClientSettings

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Wait:
    """The driver lets this many seconds pass, and sends back None."""

    seconds: float


@dataclass(frozen=True, kw_only=True)
class Send:
    """The driver sends the request with its signature, and sends back the response or an error.

    :param limit_s: how long the whole exchange may take, in seconds.
    :param traced: it matters whether a byte of the request was sent.
    :param before_sending: as in :class:`Call`.
    """

    request: HttpRequest
    signature: Mapping[str, str] = field(repr=False)
    limit_s: float
    traced: bool = False
    before_sending: Callable[[], None] | None = None


Effect = Wait | Send
Outcome = HttpResponse | KlingError | None


class ClientCore:
    """What both clients have in common: all but sending and waiting.

    :param settings: where the service is, and how requests are signed and spaced.
    :param retry: for calls that are idempotent; a submission is sent once in any case.
    :param clock: Unix seconds.
    :param random: numbers in [0, 1), for jitter.
    """

    def __init__(
        self,
        *,
        settings: ClientSettings,
        retry: RetryPolicy | None,
        clock: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self.settings = settings
        self.signer = Signer(settings.credentials)
        self.rate_limit: RateLimit | None = None
        """The request budget in the latest response that had one."""
        self.closed = False
        self._retry = retry or RetryPolicy()
        self._rate_limiter = RateLimiter(per_minute=settings.requests_per_minute)
        self._clock = clock
        self._random = random

    def request_flow(
        self, call: Call[T], *, observer: Observer = NULL_OBSERVER, until: float | None = None
    ) -> Generator[Effect, Outcome, T]:
        """Yield what to do next; return what the call returns.

        A call that is not idempotent is sent once, whatever its outcome.

        :param until: Unix seconds; see :meth:`KlingClient.call`.
        :raises KlingError: what the last response, or the lack of one, means.
        """
        if self.closed:
            raise RuntimeError("this client is closed")
        report = _Report(call=call, observer=observer, clock=self._clock)
        while True:
            pause = self._rate_limiter.reserve(now=self._clock())
            if pause > 0:
                report.wait(pause, reason=WaitReason.RATE_LIMIT)
                yield Wait(seconds=pause)
            report.attempts += 1
            try:
                result = self._parse(call, (yield self._send_once(call, until=until)))
            except KlingError as error:
                if isinstance(error, KlingAuthenticationError):
                    self.signer.discard()
                delay = self._delay(call, error, attempt=report.attempts, until=until)
                if delay is None:
                    explained = call.explain(error)
                    report.failure(explained)
                    if explained is error:
                        raise
                    raise explained from error
            else:
                report.success()
                return result
            report.wait(delay, reason=WaitReason.RETRY)
            yield Wait(seconds=delay)

    def _delay(
        self, call: Call[Any], error: KlingError, *, attempt: int, until: float | None
    ) -> float | None:
        """Return the seconds to wait before the next attempt; None for no other attempt."""
        if not call.idempotent:
            return None
        delay = self._retry.delay(error, attempt=attempt, jitter=self._random())
        too_late = delay is not None and until is not None and self._clock() + delay > until
        return None if too_late else delay

    def _send_once(self, call: Call[Any], *, until: float | None) -> Send:
        request, now = call.request, self._clock()
        limit_s = self.settings.longest_exchange_s(sent_bytes=len(request.content or b""))
        if until is not None:
            limit_s = min(limit_s, max(self.settings.read_timeout_s, until - now))
        signature = self.signer.headers(request, now=now)
        return Send(
            request=request,
            signature=signature,
            limit_s=limit_s,
            traced=not call.idempotent or call.before_sending is not None,
            before_sending=call.before_sending,
        )

    def _parse(self, call: Call[T], outcome: Outcome) -> T:
        if isinstance(outcome, KlingError):
            raise outcome
        if outcome is None:
            raise TypeError("the outcome of a request is a response or an error")
        self.rate_limit = RateLimit.from_headers(outcome.headers) or self.rate_limit
        # Read first, then redacted: a key that is a common word would otherwise change what is read.
        redactor = outcome.redactor
        may_hold_secret = redactor.may_be_in(outcome.body, outcome.headers)
        try:
            result = call.parse(outcome)
        except KlingError as error:
            if may_hold_secret:
                redactor.error(error)
            raise
        try:
            redacted: T = redactor.value(result) if may_hold_secret else result
        except RecursionError:
            raise KlingProtocolError(f"The response to {call.request} is nested too deeply") from None
        return redacted


class _Report:
    """Reports one call to an observer."""

    def __init__(self, *, call: Call[Any], observer: Observer, clock: Callable[[], float]) -> None:
        self.attempts = 0
        self._call = call
        self._observer = observer
        self._clock = clock
        self._started_at = clock()

    def success(self) -> None:
        if self._call.operation is Operation.SUBMIT:
            notify(self._observer, lambda one: one.on_submission(self._info()))
        elif self._call.operation is Operation.POLL:
            notify(self._observer, lambda one: one.on_poll(self._info()))

    def failure(self, error: KlingError) -> None:
        if self._call.operation is Operation.SUBMIT:
            notify(self._observer, lambda one: one.on_rejection(self._info(), error=error))
        elif self._call.operation is Operation.POLL:
            notify(self._observer, lambda one: one.on_poll_error(self._info(), error=error))

    def wait(self, seconds: float, *, reason: WaitReason) -> None:
        notify(self._observer, lambda one: one.on_wait(self._info(), seconds=seconds, reason=reason))

    def _info(self) -> CallInfo:
        return CallInfo(
            operation=self._call.operation,
            request=str(self._call.request),
            attempts=self.attempts,
            elapsed_s=self._clock() - self._started_at,
        )

"""The synchronous client, for workers, and its asynchronous twin, for triggers."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Generator
from types import TracebackType
from typing import Self, TypeVar

from airflow_provider_kling.exceptions import KlingError
from airflow_provider_kling.http.library import httpx
from airflow_provider_kling.http.message import Call, HttpResponse
from airflow_provider_kling.http.observer import NULL_OBSERVER, Observer
from airflow_provider_kling.http.rate_limit import RateLimit
from airflow_provider_kling.http.request_flow import ClientCore, Effect, Outcome, Send, Wait
from airflow_provider_kling.http.response_reader import ResponseReader
from airflow_provider_kling.http.retry import RetryPolicy
from airflow_provider_kling.http.settings import ClientSettings
from airflow_provider_kling.http.transport import RequestBuilder, transport_options

T = TypeVar("T")


class _Client:
    """What both clients have in common: all but sending and waiting."""

    def __init__(
        self,
        *,
        settings: ClientSettings,
        retry: RetryPolicy | None,
        clock: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._core = ClientCore(settings=settings, retry=retry or RetryPolicy(), clock=clock, random=random)
        self._requests = RequestBuilder(settings)
        self._closed = False

    @property
    def rate_limit(self) -> RateLimit | None:
        """The request budget in the latest response that had one; None before that."""
        return self._core.rate_limit

    @property
    def closed(self) -> bool:
        """Whether the client can no longer be used."""
        return self._closed

    def _start(self, call: Call[T], *, observer: Observer) -> Generator[Effect, Outcome, T]:
        if self._closed:
            raise RuntimeError("this client is closed")
        return self._core.request_flow(call, observer=observer)

    def _reader(self, send: Send) -> ResponseReader:
        redactor = self._core.signer.redactor
        return ResponseReader(request=send.request, base_url=self.settings.base_url, redactor=redactor)


class KlingClient(_Client):
    """Makes calls one after another, and waits by blocking.

    :param settings: where the service is, and how requests are signed.
    :param retry: for calls that are idempotent; a submission is sent once in any case.
    :param sleep: waits, in seconds.
    :param clock: Unix seconds.
    :param random: numbers in [0, 1), for jitter.
    """

    def __init__(
        self,
        *,
        settings: ClientSettings,
        retry: RetryPolicy | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
        random: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(settings=settings, retry=retry, clock=clock, random=random)
        self._sleep = sleep
        self._transport = httpx.HTTPTransport(**transport_options(settings))

    def call(self, call: Call[T], *, observer: Observer = NULL_OBSERVER) -> T:
        """Make one call.

        :param call: what a gateway prepared.
        :param observer: receives the events of the call.
        :returns: what the call parses from the response.
        :raises KlingError: what the response, or the lack of one, means.
        """
        flow = self._start(call, observer=observer)
        outcome: Outcome = None
        while True:
            try:
                effect = flow.send(outcome)
            except StopIteration as end:
                result: T = end.value
                return result
            if isinstance(effect, Wait):
                outcome = None
                self._sleep(effect.seconds)
            else:
                outcome = self._send(effect)

    def _send(self, send: Send) -> HttpResponse | KlingError:
        reader = self._reader(send)
        try:
            response = self._transport.handle_request(self._requests.build(send))
            try:
                reader.begin(response)
                for chunk in response.iter_raw():
                    reader.feed(chunk)
            finally:
                response.close()
        except httpx.HTTPError as error:
            return reader.failure(error)
        except KlingError as error:
            return error
        return reader.finish(now=self._clock())

    def close(self) -> None:
        """Close the pooled connections."""
        self._closed = True
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncKlingClient(_Client):
    """Does what :class:`KlingClient` does without blocking the event loop.

    It belongs to the loop on which it is first used. Get it from
    :func:`~airflow_provider_kling.http.shared.shared_client` instead of making one for each task.

    :param settings: where the service is, and how requests are signed.
    :param retry: for calls that are idempotent; a submission is sent once in any case.
    :param sleep: waits, in seconds.
    :param clock: Unix seconds.
    :param random: numbers in [0, 1), for jitter.
    """

    def __init__(
        self,
        *,
        settings: ClientSettings,
        retry: RetryPolicy | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.time,
        random: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(settings=settings, retry=retry, clock=clock, random=random)
        self._sleep = sleep
        self._transport = httpx.AsyncHTTPTransport(**transport_options(settings))

    async def call(self, call: Call[T], *, observer: Observer = NULL_OBSERVER) -> T:
        """Make one call.

        :param call: what a gateway prepared.
        :param observer: receives the events of the call.
        :returns: what the call parses from the response.
        :raises KlingError: what the response, or the lack of one, means.
        """
        flow = self._start(call, observer=observer)
        outcome: Outcome = None
        while True:
            try:
                effect = flow.send(outcome)
            except StopIteration as end:
                result: T = end.value
                return result
            if isinstance(effect, Wait):
                outcome = None
                await self._sleep(effect.seconds)
            else:
                outcome = await self._send(effect)

    async def _send(self, send: Send) -> HttpResponse | KlingError:
        reader = self._reader(send)
        try:
            response = await self._transport.handle_async_request(self._requests.build(send))
            try:
                reader.begin(response)
                async for chunk in response.aiter_raw():
                    reader.feed(chunk)
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            return reader.failure(error)
        except KlingError as error:
            return error
        return reader.finish(now=self._clock())

    async def aclose(self) -> None:
        """Close the pooled connections."""
        self._closed = True
        await self._transport.aclose()

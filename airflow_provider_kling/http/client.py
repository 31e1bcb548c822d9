"""The synchronous client, for workers, and its asynchronous twin, for triggers."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, TypeVar

import httpx

from airflow_provider_kling.exceptions import KlingError
from airflow_provider_kling.http.message import Call, HttpRequest, HttpResponse
from airflow_provider_kling.http.rate_limit import RateLimit, RateLimiter
from airflow_provider_kling.http.request_flow import Exchange, Reply, Wait
from airflow_provider_kling.http.retry import RetryPolicy
from airflow_provider_kling.http.settings import ClientSettings
from airflow_provider_kling.http.transport import ResponseReader, httpx_options, send_options

T = TypeVar("T")


class KlingClient:
    """Carries out calls one after another, and waits by blocking.

    :param settings: where to and with which key.
    :param retry: for calls that may be repeated; a submission is sent once in any case.
    :param sleep: how to wait.
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
        self.settings = settings
        self._sleep = sleep
        self._clock = clock
        self._exchange = Exchange(
            retry=retry or RetryPolicy(),
            pacer=RateLimiter(per_minute=settings.requests_per_minute),
            clock=clock,
            random=random,
        )
        self._http = httpx.Client(**httpx_options(settings))

    @property
    def rate_limit(self) -> RateLimit | None:
        """The budget that the latest answer spoke of."""
        return self._exchange.rate_limit

    def call(self, call: Call[T]) -> T:
        """Carry out one call.

        :raises KlingError: what the answer, or the lack of one, stands for.
        """
        conversation = self._exchange.converse(call)
        reply: Reply = None
        while True:
            try:
                step = conversation.send(reply)
            except StopIteration as end:
                result: T = end.value
                return result
            if isinstance(step, Wait):
                self._sleep(step.seconds)
                reply = None
            else:
                reply = self._send(step)

    def _send(self, request: HttpRequest) -> HttpResponse | KlingError:
        reader = ResponseReader(request=request, settings=self.settings)
        try:
            with self._http.stream(**send_options(request)) as response:
                reader.begin()
                for chunk in response.iter_bytes():
                    reader.feed(chunk)
        except httpx.HTTPError as error:
            return reader.failure(error)
        except KlingError as error:
            return error
        return reader.finish(response, now=self._clock())

    def close(self) -> None:
        """Close the pooled connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncKlingClient:
    """Does what :class:`KlingClient` does without ever blocking its event loop.

    It belongs to the loop it is first used on. Take it from
    :func:`~airflow_provider_kling.http.shared.shared_client` rather than making one a task.
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
        self.settings = settings
        self._sleep = sleep
        self._clock = clock
        self._exchange = Exchange(
            retry=retry or RetryPolicy(),
            pacer=RateLimiter(per_minute=settings.requests_per_minute),
            clock=clock,
            random=random,
        )
        self._http = httpx.AsyncClient(**httpx_options(settings))

    @property
    def rate_limit(self) -> RateLimit | None:
        """The budget that the latest answer spoke of."""
        return self._exchange.rate_limit

    async def call(self, call: Call[T]) -> T:
        """Carry out one call; see :meth:`KlingClient.call`."""
        conversation = self._exchange.converse(call)
        reply: Reply = None
        while True:
            try:
                step = conversation.send(reply)
            except StopIteration as end:
                result: T = end.value
                return result
            if isinstance(step, Wait):
                await self._sleep(step.seconds)
                reply = None
            else:
                reply = await self._send(step)

    async def _send(self, request: HttpRequest) -> HttpResponse | KlingError:
        reader = ResponseReader(request=request, settings=self.settings)
        try:
            async with self._http.stream(**send_options(request)) as response:
                reader.begin()
                async for chunk in response.aiter_bytes():
                    reader.feed(chunk)
        except httpx.HTTPError as error:
            return reader.failure(error)
        except KlingError as error:
            return error
        return reader.finish(response, now=self._clock())

    @property
    def closed(self) -> bool:
        """Whether the client can no longer be used."""
        return self._http.is_closed

    async def aclose(self) -> None:
        """Close the pooled connections."""
        await self._http.aclose()

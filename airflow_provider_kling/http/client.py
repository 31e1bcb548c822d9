"""The synchronous client, for workers, and its asynchronous twin, for triggers."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager, closing, nullcontext
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

from airflow_provider_kling.exceptions import KlingError
from airflow_provider_kling.http.message import Call, HttpResponse
from airflow_provider_kling.http.network import async_connection_pool, connection_pool, within
from airflow_provider_kling.http.observer import NULL_OBSERVER, Observer
from airflow_provider_kling.http.request_flow import ClientCore, Outcome, Send, Wait
from airflow_provider_kling.http.response_reader import ResponseReader
from airflow_provider_kling.http.retry import RetryPolicy
from airflow_provider_kling.http.settings import ClientSettings
from airflow_provider_kling.http.transport import RequestBuilder

T = TypeVar("T")

ONCE: Final = 0.0
"""As ``until``: a call that fails is not repeated. Who polls decides when to poll again."""


class _Client(ClientCore):
    """What both clients have in common: all but sending and waiting."""

    def __init__(
        self,
        *,
        settings: ClientSettings,
        retry: RetryPolicy | None,
        clock: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        super().__init__(settings=settings, retry=retry, clock=clock, random=random)
        self._requests = RequestBuilder(settings)

    def _reader(self, send: Send) -> ResponseReader:
        return ResponseReader(
            request=send.request,
            base_url=self.settings.base_url,
            redactor=self.signer.redactor,
            traced=send.traced,
            before_sending=send.before_sending,
        )


class KlingClient(_Client):
    """Makes calls one after another, and waits by blocking; see :class:`ClientCore`.

    :param sleep: waits, in seconds.
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
        self._pool = connection_pool(settings.base_url)

    def call(self, call: Call[T], *, observer: Observer = NULL_OBSERVER, until: float | None = None) -> T:
        """Make one call.

        :param call: what a gateway prepared.
        :param observer: receives the events of the call.
        :param until: Unix seconds. After this time, no further attempt is made; one that is made just before
            it may take the ``read_timeout_s`` of the settings.
        :returns: what the call parses from the response.
        :raises KlingError: what the response, or the lack of one, means.
        """
        flow = self.request_flow(call, observer=observer, until=until)
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

        def trace(event: str, info: Mapping[str, Any]) -> None:
            reader.on_event(event, info)

        extensions = {"trace": trace} if send.traced else {}
        # A submission has a connection of its own. The service may have closed one that was idle, and then it
        # is unknown whether it has received the request; or there is more of an earlier response in it.
        own = closing(connection_pool(self.settings.base_url)) if send.traced else None
        try:
            with (
                within(send.limit_s),
                own or nullcontext(self._pool) as pool,
                closing(pool.handle_request(self._requests.build(send, **extensions))) as response,
            ):
                reader.begin(response.status, response.headers)
                for chunk in response.iter_stream():
                    reader.feed(chunk)
        except Exception as error:  # noqa: BLE001  - also of what is below the library: names, proxies
            return reader.failure(error, now=self._clock())
        return reader.finish(now=self._clock())

    def close(self) -> None:
        """Close the pooled connections."""
        self.closed = True
        self._pool.close()


class AsyncKlingClient(_Client):
    """Does what :class:`KlingClient` does without blocking the event loop on which it is first used.

    :func:`shared_client` returns one for all tasks on a loop.

    :param sleep: waits, in seconds.
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
        self.holders = 0
        """How many share it; see :func:`shared_client`."""
        self.companions: dict[type, Any] = {}
        """What those who share it keep with it, by class. It is gone when the client is."""
        self._sleep = sleep
        self._pool = async_connection_pool(settings.base_url)

    async def call(
        self, call: Call[T], *, observer: Observer = NULL_OBSERVER, until: float | None = None
    ) -> T:
        """Make one call; see :meth:`KlingClient.call`."""
        flow = self.request_flow(call, observer=observer, until=until)
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

        async def trace(event: str, info: Mapping[str, Any]) -> None:
            reader.on_event(event, info)

        extensions = {"trace": trace} if send.traced else {}
        request = self._requests.build(send, **extensions)
        own = aclosing(async_connection_pool(self.settings.base_url)) if send.traced else None  # as above
        try:
            async with (
                asyncio.timeout(send.limit_s),
                own or nullcontext(self._pool) as pool,
                aclosing(await pool.handle_async_request(request)) as response,
            ):
                reader.begin(response.status, response.headers)
                async for chunk in response.aiter_stream():
                    reader.feed(chunk)
        except Exception as error:  # noqa: BLE001  - as above
            return reader.failure(error, now=self._clock())
        return reader.finish(now=self._clock())

    async def aclose(self) -> None:
        """Close the pooled connections."""
        self.closed = True
        await self._pool.aclose()


_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[ClientSettings, AsyncKlingClient]] = (
    WeakKeyDictionary()
)


@asynccontextmanager
async def shared_client(settings: ClientSettings) -> AsyncIterator[AsyncKlingClient]:
    """Hold this event loop's client for equal ``settings``. The last holder that leaves closes it.

    A triggerer runs a thousand tasks on one loop. They share connections, and what the service says about
    their common request budget.
    """
    of_this_loop = _shared.setdefault(asyncio.get_running_loop(), {})
    client = of_this_loop.get(settings)
    if client is None:
        client = of_this_loop[settings] = AsyncKlingClient(settings=settings)
    client.holders += 1
    try:
        yield client
    finally:
        client.holders -= 1
        if client.holders == 0:
            del of_this_loop[settings]
            await client.aclose()

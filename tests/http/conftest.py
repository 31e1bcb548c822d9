"""Both clients, called alike, with a clock and a sleep that take no time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, TypeVar

import pytest

from airflow_provider_kling.http.client import AsyncKlingClient, KlingClient
from airflow_provider_kling.http.credentials import BearerToken, Credentials
from airflow_provider_kling.http.message import Call
from airflow_provider_kling.http.rate_limit import RateLimit
from airflow_provider_kling.http.retry import RetryPolicy
from airflow_provider_kling.http.settings import ClientSettings
from tests.http.raw_server import Answer, RawServer

T = TypeVar("T")

API_KEY = "sk-canary-0123456789"
START = 1_800_000_000.0


class Caller:
    """Either client, called synchronously.

    :ivar slept: the seconds of each wait.
    """

    def __init__(
        self,
        kind: str,
        *,
        url: str,
        credentials: Credentials | None = BearerToken(API_KEY),  # noqa: B008  - immutable
        jitter: float = 0.5,
        retry: RetryPolicy | None = None,
        **settings: Any,
    ) -> None:
        self.now = START
        self.slept: list[float] = []
        self._runner = asyncio.Runner()
        options: dict[str, Any] = {
            "settings": ClientSettings(base_url=url, credentials=credentials, **settings),
            "retry": retry,
            "clock": lambda: self.now,
            "random": lambda: jitter,
        }
        self._sync = self._async = None
        if kind == "sync":
            self._sync = KlingClient(sleep=self._sleep, **options)
        else:
            self._async = AsyncKlingClient(sleep=self._asleep, **options)

    def call(self, call: Call[T], **options: Any) -> T:
        """Make a call."""
        if self._sync:
            return self._sync.call(call, **options)
        assert self._async
        return self._runner.run(self._async.call(call, **options))

    @property
    def rate_limit(self) -> RateLimit | None:
        """The budget that the client knows."""
        client = self._sync or self._async
        assert client
        return client.rate_limit

    def close_client(self) -> None:
        """Close the client."""
        if self._sync:
            self._sync.close()
        elif self._async:
            self._runner.run(self._async.aclose())

    def close(self) -> None:
        """Close the client and its loop."""
        self.close_client()
        self._runner.close()

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    async def _asleep(self, seconds: float) -> None:
        self._sleep(seconds)


@pytest.fixture
def serve() -> Iterator[Callable[..., RawServer]]:
    """Start servers with scripts of responses."""
    with ExitStack() as stack:

        def serve(*script: Answer) -> RawServer:
            return stack.enter_context(RawServer(*script))

        yield serve


@pytest.fixture(params=["sync", "async"])
def make_caller(request: pytest.FixtureRequest) -> Iterator[Callable[..., Caller]]:
    """Make clients: synchronous ones in one run of a test, asynchronous ones in another."""
    with ExitStack() as stack:

        def make(**options: Any) -> Caller:
            caller = Caller(request.param, **options)
            stack.callback(caller.close)
            return caller

        yield make

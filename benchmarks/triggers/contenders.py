"""The triggers that are compared. Each waits until its task has ended, and then yields an event."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import random
import ssl
import time
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from airflow.triggers.base import BaseTrigger, TriggerEvent

from benchmarks.triggers.certificate import trusted
from benchmarks.triggers.service import Load

KEY: Final = "sk-benchmark-0123456789"
CONN_ID: Final = "kling_benchmark"
CONNECTIONS: Final = 10
CERTIFICATE: Final = "KLING_BENCHMARK_CERTIFICATE"
"""The environment variable with the certificate to trust, where the service has one."""

_HEADERS = {"Authorization": f"Bearer {KEY}", "User-Agent": "benchmark/1", "Accept": "application/json"}


def _tls() -> ssl.SSLContext | None:
    return trusted(Path(os.environ[CERTIFICATE])) if CERTIFICATE in os.environ else None


class FixedInterval(BaseTrigger):
    """Polls at a fixed interval. Its first poll comes at a random time, as tasks do not start together."""

    shared: ClassVar[Any] = None
    """The client of all triggers of a process, where they share one."""

    def __init__(self, *, url: str, number: int, interval_s: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.url = url
        self.number = number
        self.interval_s = interval_s

    def serialize(self) -> tuple[str, dict[str, Any]]:
        arguments = {"url": self.url, "number": self.number, "interval_s": self.interval_s}
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        await asyncio.sleep(random.random() * self.interval_s)  # noqa: S311
        while not await self.has_ended():
            await asyncio.sleep(self.interval_s)
        yield TriggerEvent({"status": "success"})  # type: ignore[no-untyped-call]

    async def has_ended(self) -> bool:
        """Poll once."""
        return _has_ended(await self.read(f"/api/v1/tasks/task-{self.number}"))

    @abstractmethod
    async def read(self, path: str) -> Any:
        """Return the JSON of a response."""

    @classmethod
    def once(cls, make: Callable[[], Any]) -> Any:
        """Return what all triggers of this kind share; it lives as long as the process."""
        if cls.shared is None:
            cls.shared = make()
        return cls.shared


def _has_ended(body: Any) -> bool:
    return bool(body["data"]["status"] == "success")


class AiohttpPerPoll(FixedInterval):
    """A session of aiohttp for each poll, as many of Airflow's triggers do it."""

    async def read(self, path: str) -> Any:
        import aiohttp

        tls = self.once(_tls) or True
        async with (
            aiohttp.ClientSession(headers=_HEADERS) as session,
            session.get(self.url + path, ssl=tls) as response,
        ):
            return await response.json()


class AiohttpShared(FixedInterval):
    """One session of aiohttp for all."""

    async def read(self, path: str) -> Any:
        import aiohttp

        def make() -> Any:
            connector = aiohttp.TCPConnector(limit=CONNECTIONS, ssl=_tls() or True)
            return aiohttp.ClientSession(self.url, headers=_HEADERS, connector=connector)

        async with self.once(make).get(path) as response:
            return await response.json()


class HttpxShared(FixedInterval):
    """One client of httpx2 for all."""

    async def read(self, path: str) -> Any:
        def make() -> Any:
            httpx = importlib.import_module("httpx2")
            limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
            # Without a limit of the time that a request waits for one of the connections.
            timeout = httpx.Timeout(30.0, pool=None)
            tls = {"verify": context} if (context := _tls()) else {}
            return httpx.AsyncClient(
                base_url=self.url, headers=_HEADERS, limits=limits, timeout=timeout, **tls
            )

        return (await self.once(make).get(path)).json()


class BareSocket(FixedInterval):
    """The floor: one connection for all, one request after another, and next to no parsing."""

    async def read(self, path: str) -> Any:
        if self.shared is None:
            type(self).shared = _Wire(self.url)
        return await self.shared.get(path)


class _Wire:
    """A connection that is kept open."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._opened = asyncio.ensure_future(
            asyncio.open_connection(address.hostname, address.port, ssl=_tls())
        )
        self._lock = asyncio.Lock()
        self._host = address.netloc

    async def get(self, path: str) -> Any:
        reader, writer = await asyncio.shield(self._opened)
        async with self._lock:
            writer.write(
                f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode()
            )
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = int(head.rpartition("Content-Length: ")[2])
            return json.loads(await reader.readexactly(length))


class Sleeping(FixedInterval):
    """Sends nothing: what Airflow's runner and a sleeping coroutine cost by themselves."""

    async def has_ended(self) -> bool:
        return self.number == 0

    async def read(self, path: str) -> Any:
        raise NotImplementedError


Arguments = Callable[[str, int, float, Load], dict[str, Any]]
"""Returns a trigger's arguments by URL, number of the task, interval and load."""


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A trigger that is compared.

    :param label: for people.
    :param classpath: where Airflow finds it.
    :param arguments: of a trigger.
    :param has_interval: it polls at a fixed interval.
    """

    label: str
    classpath: str
    arguments: Arguments
    has_interval: bool = True


def _fixed(url: str, number: int, interval_s: float, load: Load) -> dict[str, Any]:
    del load
    return {"url": url, "number": number, "interval_s": interval_s}


def _sensor(url: str, number: int, interval_s: float, load: Load) -> dict[str, Any]:
    del url, load
    return {
        "endpoint": f"ready/task-{number}",
        "http_conn_id": f"http_{CONN_ID}",
        "poke_interval": interval_s,
    }


def _ours(url: str, number: int, interval_s: float, load: Load) -> dict[str, Any]:
    """Return the arguments as the operator makes them. Times are scaled by what a median of 120 s has."""
    del url, interval_s
    from airflow_provider_kling.polling import PollingPlan

    scale, usual = load.median_s / 120, PollingPlan(submitted_at=0, deadline=0)
    plan = PollingPlan.starting(
        submitted_at=time.time() - load.age_s(number),
        timeout=3600,
        kind="benchmark" if number else "warm-up",
        expected_from_s=60 * scale,
        expected_s=300 * scale,
        min_interval_s=scale * usual.min_interval_s,
        max_interval_s=scale * usual.max_interval_s,
        max_overdue_interval_s=scale * usual.max_overdue_interval_s,
    )
    return {"conn_id": CONN_ID, "kling_task_id": f"task-{number}", "plan": plan.to_json()}


def _own(trigger: type[FixedInterval]) -> str:
    return f"{trigger.__module__}.{trigger.__qualname__}"


CONTENDERS: Final[Mapping[str, Contender]] = {
    "ours": Contender(
        label="this package's `KlingTaskTrigger`",
        classpath="airflow_provider_kling.triggers.kling.KlingTaskTrigger",
        arguments=_ours,
        has_interval=False,
    ),
    "sensor": Contender(
        label="Airflow's `HttpSensorTrigger`",
        classpath="airflow.providers.http.triggers.http.HttpSensorTrigger",
        arguments=_sensor,
    ),
    "aiohttp per poll": Contender(
        label="aiohttp, a session per poll", classpath=_own(AiohttpPerPoll), arguments=_fixed
    ),
    "aiohttp": Contender(label="aiohttp, one session", classpath=_own(AiohttpShared), arguments=_fixed),
    "httpx2": Contender(label="httpx2, one client", classpath=_own(HttpxShared), arguments=_fixed),
    "socket": Contender(label="one bare socket", classpath=_own(BareSocket), arguments=_fixed),
    "sleeping": Contender(label="no polls at all", classpath=_own(Sleeping), arguments=_fixed),
}

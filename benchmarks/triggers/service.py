"""A minimal service whose tasks end at known times, and that notes when each end was seen.

It runs in a process of its own, on one event loop, and reads as little of a request as it needs:

- ``GET /begin`` submits all tasks, anew each time; task 0 ends at once, and is not counted;
- ``GET /api/v1/tasks/task-N`` responds as Modellix documents it;
- ``GET /ready/task-N`` responds 404 until the task has ended, as an HTTP sensor wants it;
- ``GET /report`` tells what happened so far.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import ssl
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks.server import Connection
from benchmarks.triggers.certificate import trusted

_GOLDEN: Final = 0.618_034  # its multiples are spread evenly
_SPREAD: Final = 0.4  # sigma of the log-normal distribution of times
_LONGEST: Final = 2.5  # times the median: no measurement shall wait for the last one in a thousand


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a service has to do.

    :param tasks: how many are submitted at once.
    :param median_s: half of the tasks take no longer.
    :param per_minute: requests of a window of a minute; more are rejected with 429.
    :param under_way: the tasks were submitted before, as when a triggerer starts again; some have ended.
    """

    tasks: int
    median_s: float
    per_minute: int = 1_000_000
    under_way: bool = False

    def age_s(self, number: int) -> float:
        """Return how long before the begin a task was submitted, in seconds: up to the median time."""
        return self.median_s * (number * _GOLDEN % 1) if self.under_way else 0.0


def drawn(load: Load) -> list[float]:
    """Return how long each task takes, in seconds; in each run the same."""
    chance = random.Random(load.tasks)  # noqa: S311  - so that each run is the same
    times = [0.0]
    while len(times) <= load.tasks:
        factor = chance.lognormvariate(0.0, _SPREAD)
        if factor <= _LONGEST:
            times.append(load.median_s * factor)
    return times


class _Tasks:
    """The tasks, and what became of their polls."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._times = drawn(load)
        self._window = self._in_window = 0
        self.begin()

    def begin(self) -> None:
        self._begun = time.time()
        ages = map(self._load.age_s, range(len(self._times)))
        self._ends = [self._begun + each - age for each, age in zip(self._times, ages, strict=True)]
        self._seen: dict[int, float] = {}
        self._polls = 0
        self._per_second: Counter[int] = Counter()
        self._rejected = 0

    def poll(self, number: int) -> bool | None:
        """Take a poll, and tell whether the task has ended; None for a poll too many."""
        now = time.time()
        if int(now // 60) != self._window:
            self._window, self._in_window = int(now // 60), 0
        self._in_window += 1
        if self._in_window > self._load.per_minute:
            self._rejected += 1
            return None
        has_ended = now >= self._ends[number]
        if number == 0:
            return has_ended
        self._polls += 1
        self._per_second[int(now - self._begun)] += 1
        if has_ended:
            self._seen.setdefault(number, now - self._ends[number])
        return has_ended

    def headers(self) -> str:
        left = max(0, self._load.per_minute - self._in_window)
        return (
            f"X-RateLimit-Limit: {self._load.per_minute}\r\nX-RateLimit-Remaining: {left}\r\n"
            f"X-RateLimit-Reset: {60 * (self._window + 1)}\r\n"
        )

    def report(self) -> dict[str, Any]:
        return {
            "finished": len(self._seen),
            "polls": self._polls,
            "delays_s": sorted(self._seen.values()),
            "rejected": self._rejected,
            "most_polls_in_a_second": max(self._per_second.values(), default=0),
        }


def _response(tasks: _Tasks, path: str) -> bytes:
    kind, _, name = path.rpartition("/")
    if kind == "":
        if name == "begin":
            tasks.begin()
        return _written(200, tasks.report(), "")
    has_ended = tasks.poll(int(name.rpartition("-")[2]))
    headers = tasks.headers()
    if has_ended is None:
        return _written(429, {"code": 429, "message": "Too many requests"}, headers)
    if kind == "/ready":
        return _written(200 if has_ended else 404, {}, headers)
    result = {"resources": [{"url": "https://cdn.example/clip.mp4", "type": "video"}]}
    data = {"task_id": name, "model_id": "kling-video-o1", "result": result if has_ended else None}
    status = {"status": "success" if has_ended else "processing"}
    return _written(200, {"code": 0, "message": "success", "data": {**status, **data}}, headers)


def _written(status: int, body: object, headers: str) -> bytes:
    content = json.dumps(body)
    head = f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\n{headers}"
    return f"{head}Content-Length: {len(content)}\r\n\r\n{content}".encode()


async def _serve(load: Load, certificate: Path | None) -> None:
    tasks, tls = _Tasks(load), None
    if certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(partial(_response, tasks)), "127.0.0.1", 0, ssl=tls, backlog=10_000
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


class Service:
    """A service that runs.

    :param url: where.
    :param certificate: what to trust; None for one without TLS.
    """

    def __init__(self, *, url: str, certificate: Path | None) -> None:
        self.url = url
        self.certificate = certificate

    def begin(self) -> None:
        """Submit all tasks."""
        self._get("begin")

    def report(self) -> dict[str, Any]:
        """Return what happened so far."""
        return self._get("report")

    def _get(self, name: str) -> dict[str, Any]:
        tls = trusted(self.certificate) if self.certificate else None
        with urllib.request.urlopen(f"{self.url}/{name}", context=tls) as response:  # noqa: S310  - on loopback
            found: dict[str, Any] = json.load(response)
        return found


@contextmanager
def running_service(load: Load, *, certificate: Path | None = None) -> Iterator[Service]:
    """Run a service while the context lasts.

    :param certificate: a file with a certificate and its key; None for a service without TLS.
    """
    command = [sys.executable, "-m", "benchmarks.triggers.service", str(load.tasks), str(load.median_s)]
    command += ["--per-minute", str(load.per_minute)]
    command += ["--under-way"] if load.under_way else []
    command += ["--certificate", str(certificate)] if certificate else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            port = process.stdout.readline().strip()
            scheme = "https" if certificate else "http"
            yield Service(url=f"{scheme}://localhost:{port}", certificate=certificate)
        finally:
            process.terminate()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", type=int)
    parser.add_argument("median_s", type=float)
    parser.add_argument("--per-minute", type=int, required=True)
    parser.add_argument("--under-way", action="store_true")
    parser.add_argument("--certificate", type=Path)
    given = parser.parse_args()
    wanted = Load(
        tasks=given.tasks,
        median_s=given.median_s,
        per_minute=given.per_minute,
        under_way=given.under_way,
    )
    asyncio.run(_serve(wanted, given.certificate))

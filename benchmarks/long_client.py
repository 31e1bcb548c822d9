"""Whether a client keeps anything that polls for long: as often as an hour of the highest tier lets it."""

from __future__ import annotations

import asyncio
import os
from typing import Final

import psutil

from benchmarks.clients import CLIENTS
from benchmarks.samples import Sample, trend
from benchmarks.server import running_server

_MINUTES: Final = 60
_PER_MINUTE: Final = 1000
_AT_ONCE: Final = 100


async def measure(url: str) -> tuple[list[Sample], int]:
    """Return the memory in MB after each minute's polls, and the most TCP connections at a time."""
    process, memory, connections = psutil.Process(os.getpid()), [], 0
    async with CLIENTS["ours on httpx2"][1](url) as poll:

        async def run(task: int) -> None:
            for _ in range(_PER_MINUTE // _AT_ONCE):
                await poll(task)

        for minute in range(_MINUTES):
            await asyncio.gather(*(run(task) for task in range(_AT_ONCE)))
            memory.append(Sample(minutes=minute, value=process.memory_info().rss / 1e6))
            connections = max(connections, len(process.net_connections(kind="tcp")))
    return memory, connections


def main() -> None:
    """Print what came of it."""
    with running_server() as url:
        memory, connections = asyncio.run(measure(url))
    found = trend(memory)
    quarters = ", ".join(f"{one:.1f}" for one in found.quarters)
    print(f"{_MINUTES * _PER_MINUTE:,} polls of {_AT_ONCE} tasks, at most {connections} connections")
    print(f"memory by quarter: {quarters} MB; {1000 * found.per_minute:+.1f} KB for 1,000 polls")


if __name__ == "__main__":
    main()

"""Operations of a child process for tests: each does what a decoder in a file's power might do."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from airflow_provider_kling.media.child_main import Job

Result = tuple[Mapping[str, Any], bytes]


def _loop(job: Job) -> Result:
    while True:
        pass


def _sleep(job: Job) -> Result:
    time.sleep(1000)
    raise AssertionError


def _allocate(job: Job) -> Result:
    return {"bytes": len(bytearray(job.arguments["size"]))}, b""


def _raise_memory(job: Job) -> Result:
    job.limits.raise_memory(job.arguments["size"] + 64 * 1024**2)
    return _allocate(job)


def _crash(job: Job) -> Result:
    os.kill(os.getpid(), signal.SIGSEGV)
    raise AssertionError


def _exit(job: Job) -> Result:
    os._exit(3)


def _fail(job: Job) -> Result:
    raise ValueError(job.arguments["text"])


def _write(job: Job) -> Result:
    with Path(job.arguments["path"]).open("wb", buffering=0) as file:
        file.writelines(bytes(1000) for _ in range(job.arguments["times"]))
    return {}, b""


def _connect(job: Job) -> Result:
    socket.socket().close()
    return {}, b""


def _environment(job: Job) -> Result:
    return {"names": sorted(os.environ), "folder": str(Path.cwd()), "pid": os.getpid()}, b""


def _read(job: Job) -> Result:
    (source,) = job.files
    with source.open() as file:
        file.seek(job.arguments["at"])
        return {}, b"".join(iter(lambda: file.read(100_000), b""))


def _report(job: Job) -> Result:
    for number in range(job.arguments["times"]):
        job.progress([number])
    return {}, b""


OPERATIONS: Mapping[str, Callable[[Job], Result]] = {
    "loop": _loop,
    "sleep": _sleep,
    "allocate": _allocate,
    "raise_memory": _raise_memory,
    "crash": _crash,
    "exit": _exit,
    "fail": _fail,
    "write": _write,
    "connect": _connect,
    "environment": _environment,
    "read": _read,
    "report": _report,
}

"""The child process that decodes foreign files; its parent is ``child.py``."""

from __future__ import annotations

import importlib
import io
import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.channel import READ_BYTES, Channel, ChannelError
from airflow_provider_kling.media.process_limits import ProcessLimits, current_limits
from airflow_provider_kling.media.pyav import load_pyav
from airflow_provider_kling.media.source_file import SourceFile


@dataclass(frozen=True, kw_only=True)
class Job:
    """What the parent asks for.

    :param arguments: of the operation, as the parent wrote them.
    :param files: the files to decode; the parent reads them.
    :param progress: sends a report to the parent, which allows the time of one more step.
    """

    arguments: Mapping[str, Any]
    files: Sequence[SourceFile]
    limits: ProcessLimits
    progress: Callable[[Sequence[Any]], None]


Operation = Callable[[Job], tuple[Mapping[str, Any], bytes]]
"""Returns the result and its raw bytes."""


def main(operations: str, limits: Mapping[str, Any]) -> None:
    """Serve the parent, at the other end of standard input, until it ends the process or has ended itself.

    :param operations: the module whose ``OPERATIONS`` are the operations, by their names.
    :param limits: the fields of the :class:`ProcessLimits`.
    """
    process_limits = ProcessLimits(**limits)
    process_limits.apply()
    channel = Channel(socket.socket(fileno=0))
    try:
        found: Mapping[str, Operation] = importlib.import_module(operations).OPERATIONS
        load_pyav()  # otherwise, parts of it would be imported later, when no file can be opened
        process_limits.lock_files()
        channel.send({"limits": current_limits()})
        while True:
            request, _ = channel.receive()
            channel.send(*_run(found[request["run"]], request, channel, process_limits))
    except ChannelError:  # the parent has ended
        os._exit(0)
    except Exception as error:  # noqa: BLE001
        channel.send({"error": f"the process that decodes could not start: {error}"})
        os._exit(1)


def _run(
    operation: Operation, request: Mapping[str, Any], channel: Channel, limits: ProcessLimits
) -> tuple[Mapping[str, Any], bytes]:
    names: list[str] = request["files"]

    def progress(report: Sequence[Any]) -> None:
        limits.begin_step()
        channel.send({"progress": report})

    files = [
        SourceFile(name=name, open=partial(_opened, channel, number, limits))
        for number, name in enumerate(names)
    ]
    limits.begin_step()
    job = Job(arguments=request["arguments"], files=files, limits=limits, progress=progress)
    described = names[0] if len(names) == 1 else "one of the files"
    try:
        return operation(job)
    except ChannelError:
        raise
    except KlingMediaError as error:
        return {"error": str(error), "retryable": error.retryable}, b""
    except MemoryError:
        return {"error": f"{described} needs more memory to be decoded than it may take"}, b""
    except Exception as error:  # noqa: BLE001  # a file that no rule has foreseen
        return {"error": f"{described} cannot be decoded ({type(error).__name__}: {error})"}, b""


@contextmanager
def _opened(channel: Channel, number: int, limits: ProcessLimits) -> Iterator[BinaryIO]:
    limits.begin_step()
    channel.send({"open": number})
    size = channel.receive()[0]["size"]
    # The buffer saves round trips: FFmpeg reads in smaller pieces.
    yield io.BufferedReader(_RemoteFile(channel, number, size), READ_BYTES)
    channel.send({"close": number})


class _RemoteFile(io.RawIOBase):
    """A file that the parent reads."""

    def __init__(self, channel: Channel, number: int, size: int) -> None:
        super().__init__()
        self._channel = channel
        self._number = number
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise OSError("a position before the start of the file")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), READ_BYTES, max(0, self._size - self._at))
        if not wanted:
            return 0
        self._channel.send({"read": [self._number, self._at, wanted]})
        size = self._channel.receive_into(memoryview(buffer)[:wanted])
        self._at += size
        return size

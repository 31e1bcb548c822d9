"""A child process that decodes foreign files, seen from its parent.

A file that was made for it can make a decoder take all memory, run for hours, or crash. So it is decoded in
a process of its own, which has limits, and which the parent ends. The child gets no environment, opens no
file and no connection: the parent reads the storage and sends it what it asks for. It is a new process and
no fork, because a fork is unsafe where a storage library has threads.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from typing import Any, Final, TypeVar

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.channel import (
    Channel,
    ChannelEndedError,
    ChannelError,
    ChannelTimeoutError,
)
from airflow_provider_kling.media.process_limits import ProcessLimits
from airflow_provider_kling.media.pyav import require_pyav
from airflow_provider_kling.media.served_files import ServedFiles
from airflow_provider_kling.media.source_file import SourceFile

T = TypeVar("T")

Progress = Callable[[object], None]
"""Takes what the child reports on the way; raises ChannelError where that cannot be so."""

_MAX_JSON_BYTES: Final = 64 * 1024
_MAX_BODY_BYTES: Final = 64 * 1024**2  # of an image: a lossless one of 4K has at most 25 MB
_MAX_TEXT: Final = 1000
# Where the dynamic linker finds libraries, in some installations; and fewer arenas for malloc, because each
# reserves 64 MiB of the address space that the child may have.
_LINKER: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_ENVIRONMENT: Final = {"MALLOC_ARENA_MAX": "4"}
_BOOT: Final = """\
import json, sys
sys.path.extend(path for path in json.loads(sys.argv[1]) if path not in sys.path)
from airflow_provider_kling.media.child_main import main
main(sys.argv[2], json.loads(sys.argv[3]))
"""
# Reading a file may take as long as a slow storage needs.
_READING_S: Final = 600.0
_SLOWEST_BYTES_A_S: Final = 1_000_000


class ChildProcess:
    """Runs operations on files, one after another, in one child process. Call :meth:`close` in the end.

    Nothing that the child sends is trusted: messages have bounds, and the caller of :meth:`call` checks what
    is in them.

    :param operations: the module with the child's ``OPERATIONS``.
    :param command: another program in place of the child.
    """

    def __init__(
        self,
        *,
        operations: str,
        limits: ProcessLimits,
        command: Sequence[str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits
        self._command = list(command or _command(operations, limits))
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None
        self._is_ready = False
        self._deadline = 0.0
        self._reading_s = 0.0

    @property
    def pid(self) -> int | None:
        """The id of the process; None while there is none."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the child, and do not wait until it is ready. The first call does it, too.

        :raises KlingMediaError: there can be no process.
        """
        if self._channel is not None:
            return
        require_pyav()
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = subprocess.Popen(  # noqa: S603  # this interpreter and this package
                    self._command,
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    cwd="/",
                    env={name: os.environ[name] for name in _LINKER if name in os.environ} | _ENVIRONMENT,
                )
            except OSError as error:
                ours.close()
                raise KlingMediaError(f"no process could be started to read media: {error}") from error
        self._channel, self._is_ready = self._channel_of(ours), False

    def close(self) -> None:
        """End the child and wait for its end. It keeps nothing that would be lost."""
        channel, self._channel = self._channel, None
        process, self._process = self._process, None
        if channel is not None:
            channel.close()
        if process is not None:
            process.kill()
            process.wait()

    def call(
        self,
        operation: str,
        arguments: Mapping[str, Any],
        *,
        files: Sequence[SourceFile],
        progress: Progress | None = None,
    ) -> tuple[dict[str, Any], bytes]:
        """Run one operation; return its result and its raw bytes, neither of which is to be trusted.

        :param files: what the child may read; each may be opened twice.
        :raises KlingMediaError: the file cannot be decoded, or the child died, took too long, or sent
            nonsense (all not retryable); or the storage failed (retryable).
        """
        names = ", ".join(file.name for file in files[:1]) + (" and others" if len(files) > 1 else "")
        try:
            with ExitStack() as opened, self._failures(names):
                channel = self._ready()
                channel.send(
                    {"run": operation, "arguments": arguments, "files": [file.name for file in files]}
                )
                served = ServedFiles(files, opened)
                while True:
                    message, body = channel.receive()
                    match message:
                        case {"read": request}:
                            channel.send({}, self._timed(served, served.read, request))
                        case {"open": number}:
                            self._begin_step()
                            size = self._timed(served, served.open, number)
                            self._reading_s += size / _SLOWEST_BYTES_A_S
                            channel.send({"size": size})
                        case {"close": number}:
                            served.close(number)
                        case {"progress": report} if progress is not None:
                            self._begin_step()
                            progress(report)
                        case _:
                            break
        except BaseException:
            self.close()
            raise
        if "error" in message:
            raise _reported_error(message)
        return message, body

    def _timed(self, served: ServedFiles, read: Callable[[object], T], requested: object) -> T:
        """Read from the storage; its time is not the child's."""
        started = self._clock()
        result = read(requested)
        elapsed = self._clock() - started
        self._deadline += elapsed
        self._reading_s -= elapsed
        if self._reading_s < 0:
            raise KlingMediaError(f"{served.name} could not be read: the storage is too slow")
        return result

    def _begin_step(self) -> None:
        self._deadline = self._clock() + self.limits.step_s

    def _remaining(self) -> float:
        remaining = self._deadline - self._clock()
        if remaining <= 0:
            raise ChannelTimeoutError
        return remaining

    def _ready(self) -> Channel:
        """Return the channel to a child that has set its limits."""
        self._begin_step()
        self._reading_s = _READING_S
        self.start()
        channel = self._channel
        if channel is None:
            raise ChannelEndedError("has not started")
        if not self._is_ready:
            message, _ = channel.receive()
            if "error" in message:
                raise _reported_error(message)
            if lacking := self.limits.unlimited(message.get("limits")):
                raise ChannelError(f"has no limit of {', '.join(lacking)}")
            self._is_ready = True
        return channel

    def _channel_of(self, connection: socket.socket) -> Channel:
        return Channel(
            connection,
            remaining=self._remaining,
            max_json_bytes=_MAX_JSON_BYTES,
            max_body_bytes=_MAX_BODY_BYTES,
        )

    @contextmanager
    def _failures(self, names: str) -> Iterator[None]:
        """Translate how a child can fail into one final error: the same file would end the next one, too."""
        try:
            yield
        except ChannelTimeoutError:
            reason = f"did not finish within {self.limits.step_s:g} s"
        except ChannelEndedError as error:
            reason = self._death() or str(error)
        except ChannelError as error:
            reason = str(error)
        else:
            return
        raise KlingMediaError(
            f"{names} cannot be decoded: the process that decodes {reason}", retryable=False
        )

    def _death(self) -> str | None:
        """Return how the child ended; None where it did not end by itself."""
        if self._process is None:
            return None
        try:
            # It may still be about to end.
            status = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return None
        if status == -signal.SIGXCPU:
            return f"took more than {self.limits.cpu_s} s of processor time"
        if status < 0:
            return f"was killed by signal {-status} ({signal.strsignal(-status)})"
        return f"ended with exit code {status}"


def _reported_error(message: Mapping[str, Any]) -> KlingMediaError:
    """Return the error that a child reported, whose text may be a file's."""
    text = "".join(char for char in str(message["error"])[:_MAX_TEXT] if char.isprintable())
    return KlingMediaError(text, retryable=message.get("retryable") is True)


def _command(operations: str, limits: ProcessLimits) -> list[str]:
    # Isolated: no PYTHON* variables, no user's packages, no working directory. What this process has added to
    # its path is where the packages may be. No bytecode: the limit of written files would cut it off.
    paths = json.dumps([path for path in sys.path if os.path.isabs(path)])  # noqa: PTH117  # str, not Path
    return [
        *(sys.executable, "-I", "-B", "-X", "utf8", "-c", _BOOT),
        *(paths, operations, json.dumps(asdict(limits))),
    ]

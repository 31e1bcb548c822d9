"""A sandbox as a child process, for tests, demos and notebooks."""

from __future__ import annotations

import os
import re
import selectors
import subprocess
import sys
import time
from types import TracebackType
from typing import IO, Final, Self, cast

from airflow_provider_kling.sandbox.testing.remote import RemoteSandbox

_START_S: Final = 300.0
_STOP_S: Final = 5.0

Option = str | int | float | bool


class SandboxError(RuntimeError):
    """The sandbox did not start, or is not running."""


class SandboxProcess(RemoteSandbox):
    """Starts a sandbox on a free port, and stops it; a context manager.

    The process also ends by itself, within a second, when this process ends, even if it was killed.

    :param options: the options of the command ``kling-sandbox`` with underscores:
        ``SandboxProcess(speed=200, tier="<10", cover=True)``. A switch is set with True.
        ``SandboxProcess(gateway="kling")`` simulates Kling's own platform.
    """

    def __init__(self, **options: Option) -> None:
        self._options: dict[str, Option] = {"api_key": "sandbox-key", "port": 0, **options}
        if options.get("gateway") == "kling":
            keys = {"access_key": "sandbox-access-key", "secret_key": "sandbox-secret-key-0123456789abcdef"}
            self._options = {**keys, **self._options}
        super().__init__(
            url="",
            api_key=str(self._options["api_key"]),
            access_key=str(self._options.get("access_key", "")),
            secret_key=str(self._options.get("secret_key", "")),
        )
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        """Return the id of the process.

        :raises SandboxError: it is not running.
        """
        if self._process is None:
            raise SandboxError("the sandbox is not running")
        return self._process.pid

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process and wait until it accepts connections.

        :raises SandboxError: it did not start; its stderr says why.
        """
        command = [sys.executable, "-m", "airflow_provider_kling.sandbox", "--parent-pid", str(os.getpid())]
        command += [
            f"--{name.replace('_', '-')}{_value(value)}"
            for name, value in self._options.items()
            if value is not False
        ]
        self._process = subprocess.Popen(  # noqa: S603  - this interpreter, with options of the caller
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        try:
            self.url = _announced_url(self._process)
        except BaseException:
            self.stop()
            raise

    def terminate(self) -> None:
        """Ask the process to end, without waiting for it."""
        if self._process is not None:
            self._process.terminate()

    def stop(self) -> None:
        """End the process; kill it if it has not ended after 5 seconds."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _value(value: Option) -> str:
    return "" if value is True else f"={value}"


def _announced_url(process: subprocess.Popen[str]) -> str:
    """Return the URL that the process prints when it is ready."""
    output = cast("IO[str]", process.stdout)
    deadline = time.monotonic() + _START_S
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0:
            if not selector.select(left):
                break
            line = output.readline()
            if not line:
                raise SandboxError(f"the sandbox ended with exit code {process.wait(_STOP_S)}")
            if (found := re.fullmatch(r"listening on (http://\S+)", line.strip())) is not None:
                return found[1]
    raise SandboxError(f"the sandbox was not ready after {_START_S:g} seconds")

"""A StatsD server that keeps what it is sent."""

from __future__ import annotations

import re
import socket
import threading
from dataclasses import dataclass, field
from typing import Self

_LINE = re.compile(r"(?P<name>[^,:|]+)(?P<tags>(?:,[^,:|]+)*):(?P<value>[^|]+)\|(?P<kind>c|ms|g)")


@dataclass(frozen=True, kw_only=True)
class Received:
    """One metric.

    :ivar kind: ``c`` for a counter, ``ms`` for a timer.
    """

    value: float
    kind: str
    tags: dict[str, str]


@dataclass
class StatsdServer:
    """It listens while the context lasts, and takes the tags that Airflow writes for InfluxDB."""

    _lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
            own.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()

    def received(self, name: str) -> list[Received]:
        """Return what came of one metric."""
        found = (_LINE.fullmatch(line) for line in list(self._lines))
        return [
            Received(
                value=float(each["value"]),
                kind=each["kind"],
                tags=dict(tag.split("=", 1) for tag in each["tags"].split(",")[1:]),
            )
            for each in found
            if each and each["name"] == name
        ]

    def _listen(self) -> None:
        while datagram := self._socket.recv(65536):
            self._lines += datagram.decode().splitlines()

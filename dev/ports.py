"""Free TCP ports of this machine."""

from __future__ import annotations

import socket


class ReservedPort:
    """A TCP port that nothing else gets while this is open, and that one server may listen on."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        # Set after bind(), so that the port was free; from here on a server that sets it, too, can bind.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.number = int(self._socket.getsockname()[1])

    def close(self) -> None:
        self._socket.close()

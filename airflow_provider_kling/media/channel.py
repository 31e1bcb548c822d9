"""Messages between a process and the child that decodes for it: a JSON object, and raw bytes."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

_HEAD: Final = struct.Struct(">II")  # the lengths of the JSON and of the bytes
_MAX_JSON_BYTES: Final = 16 * 1024**2  # a request names all the clips of a concatenation
_ENDED: Final = "closed the connection"
_PIECE_BYTES: Final = 1024**2

READ_BYTES: Final = 256 * 1024
"""How much of a file is asked for at a time: FFmpeg asks for 32 KiB, and each round trip costs time."""


class ChannelError(Exception):
    """The other side sent something that is no message, or that cannot be so.

    The message is a verb and what follows it, such as "sent a message that is too long".
    """


class ChannelEndedError(ChannelError):
    """The other side has closed its end."""


class ChannelTimeoutError(ChannelError):
    """The other side did not answer, or did not read, in time."""


class Channel:
    """One end of a connection. Nothing that it receives is trusted, and memory is taken as bytes arrive.

    :param remaining: returns the seconds that the other side may still take, None for no limit; raises
        ChannelTimeoutError where none are left.
    :param max_json_bytes: a message with more JSON is no message.
    :param max_body_bytes: likewise, for its raw bytes.
    """

    def __init__(
        self,
        connection: socket.socket,
        *,
        remaining: Callable[[], float | None] = lambda: None,
        max_json_bytes: int = _MAX_JSON_BYTES,
        max_body_bytes: int = READ_BYTES,
    ) -> None:
        self._connection = connection
        self._remaining = remaining
        self._max_json_bytes = max_json_bytes
        self._max_body_bytes = max_body_bytes

    def send(self, fields: Mapping[str, Any], body: bytes = b"") -> None:
        """Send a message.

        :raises ChannelEndedError: the other side has closed its end.
        :raises ChannelTimeoutError: it does not read.
        """
        text = json.dumps(fields).encode()
        with self._errors():
            self._connection.sendall(_HEAD.pack(len(text), len(body)) + text)
            if body:
                self._connection.sendall(body)

    def receive_into(self, buffer: memoryview) -> int:
        """Write the raw bytes of the next message into a buffer, and return how many there are."""
        json_bytes, body_bytes = self._lengths(max_body_bytes=len(buffer))
        self._read(json_bytes)
        received = 0
        while received < body_bytes:
            with self._errors():
                size = self._connection.recv_into(buffer[received:body_bytes])
            if not size:
                raise ChannelEndedError(_ENDED)
            received += size
        return received

    def receive(self) -> tuple[dict[str, Any], bytes]:
        """Return the next message.

        :raises ChannelError: the other side sent something that is no message, closed its end, or sent no
            whole message in time.
        """
        json_bytes, body_bytes = self._lengths(max_body_bytes=self._max_body_bytes)
        text, body = self._read(json_bytes), self._read(body_bytes)
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError):
            raise ChannelError("sent a message that is no JSON") from None
        if not isinstance(fields, dict):
            raise ChannelError("sent a message that is no JSON object")
        return fields, body

    def close(self) -> None:
        """Close this end."""
        self._connection.close()

    def _lengths(self, *, max_body_bytes: int) -> tuple[int, int]:
        json_bytes, body_bytes = _HEAD.unpack(self._read(_HEAD.size))
        if json_bytes > self._max_json_bytes or body_bytes > max_body_bytes:
            raise ChannelError("sent a message that is too long")
        return json_bytes, body_bytes

    def _read(self, size: int) -> bytes:
        received = bytearray()
        while len(received) < size:
            with self._errors():
                piece = self._connection.recv(min(size - len(received), _PIECE_BYTES))
            if not piece:
                raise ChannelEndedError(_ENDED)
            received += piece
        return bytes(received)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        self._connection.settimeout(self._remaining())
        try:
            yield
        except TimeoutError:
            raise ChannelTimeoutError from None
        except OSError as error:
            raise ChannelEndedError(_ENDED) from error

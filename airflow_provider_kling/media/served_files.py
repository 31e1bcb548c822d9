"""The files that a process serves to the child that decodes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import SEEK_END
from typing import BinaryIO, Final

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.channel import READ_BYTES, ChannelError
from airflow_provider_kling.media.source_file import SourceFile

_OPENINGS: Final = 2  # a concatenation scans a clip, and then reads it


class ServedFiles:
    """Opens and reads files for a child, which names them by their numbers and may be in a file's power.

    All methods raise ChannelError where the child asks for something that it may not have, and
    KlingMediaError where the storage cannot read a file.

    :param files: each may be opened twice, but not at once.
    :param stack: closes what is open at its end.
    :ivar name: of the file that was used last.
    """

    def __init__(self, files: Sequence[SourceFile], stack: ExitStack) -> None:
        self.name = ""
        self._files = files
        self._openings = [0] * len(files)
        self._stack = stack
        self._opened: dict[int, tuple[BinaryIO, int, ExitStack]] = {}

    def open(self, number: object) -> int:
        """Open a file and return its size."""
        index = _whole_number(number, most=len(self._files) - 1)
        if index in self._opened or self._openings[index] == _OPENINGS:
            raise ChannelError("opened a file that it may not open")
        self._openings[index] += 1
        self.name = self._files[index].name
        closing = self._stack.enter_context(ExitStack())
        file = closing.enter_context(self._files[index].open())
        with self._read_errors():
            size = file.seek(0, SEEK_END)
        self._opened[index] = file, size, closing
        return size

    def read(self, request: object) -> bytes:
        """Return a piece of a file, which is empty at the end and may be shorter than requested.

        :param request: the number of the file, the position, and the length.
        """
        if not isinstance(request, list) or len(request) != 3:
            raise ChannelError("read without saying what")
        index = _whole_number(request[0], most=len(self._files) - 1)
        if index not in self._opened:
            raise ChannelError("read a file that is not open")
        file, file_size, _ = self._opened[index]
        position, size = _whole_number(request[1], most=file_size), _whole_number(request[2], most=READ_BYTES)
        self.name = self._files[index].name
        with self._read_errors():
            file.seek(position)
            return file.read(size)

    def close(self, number: object) -> None:
        """Close a file."""
        opened = self._opened.pop(_whole_number(number, most=len(self._files) - 1), None)
        if opened is None:
            raise ChannelError("closed a file that is not open")
        opened[2].close()

    @contextmanager
    def _read_errors(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # every storage raises its own
            raise KlingMediaError(f"{self.name} could not be read: {error}") from error


def _whole_number(value: object, *, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:  # True is no number here
        raise ChannelError("asked for something that no file has")
    return value

"""The part of a file that an HTTP request asks for (RFC 9110, section 14). Pure."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


class ByteRange(NamedTuple):
    """A part of a file.

    :ivar first: the number of its first byte, from 0.
    :ivar last: the number of its last byte.
    """

    first: int
    last: int

    @property
    def size(self) -> int:
        """Bytes."""
        return self.last - self.first + 1


class UnsatisfiableRangeError(Exception):
    """The file has no byte of the part that is asked for."""


def requested_range(header: str | None, *, size: int) -> ByteRange | None:
    """Return the part that a ``Range`` header asks for; None for the whole file.

    Several parts, other units and malformed headers count as none: a server may ignore them.

    :param size: of the file, in bytes.
    :raises UnsatisfiableRangeError: the file has no byte of it.
    """
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:  # the last bytes
        begin, end = max(0, size - int(last)), size - 1
    else:
        begin, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < begin:
            return None
    if begin >= size or end < begin:
        raise UnsatisfiableRangeError
    return ByteRange(begin, end)

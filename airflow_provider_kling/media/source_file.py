"""A file that is decoded: its name for messages, and a way to open it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """A file to decode.

    :param name: what messages call it.
    :param open: opens the file, seekable, for the body of a ``with`` statement.
    """

    name: str
    open: Callable[[], AbstractContextManager[BinaryIO]]

"""What logs and errors may hold, whatever was answered or read."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from tests.security.mutations import SECRET

_LONGEST_TEXT = 8_000
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Messages(logging.Handler):
    """Keeps the messages of a case."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message."""
        self.lines.append(record.getMessage())

    def check(self, case: str) -> None:
        """Check the messages since the last call, and forget them."""
        taken, self.lines = self.lines, []
        for text in taken:
            assert SECRET not in text, case
            assert len(text) < _LONGEST_TEXT, case
            assert not _UNPRINTABLE.search(text), (case, text)

    @classmethod
    @contextmanager
    def kept(cls) -> Iterator[Self]:
        """Keep what is logged in the body."""
        handler = cls()
        logging.getLogger().addHandler(handler)
        try:
            yield handler
        finally:
            logging.getLogger().removeHandler(handler)

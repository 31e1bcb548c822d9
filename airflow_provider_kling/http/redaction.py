"""Taking secrets out of texts that come from outside."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any

REDACTED = "***"


class Redactor:
    """Replaces secrets by ``***``. An empty one is ignored."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # The longest first: a secret may begin with another one.
        self._secrets = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        self._encoded = [secret.encode() for secret in self._secrets]

    def text(self, text: str) -> str:
        r"""Redact a text, such as an error's, also where it has the escapes of JSON or Python (``\/``)."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, REDACTED)
        return self._escaped.sub(REDACTED, text) if "\\" in text and self._secrets else text

    def data(self, data: bytes) -> bytes:
        """Redact the secrets that a body holds as they are, without escapes."""
        for secret in self._encoded:
            if secret in data:
                data = data.replace(secret, REDACTED.encode())
        return data

    def parsed(self, value: Any, *, source: bytes) -> Any:
        """Redact every text of a parsed JSON document.

        :param source: what was parsed, after :meth:`data`. In UTF-8 and without an escape it holds no secret.
        """
        escaped = b"\\" in source or b"\0" in source  # a zero byte: UTF-16 or UTF-32
        return self._redacted(value) if escaped and self._secrets else value

    def _redacted(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._redacted(member) for member in value]
        if isinstance(value, dict):
            return {self._redacted(name): self._redacted(member) for name, member in value.items()}
        return value

    @cached_property
    def _escaped(self) -> re.Pattern[str]:
        return re.compile("|".join("".join(map(_spellings, secret)) for secret in self._secrets))


def _spellings(character: str) -> str:
    r"""Return a pattern for a character: as it is, or escaped (``/`` as ``\/`` or ``\u002f``)."""
    escape = rf"\\u{ord(character):04x}"
    plain = character if character.isalnum() else rf"\\?{re.escape(character)}"
    return rf"(?:{plain}|(?i:{escape}))"


NOTHING_SECRET = Redactor()

"""Taking secrets out of texts that come from outside, after they were read and before they are shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import cached_property
from itertools import takewhile
from typing import Any, Final
from urllib.parse import unquote

from airflow_provider_kling.exceptions import KlingError

REDACTED: Final = "***"

# Fields that are used as well as shown. A short secret, such as the key of a local sandbox, may be a part of
# any of them by chance, and without it they would lead to another task or file.
_USED: Final = frozenset({"task_id", "file_id", "slug", "url"})
_LONG: Final = 16
_HEAD: Final = 8
_ESCAPES: Final = (b"\\", b"%", b"\0")  # the last is half of a character in UTF-16


class Redactor:
    """Replaces secrets by ``***``.

    :param secrets: the texts to replace; an empty one is ignored.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # The longest first: a secret may begin with another one.
        self._secrets = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        self._encoded = [secret.encode() for secret in self._secrets]

    def may_be_in(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Tell whether a message may hold a secret: as it is, or spelled with escapes or in UTF-16."""
        if not self._secrets:
            return False
        if any(escape in body for escape in _ESCAPES) or any(secret in body for secret in self._encoded):
            return True
        return any(text in value for text in ("%", *self._secrets) for value in headers.values())

    def text(self, text: str) -> str:
        r"""Redact a text, such as an error's, also where it is escaped (``\/``, ``%2F``) or was cut."""
        for secret in self._secrets:
            if len(secret) >= _LONG:
                text = _without(text, secret)
            elif secret in text:
                text = text.replace(secret, REDACTED)
        is_escaped = self._secrets and ("\\" in text or "%" in text)
        return self._escaped.sub(REDACTED, text) if is_escaped else text

    def holds_secret(self, text: str) -> bool:
        """Tell whether a text that is used, such as a link, holds a secret that is long enough to be one."""
        spellings = (text, unquote(text)) if "%" in text else (text,)
        return any(secret in each for secret in self._secrets if len(secret) >= _LONG for each in spellings)

    def value(self, value: Any) -> Any:
        """Redact every text of what was read from a response."""
        if isinstance(value, Enum):
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {name: self.value(member) for name, member in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self.value(member) for member in value)
        if is_dataclass(value) and not isinstance(value, type):
            read = {field.name: getattr(value, field.name) for field in fields(value)}
            return replace(value, **{name: self._field(name, member) for name, member in read.items()})
        return value

    def error(self, error: KlingError) -> None:
        """Redact the message and the texts of an error."""
        error.args = tuple(self.value(argument) for argument in error.args)
        for name, value in vars(error).items():
            setattr(error, name, self._field(name, value))

    def _field(self, name: str, value: Any) -> Any:
        if name in _USED and isinstance(value, str):
            return self.text(value) if self.holds_secret(value) else value
        return self.value(value)

    @cached_property
    def _escaped(self) -> re.Pattern[str]:
        return re.compile("|".join("".join(map(_spellings, secret)) for secret in self._secrets))


def _without(text: str, secret: str) -> str:
    """Redact a secret, and the beginning of one: texts of a service are cut before they are shown."""
    head, pieces, end = secret[:_HEAD], [], 0
    while (begin := text.find(head, end)) >= 0:
        pieces += [text[end:begin], REDACTED]
        pairs = zip(text[begin : begin + len(secret)], secret, strict=False)
        end = begin + sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return "".join([*pieces, text[end:]])


def _spellings(character: str) -> str:
    r"""Return a pattern for a character: as it is, or escaped (``/`` as ``\/``, ``\u002f`` or ``%2F``)."""
    encoded = "".join(f"%{byte:02x}" for byte in character.encode("utf-8", "replace"))
    escape = rf"\\u{ord(character):04x}|{encoded}"
    plain = character if character.isalnum() else rf"\\?{re.escape(character)}"
    return rf"(?:{plain}|(?i:{escape}))"


NOTHING_SECRET: Final = Redactor()

"""What the id of a task or a file looks like: it becomes part of a path, a file's name or a command."""

from __future__ import annotations

import re
from typing import Final, TypeGuard

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,511}")


def is_id(value: object) -> TypeGuard[str]:
    """Tell whether a value may be the id of a task or a file.

    An id has at most 512 characters: ASCII letters and digits, ``.``, ``_`` and ``-``; the first is a letter
    or a digit. The text ``None`` is none: Jinja makes it of a value that is missing. A service may allow
    more: the client of one vendor accepts ``[A-Za-z0-9._~:/+@=-]+``. This is stricter on purpose, so that no
    id leads to another path, at the service or in a storage.
    """
    return isinstance(value, str) and value != "None" and _ID.fullmatch(value) is not None


def check_id(value: str, *, field: str, subject: str) -> str:
    """Return an id that a user gave for ``field`` of ``subject``.

    :raises KlingRequestError: it cannot be an id; see :func:`is_id`.
    """
    if not is_id(value):
        rule = "must be an id: letters, digits, '.', '_' and '-', at most 512, a letter or a digit first"
        raise KlingRequestError(subject=subject, broken=[BrokenRule(field=field, rule=rule, value=value)])
    return value

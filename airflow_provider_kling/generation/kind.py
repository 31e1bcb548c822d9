"""Which generations take about as long as each other. Pure."""

from __future__ import annotations

import re
from typing import Any, Final

# What a generation's time depends on, besides its model.
_FIELDS: Final = ("mode", "resolution", "duration")
_PLAIN: Final = re.compile(r"[\w.-]{1,20}")


def kind_of(parameters: Any, *, model: str, gateway: str) -> str:
    """Return the name of a request's kind: generations of one kind take about as long.

    :param parameters: the author's fields, rendered.
    :param gateway: the service and the version of its API.
    """
    given = parameters if isinstance(parameters, dict) else {}
    values = (str(given.get(name, "")) for name in _FIELDS)
    return "/".join((gateway, model, *(value if _PLAIN.fullmatch(value) else "" for value in values)))

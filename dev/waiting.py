"""Wait for something to become true, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 1800.0
"""The longest wait, in seconds, for what takes three minutes at most on an idle machine.

It ends a wait in vain and paces nothing, so it is the same for all: a machine that is ten times slower must
not reach it.
"""


class WaitError(AssertionError):
    """What was waited for did not come in time, or can no longer come."""


def wait_for(
    check: Callable[[], T | None], *, what: str, timeout: float = PATIENCE_S, every: float = 0.5
) -> T:
    """Call ``check`` until it returns something true, and return that.

    :param what: what is awaited, for the error message.
    :param timeout: seconds until WaitError.
    :param every: seconds between two calls.
    """
    deadline = time.monotonic() + timeout
    while True:
        if found := check():
            return found
        if time.monotonic() > deadline:
            raise WaitError(f"waited {timeout:g} s in vain for {what}")
        time.sleep(every)

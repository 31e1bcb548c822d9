"""Wait for something to become true, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class WaitError(AssertionError):
    """What was waited for did not come in time."""


def wait_for(check: Callable[[], T | None], *, what: str, timeout: float, every: float = 0.25) -> T:
    """Call ``check`` until it returns something true, and return that.

    :param what: what is awaited, for the error message.
    :param timeout: seconds until WaitError.
    :param every: seconds between two looks.
    """
    deadline = time.monotonic() + timeout
    while True:
        if found := check():
            return found
        if time.monotonic() > deadline:
            raise WaitError(f"waited {timeout:g} s in vain for {what}")
        time.sleep(every)

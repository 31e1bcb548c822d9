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


PAUSE_S = 0.5
LONGER_EACH_TIME = 0.1  # of the wait so far
LONGEST_PAUSE_S = 10.0


def wait_for(
    check: Callable[[], T | None], *, what: str, timeout: float = PATIENCE_S, every: float | None = None
) -> T:
    """Call ``check`` until it returns something true, and return that.

    :param what: what is awaited, for the error message.
    :param timeout: seconds until WaitError.
    :param every: seconds between two calls. By default they become rarer: what took a minute is seen up to
        six seconds late. With two calls a second, Airflow's answers were a third of all that the crash
        tests computed.
    """
    begun = time.monotonic()
    while True:
        if found := check():
            return found
        waited = time.monotonic() - begun
        if waited > timeout:
            raise WaitError(f"waited {timeout:g} s in vain for {what}")
        time.sleep(every or min(max(PAUSE_S, LONGER_EACH_TIME * waited), LONGEST_PAUSE_S))

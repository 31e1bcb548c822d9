"""Ending the process of a try that Airflow kills, at a moment when nothing is lost."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_EXIT_CODE: Final = 128 + signal.SIGTERM


class Termination:
    """Ends this process when it is asked to, but not between a submission and its record.

    Airflow sends SIGTERM to a task that is cleared or marked, and SIGKILL some time later: 5 s before Airflow
    3.4, 60 s since. A process that goes on meanwhile runs beside the next try.
    """

    def __init__(self) -> None:
        self._is_held = self._is_requested = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let the body come to its end first.

        :raises SystemExit: the end was requested meanwhile.
        """
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False
            if self._is_requested:
                raise SystemExit(_EXIT_CODE)

    def request(self) -> None:
        """End the process, now or as soon as it is no longer held.

        :raises SystemExit: it is not held. Airflow retries a task that ends so, where it has retries.
        """
        self._is_requested = True
        if not self._is_held:
            raise SystemExit(_EXIT_CODE)

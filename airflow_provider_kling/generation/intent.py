"""The intent of a submission: its record from right before the first byte until the outcome."""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from types import TracebackType
from typing import Final, Self

from airflow_provider_kling.exceptions import KlingJournalError
from airflow_provider_kling.generation.termination import Termination
from airflow_provider_kling.journal.journal import Journal
from airflow_provider_kling.journal.record import Record

log = logging.getLogger(__name__)

# A server may close a connection on which no request comes; then it is unknown whether one was received.
_LONGEST_SILENCE_S: Final = 1.0


class SlowIntentError(Exception):
    """The intent is written, but that took long. Nothing was sent yet; connect again."""


@dataclass(kw_only=True)
class Intent:
    """What is recorded of a submission while it is sent. As a context manager, it lets no kill come between.

    :param record: its phase is ``intent``; not written yet. Later with the time at which it was written.
    :param former: the record so far, None for none. It is back where no task was made.
    :ivar may_be_sent: a byte of the submission may have reached the service.
    :ivar may_arrive_late: so it may although the service knows no task, and it was sent once more.
    """

    record: Record
    former: Record | None
    journal: Journal
    termination: Termination
    may_be_sent: bool = field(default=False, init=False)
    may_arrive_late: bool = field(default=False, init=False)
    _is_written: bool = field(default=False, init=False)
    _held: ExitStack = field(default_factory=ExitStack, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._held.close()

    def before_sending(self) -> None:
        """Write it, when the connection is open: what ends the process earlier leaves the former record.

        :raises KlingJournalError: it could not be written.
        :raises SlowIntentError: the service may have closed the connection meanwhile.
        """
        if self.may_be_sent:
            return
        self._held.enter_context(self.termination.held())
        if not self._is_written:
            begun = time.monotonic()
            self._write()
            if time.monotonic() - begun > _LONGEST_SILENCE_S:
                self._held.close()  # to connect may take long, and nothing is sent meanwhile
                raise SlowIntentError
        self.may_be_sent = True

    def _write(self) -> None:
        now = time.time()
        waited_s = now - self.record.intent_at
        self.record = replace(self.record, intent_at=now, deadline=self.record.deadline + waited_s)
        try:
            self.journal.write(self.record)
        except BaseException:
            # A part of it may be written, and would call the outcome of what was never sent unknown.
            self._put(self.former, problem="Nothing was sent, but its record calls the outcome unknown")
            raise
        self._is_written = True

    def withdraw(self) -> None:
        """Put the former record back: it is certain that no task was made."""
        if self._is_written:
            self._put(self.former, problem="No task was made, but its record calls the outcome unknown")

    def end(self, outcome: Record) -> None:
        """Record what came of it."""
        problem = f"It could not be recorded that the submission is {outcome.phase} (task {outcome.task_id})"
        self._put(outcome, problem=problem)

    def _put(self, record: Record | None, *, problem: str) -> None:
        """Write a record, if possible: with the intent still there, no later try sends again by itself."""
        write = self.journal.delete if record is None else partial(self.journal.write, record)
        try:
            write()
        except BaseException as error:
            try:
                write()  # once more: what a record that is wrong leads to needs a person
            except KlingJournalError:
                log.exception(problem)
            if not isinstance(error, KlingJournalError):
                raise

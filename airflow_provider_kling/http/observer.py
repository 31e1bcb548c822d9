"""The events of a client's calls, for metrics and traces."""

from __future__ import annotations

import logging
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from airflow_provider_kling.exceptions import KlingError
from airflow_provider_kling.http.message import Operation

log = logging.getLogger(__name__)


class WaitReason(StrEnum):
    """Why nothing is sent for a while."""

    RATE_LIMIT = "rate_limit"
    """The requests are spaced, as the connection's ``requests_per_minute`` says."""
    RETRY = "retry"
    """An attempt failed, and the next one has to wait."""
    POLL = "poll"
    """The task is polled again after an interval."""


class Observer(Protocol):
    """Receives events. All arguments are keywords and immutable.

    The methods are called on the event loop, or on the thread, that makes the call. They must not block. An
    error that they raise is logged and changes nothing.
    """

    def on_submission(self, *, operation: Operation, request: str, attempts: int, elapsed_s: float) -> None:
        """Receive: the service accepted a submission.

        :param operation: what the call is for.
        :param request: names the request, such as ``GET /tasks/t``.
        :param attempts: how often the request was sent.
        :param elapsed_s: seconds from the start of the call to its end, waits included.
        """

    def on_rejection(
        self, *, operation: Operation, request: str, attempts: int, elapsed_s: float, error: KlingError
    ) -> None:
        """Receive: a submission was rejected, or its outcome is unknown.

        :param operation: what the call is for.
        :param request: names the request, such as ``GET /tasks/t``.
        :param attempts: how often the request was sent.
        :param elapsed_s: seconds from the start of the call to its end, waits included.
        :param error: what the call raises. Its class tells the two apart.
        """

    def on_poll(self, *, operation: Operation, request: str, attempts: int, elapsed_s: float) -> None:
        """Receive: the state of a task was read.

        :param operation: what the call is for.
        :param request: names the request, such as ``GET /tasks/t``.
        :param attempts: how often the request was sent.
        :param elapsed_s: seconds from the start of the call to its end, waits included.
        """

    def on_poll_error(
        self, *, operation: Operation, request: str, attempts: int, elapsed_s: float, error: KlingError
    ) -> None:
        """Receive: the state of a task could not be read.

        :param operation: what the call is for.
        :param request: names the request, such as ``GET /tasks/t``.
        :param attempts: how often the request was sent.
        :param elapsed_s: seconds from the start of the call to its end, waits included.
        :param error: what the call raises.
        """

    def on_wait(self, *, operation: Operation, request: str, seconds: float, reason: WaitReason) -> None:
        """Receive: the caller is about to wait.

        :param operation: what the call is for.
        :param request: names the request, such as ``GET /tasks/t``.
        :param seconds: for how long.
        :param reason: why.
        """


class NullObserver:
    """Ignores everything."""

    def on_submission(self, *, operation: Operation, request: str, attempts: int, elapsed_s: float) -> None:
        """Do nothing."""

    def on_rejection(
        self, *, operation: Operation, request: str, attempts: int, elapsed_s: float, error: KlingError
    ) -> None:
        """Do nothing."""

    def on_poll(self, *, operation: Operation, request: str, attempts: int, elapsed_s: float) -> None:
        """Do nothing."""

    def on_poll_error(
        self, *, operation: Operation, request: str, attempts: int, elapsed_s: float, error: KlingError
    ) -> None:
        """Do nothing."""

    def on_wait(self, *, operation: Operation, request: str, seconds: float, reason: WaitReason) -> None:
        """Do nothing."""


NULL_OBSERVER = NullObserver()

_warned: set[tuple[type, type]] = set()


def notify(observer: Observer, event: Callable[[Observer], None]) -> None:
    """Tell an observer about an event. An error goes no further; one of each kind is logged.

    :param event: calls one of the observer's methods, such as ``lambda observer: observer.on_wait(...)``.
    """
    try:
        event(observer)
    except Exception as error:
        kind = (type(observer), type(error))
        if kind not in _warned:
            _warned.add(kind)
            log.warning("%r failed; this and other errors like it are ignored", observer, exc_info=error)

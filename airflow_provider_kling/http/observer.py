"""The events of a client's calls, for metrics and traces."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from airflow_provider_kling.exceptions import KlingError
from airflow_provider_kling.http.message import Operation

log = logging.getLogger(__name__)


class WaitReason(StrEnum):
    """Why nothing is sent for a while."""

    RATE_LIMIT = "rate_limit"
    """The requests of a key are spaced: as the connection or the service says, or few at once."""
    RETRY = "retry"
    """An attempt failed, and the next one has to wait."""
    POLL = "poll"
    """The task is polled again after an interval."""


@dataclass(frozen=True, kw_only=True)
class CallInfo:
    """A call, as far as it has come.

    :param operation: what the call is for.
    :param request: names the request, such as ``GET /tasks/t``.
    :param attempts: how often the request was sent.
    :param elapsed_s: seconds from the start of the call, waits included.
    """

    operation: Operation
    request: str
    attempts: int = 0
    elapsed_s: float = 0.0


class Observer:
    """Receives events, and ignores those whose methods are not overridden.

    The methods are called on the event loop, or on the thread, that makes the call. They must not block. An
    error that they raise is logged and changes nothing.
    """

    def on_submission(self, call: CallInfo, /) -> None:
        """Receive: the service accepted a submission.

        :param call: the call, which has ended.
        """

    def on_rejection(self, call: CallInfo, /, *, error: KlingError) -> None:
        """Receive: a submission was rejected, or its outcome is unknown.

        :param call: the call, which has ended.
        :param error: what the call raises. Its class tells the two apart.
        """

    def on_poll(self, call: CallInfo, /) -> None:
        """Receive: the state of a task was read; for the arguments, see :meth:`on_submission`."""

    def on_poll_error(self, call: CallInfo, /, *, error: KlingError) -> None:
        """Receive: the state of a task could not be read; for the arguments, see :meth:`on_rejection`."""

    def on_wait(self, call: CallInfo, /, *, seconds: float, reason: WaitReason) -> None:
        """Receive: the caller is about to wait.

        :param call: the call, which has not ended. Between two polls it is the next one.
        :param seconds: for how long.
        :param reason: why.
        """


NULL_OBSERVER = Observer()

_warned: set[tuple[type, type]] = set()


def notify(observer: Observer, event: Callable[[Observer], None]) -> None:
    """Tell an observer about an event. An error goes no further; one of each kind is logged.

    :param event: calls one of the observer's methods, such as ``lambda observer: observer.on_poll(call)``.
    """
    try:
        event(observer)
    except Exception as error:
        kind = (type(observer), type(error))
        if kind not in _warned:
            _warned.add(kind)
            log.warning("%r failed; this and other errors like it are ignored", observer, exc_info=error)

"""Observers receive events, and cannot break what they observe."""

from __future__ import annotations

import inspect
import logging

import pytest

from airflow_provider_kling.http.message import Operation
from airflow_provider_kling.http.observer import NullObserver, Observer, WaitReason, notify

EVENTS = ["on_submission", "on_rejection", "on_poll", "on_poll_error", "on_wait"]


class Broken(NullObserver):
    """Raises at two of the events."""

    def on_poll(self, *, operation: Operation, request: str, attempts: int, elapsed_s: float) -> None:
        raise RuntimeError("no metrics today")

    def on_wait(self, *, operation: Operation, request: str, seconds: float, reason: WaitReason) -> None:
        raise KeyError("no spans today")


@pytest.mark.parametrize("event", EVENTS)
def test_the_null_observer_receives_every_event(event: str) -> None:
    null = inspect.signature(getattr(NullObserver, event))
    assert null == inspect.signature(getattr(Observer, event))
    keywords = {name for name, one in null.parameters.items() if one.kind is one.KEYWORD_ONLY}
    assert keywords | {"self"} == set(null.parameters)


def poll(observer: Observer) -> None:
    observer.on_poll(operation=Operation.POLL, request="GET /", attempts=1, elapsed_s=0.0)


def wait(observer: Observer) -> None:
    observer.on_wait(operation=Operation.POLL, request="GET /", seconds=1.0, reason=WaitReason.POLL)


def test_of_each_kind_of_error_that_an_observer_raises_one_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for _ in range(3):
        notify(Broken(), poll)
        notify(Broken(), wait)
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == [
        "no metrics today",
        "'no spans today'",
    ]


def test_an_observer_without_a_method_breaks_nothing() -> None:
    notify(object(), poll)  # type: ignore[arg-type]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_a_request_to_stop_goes_through(stop: type[BaseException]) -> None:
    def interrupt(observer: Observer) -> None:
        raise stop

    with pytest.raises(stop):
        notify(NullObserver(), interrupt)

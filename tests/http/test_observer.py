"""Observers receive events, and cannot break what they observe."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingError
from airflow_provider_kling.http.message import Operation
from airflow_provider_kling.http.observer import CallInfo, Observer, WaitReason, notify

CALL = CallInfo(operation=Operation.POLL, request="GET /")
FACTS: dict[str, dict[str, Any]] = {
    "on_submission": {},
    "on_rejection": {"error": KlingError("no")},
    "on_poll": {},
    "on_poll_error": {"error": KlingError("no")},
    "on_wait": {"seconds": 1.0, "reason": WaitReason.POLL},
}


class Broken(Observer):
    """Raises at two of the events."""

    def on_poll(self, call: CallInfo, /) -> None:
        raise RuntimeError("no metrics today")

    def on_wait(self, call: CallInfo, /, *, seconds: float, reason: WaitReason) -> None:
        raise KeyError("no spans today")


def test_an_observer_can_receive_every_event_and_ignores_it_by_default() -> None:
    events = {name for name in dir(Observer) if name.startswith("on_")}
    assert events == set(FACTS)
    for event in events:
        getattr(Observer(), event)(CALL, **FACTS[event])


def poll(observer: Observer) -> None:
    observer.on_poll(CALL)


def wait(observer: Observer) -> None:
    observer.on_wait(CALL, seconds=1.0, reason=WaitReason.POLL)


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
        notify(Observer(), interrupt)

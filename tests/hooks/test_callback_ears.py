"""A report of the service wakes who waits for the task; without it, polls go on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from airflow_provider_kling.hooks.callback_ears import CallbackEars, poll_or_hear
from airflow_provider_kling.hooks.callback_list import NAMES, reported, variable_of, with_report
from airflow_provider_kling.polling import PollWindow
from dev.virtual_time import VirtualLoop, run_in_virtual_time

START = 1_800_000_000.0


class Variables:
    """Airflow's Variables, as a triggerer reads them.

    :ivar reads: how often one was read.
    """

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.reads = 0
        self.fails = False

    async def read(self, name: str) -> str | None:
        self.reads += 1
        if self.fails:
            raise OSError("the API server is down")
        return self.values.get(name)

    def report(self, task_id: str, *, now: float) -> None:
        name = variable_of(task_id)
        self.values[name] = with_report(self.values.get(name), task_id=task_id, now=now)


def test_a_report_wakes_those_who_wait_for_the_task_and_nobody_else() -> None:
    variables = Variables()

    async def work(loop: VirtualLoop) -> None:
        ears = CallbackEars(read=variables.read, interval_s=5)
        waits = {name: asyncio.create_task(ears.wait_for(name)) for name in ("a", "b")}
        twin = asyncio.create_task(ears.wait_for("a"))
        await asyncio.sleep(12)
        assert not any(wait.done() for wait in (*waits.values(), twin))
        variables.report("a", now=START)
        await asyncio.sleep(5)
        assert (waits["a"].done(), twin.done(), waits["b"].done()) == (True, True, False)
        waits["b"].cancel()

    run_in_virtual_time(work)


def test_a_report_is_heard_once_and_a_newer_one_again() -> None:
    variables = Variables()
    variables.report("a", now=START)

    async def work(loop: VirtualLoop) -> None:
        ears = CallbackEars(read=variables.read, interval_s=5)
        await ears.wait_for("a")  # it was reported before anybody listened
        again = asyncio.create_task(ears.wait_for("a"))
        await asyncio.sleep(60)
        assert not again.done()
        variables.report("a", now=START + 60)
        await again

    run_in_virtual_time(work)


def test_nothing_is_read_while_nobody_waits() -> None:
    variables = Variables()

    async def work(loop: VirtualLoop) -> None:
        ears = CallbackEars(read=variables.read, interval_s=5)
        wait = asyncio.create_task(ears.wait_for("a"))
        await asyncio.sleep(11)
        assert variables.reads == 3, "one Variable, at 0, 5 and 10 s"
        wait.cancel()
        await asyncio.sleep(100)
        assert variables.reads == 3

    run_in_virtual_time(work)


def test_what_cannot_be_read_is_looked_for_again() -> None:
    variables = Variables()
    variables.fails = True

    async def work(loop: VirtualLoop) -> None:
        ears = CallbackEars(read=variables.read, interval_s=5)
        wait = asyncio.create_task(ears.wait_for("a"))
        await asyncio.sleep(11)
        variables.fails = False
        variables.report("a", now=START)
        await wait

    run_in_virtual_time(work)


@pytest.mark.parametrize(("report_at", "polls_at"), [(7.0, [10.0]), (None, [30.0])])
def test_a_report_lets_the_next_poll_be_made_at_once(report_at: float | None, polls_at: list[float]) -> None:
    variables, polls = Variables(), []

    async def work(loop: VirtualLoop) -> None:
        ears = CallbackEars(read=variables.read, interval_s=5)
        if report_at is not None:
            loop.call_at(report_at, lambda: variables.report("a", now=START))

        async def poll(window: PollWindow) -> str:
            await asyncio.sleep(window.latest_s)
            polls.append(loop.time())
            return "read"

        assert await poll_or_hear(ears, "a", PollWindow(earliest_s=20, latest_s=30), poll) == "read"
        await asyncio.sleep(0)  # for what was given up to end
        assert len(asyncio.all_tasks()) <= 2, "of what was given up, at most the reading of the Variables"

    run_in_virtual_time(work)
    assert polls == polls_at


def test_an_error_of_the_poll_is_the_callers() -> None:
    async def work(loop: VirtualLoop) -> None:
        async def poll(window: PollWindow) -> Any:
            raise ValueError("x")

        with pytest.raises(ValueError, match="x"):
            await poll_or_hear(
                CallbackEars(read=Variables().read), "a", PollWindow(earliest_s=0, latest_s=1), poll
            )

    run_in_virtual_time(work)


# -- the list -------------------------------------------------------------------------------------


def test_old_reports_and_those_of_a_wrong_clock_are_left_out() -> None:
    stored = with_report(None, task_id="old", now=START)
    stored = with_report(stored, task_id="ahead", now=START + 10_000)
    stored = with_report(stored, task_id="a", now=START + 601)
    assert list(reported(stored)) == ["a"]


def test_the_list_has_a_limit_and_keeps_the_newest() -> None:
    stored = None
    for number in range(600):
        stored = with_report(stored, task_id=f"t{number}", now=START + number / 10)
    found = reported(stored)
    assert len(found) == 500
    assert "t599" in found
    assert stored is not None
    assert len(stored) < 16_000


@pytest.mark.parametrize("stored", [None, "", "x", "[]", "7", '{"a": "soon"}', "[" * 100_000, '{"a": NaN}'])
def test_a_damaged_list_is_an_empty_one(stored: str | None) -> None:
    assert reported(stored) == {}
    assert list(reported(with_report(stored, task_id="b", now=START))) == ["b"]


def test_tasks_are_spread_over_the_variables() -> None:
    assert {variable_of(f"t{number}") for number in range(100)} == set(NAMES)

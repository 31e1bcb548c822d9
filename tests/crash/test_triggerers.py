"""Triggerers die, freeze and are replaced while tasks are deferred.

That disturbs the runs of other tests, which must bear it; the timeline leaves one triggerer that works.
"""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from dev.airflow_stack import AirflowStack, Component
from tests.crash.harness import Harness, finish_generation
from tests.crash.report import Row
from tests.crash.scenario import Scenario

FIRST, SECOND = Component.TRIGGERER.value, "second-triggerer"

KILLED = "triggerer killed while deferred, and restarted"
DOWN = "triggerer down past the deadline"
FROZEN = "triggerer frozen until another took over, and thawed"
REPLACED = "triggerer shut down while deferred"


@pytest.fixture(scope="session")
def survivors(harness: Harness) -> Iterator[dict[str, Scenario]]:
    """Runs whose triggerers had trouble, by the trouble; what is waited for ends right after it.

    One after the other, and without a wait for the runs' ends: those take a while, and can do so together.
    """
    stack = harness.stack
    with contextlib.ExitStack() as held, working_triggerer_after(stack):
        begun = time.monotonic()
        killed, frozen, replaced = (held.enter_context(harness.held()) for _ in range(3))
        for scenario in (killed, frozen, replaced):
            scenario.deferred()
        # Long enough to be deferred before the deadline, on this machine and with what else runs on it.
        timeout = 10 + 2 * (time.monotonic() - begun)
        down = held.enter_context(harness.held("impatient", timeout=timeout))
        down.deferred()

        former = holder(killed)
        stack.kill(FIRST)
        past_deadline = time.time() + timeout  # its own is earlier: it counts from the submission
        finish_generation(down)
        stack.wait_for(lambda: time.time() > past_deadline, what="the deadline")
        stack.start(Component.TRIGGERER)
        wait_for_takeover(killed, former)
        finish_generation(killed)

        wait_for_takeover(frozen, former)
        first, known = holder(frozen), stack.api.triggerers().keys()
        stack.start(Component.TRIGGERER, name=SECOND)
        stack.wait_for(lambda: stack.api.triggerers().keys() - known, what="a second triggerer")
        freeze(stack, FIRST)
        wait_for_takeover(frozen, first)
        thawed_at = datetime.now(UTC)
        stack.kill(FIRST, signal.SIGCONT)
        stack.wait_for(lambda: stack.api.triggerers()[first] > thawed_at, what="the thawed one's heartbeat")
        finish_generation(frozen)

        former = holder(replaced)  # usually the second; but on a slow machine it may have seemed dead as well
        stack.shut_down(FIRST if former == first else SECOND)
        wait_for_takeover(replaced, former)
        finish_generation(replaced)
        held = held.pop_all()
    with held:
        yield {KILLED: killed, DOWN: down, FROZEN: frozen, REPLACED: replaced}


@pytest.mark.parametrize("trouble", [KILLED, DOWN, FROZEN, REPLACED])
def test_a_triggerers_trouble_costs_neither_a_submission_nor_a_try_nor_the_result(
    trouble: str, survivors: dict[str, Scenario], report: list[Row]
) -> None:
    scenario = survivors[trouble]
    scenario.finish()
    row = scenario.row(trouble)
    report.append(row)
    assert row == Row(what=trouble, mode="deferrable", accepted=1, tries=1, end="success"), scenario.story()
    assert scenario.posts() == 1


@contextlib.contextmanager
def working_triggerer_after(stack: AirflowStack) -> Iterator[None]:
    """Leave a triggerer that works, also when the timeline breaks off: the other tests need one."""
    try:
        yield
    finally:
        running = [name for name in (FIRST, SECOND) if stack.running(name)]
        for name in running:
            stack.kill(name, signal.SIGCONT)
        if not running:
            stack.start(Component.TRIGGERER)


def holder(scenario: Scenario) -> int:
    """Return the triggerer that waits for a scenario's clip, by the id of its job."""
    triggerer_id = scenario.deferred().triggerer_id
    assert triggerer_id is not None
    return triggerer_id


def wait_for_takeover(scenario: Scenario, former: int) -> None:
    scenario.stack.wait_for(lambda: holder(scenario) != former, what="another triggerer")


def freeze(stack: AirflowStack, name: str) -> None:
    """Stop a component where it holds no lock: with SQLite, everybody waits for a frozen holder."""

    def frozen() -> bool:
        stack.kill(name, signal.SIGSTOP)
        with contextlib.closing(sqlite3.connect(stack.database, timeout=0.2)) as database:
            try:
                database.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                stack.kill(name, signal.SIGCONT)
                return False
            database.rollback()
        return True

    stack.wait_for(frozen, what="a moment without a lock", every=0.1)

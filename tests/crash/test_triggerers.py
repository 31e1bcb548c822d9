"""Triggerers die, freeze and are replaced while tasks are deferred. Last, as it disturbs all other runs."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from dev.airflow_stack import AirflowStack, Component
from tests.crash.lab import Lab, finish_generation
from tests.crash.ledger import Row
from tests.crash.trial import Trial

pytestmark = [pytest.mark.crash, pytest.mark.timeout(420)]

FIRST, SECOND = Component.TRIGGERER.value, "second-triggerer"
TIMEOUT_S = 20.0  # of the task in the DAG "impatient"
ALIVE_S = 5.0  # a triggerer shows a sign of life every second

KILLED = "triggerer killed while deferred, and restarted"
DOWN = "triggerer down past the deadline"
FROZEN = "triggerer frozen until another took over, and thawed"
REPLACED = "triggerer shut down while deferred"


@pytest.fixture(scope="module")
def survivors(lab: Lab) -> Iterator[dict[str, Trial]]:
    """Runs whose triggerers had trouble, by the trouble; what is waited for ends right after it.

    One after the other, and without a wait for the runs' ends: those take a while, and can do so together.
    """
    stack = lab.stack
    with lab.held() as killed, lab.held() as frozen, lab.held() as replaced, lab.held("impatient") as down:
        for trial in (killed, frozen, replaced, down):
            trial.deferred()
        past_deadline = time.time() + TIMEOUT_S  # its own is earlier: it counts from the submission

        former = holder(killed)
        stack.kill(FIRST)
        finish_generation(down)
        stack.wait_for(lambda: time.time() > past_deadline, what="the deadline", timeout=TIMEOUT_S + 5)
        stack.start(Component.TRIGGERER)
        wait_for_takeover(killed, former)
        finish_generation(killed)

        first = holder(frozen)
        stack.start(Component.TRIGGERER, name=SECOND)
        stack.wait_for(lambda: len(alive(stack)) == 2, what="a second triggerer", timeout=120)
        freeze(stack, FIRST)
        wait_for_takeover(frozen, first)
        thawed_at = datetime.now(UTC)
        stack.kill(FIRST, signal.SIGCONT)
        stack.wait_for(
            lambda: stack.api.triggerers()[first] > thawed_at, what="the thawed one's heartbeat", timeout=120
        )
        finish_generation(frozen)

        former = holder(replaced)  # usually the second; but on a slow machine it may have seemed dead as well
        stack.shut_down(FIRST if former == first else SECOND)
        wait_for_takeover(replaced, former)
        finish_generation(replaced)
        yield {KILLED: killed, DOWN: down, FROZEN: frozen, REPLACED: replaced}


@pytest.mark.parametrize("trouble", [KILLED, DOWN, FROZEN, REPLACED])
def test_a_triggerers_trouble_costs_neither_a_submission_nor_a_try_nor_the_result(
    trouble: str, survivors: dict[str, Trial], ledger: list[Row]
) -> None:
    trial = survivors[trouble]
    trial.finish(timeout=240)
    row = trial.row(trouble)
    ledger.append(row)
    assert row == Row(what=trouble, mode="deferrable", accepted=1, tries=1, end="success"), trial.story()
    assert trial.posts() == 1


def holder(trial: Trial) -> int:
    """Return the triggerer that waits for a trial, by the id of its job."""
    triggerer_id = trial.deferred().triggerer_id
    assert triggerer_id is not None
    return triggerer_id


def wait_for_takeover(trial: Trial, former: int) -> None:
    trial.stack.wait_for(lambda: holder(trial) != former, what="another triggerer", timeout=120)


def alive(stack: AirflowStack) -> set[int]:
    """Return the triggerers that gave a sign of life of late."""
    now = datetime.now(UTC)
    return {job for job, seen in stack.api.triggerers().items() if (now - seen).total_seconds() < ALIVE_S}


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

    stack.wait_for(frozen, what="a moment without a lock", timeout=30, every=0.1)

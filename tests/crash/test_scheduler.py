"""The scheduler dies, and with it the tasks that its machine runs."""

from __future__ import annotations

from dev.airflow_stack import Component
from tests.crash.harness import Harness, finish_generation
from tests.crash.report import Row


def test_a_scheduler_that_dies_with_its_workers_costs_no_second_submission(
    lonely_harness: Harness, report: list[Row]
) -> None:
    stack = lonely_harness.stack
    with lonely_harness.held() as deferred, lonely_harness.held("on_worker") as on_worker:
        deferred.deferred()
        stack.wait_for(on_worker.accepted, what="the submission from the worker")
        stack.wait_for(lambda: "and bills it" in on_worker.task_log(), what="its record")
        stack.kill(Component.SCHEDULER)
        stack.start(Component.SCHEDULER)
        for scenario in (deferred, on_worker):
            finish_generation(scenario)
            scenario.finish()
        rows = [
            deferred.row("scheduler killed while deferred, and restarted"),
            on_worker.row("scheduler killed with the worker that waits, and restarted", mode="blocking"),
        ]
    report += rows
    assert [(row.accepted, row.end) for row in rows] == [(1, "success")] * 2

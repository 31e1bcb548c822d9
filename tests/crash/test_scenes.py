"""Many more generations than the service has capacity for, and than there are workers."""

from __future__ import annotations

from collections import Counter

from tests.crash.harness import CAPACITY, SCENES, SLOTS, Harness
from tests.crash.monitor import StateMonitor
from tests.crash.report import Row


def test_thirty_scenes_on_three_slots_are_made_once_each_and_wait_without_a_slot(
    scenes: StateMonitor, harness: Harness, report: list[Row]
) -> None:
    end = scenes.finish()
    scenario = scenes.scenario
    tasks = scenario.tasks().values()
    stats = scenario.sandbox.stats()
    report.append(
        Row(
            what=f"{SCENES} scenes, {SLOTS} worker slots, capacity of {CAPACITY}",
            mode="deferrable",
            accepted=stats["submissions_accepted"],
            tries=max(map(scenario.tries_of, tasks)),
            end=end,
        )
    )
    assert [(task.state, scenario.tries_of(task)) for task in tasks] == [("success", 1)] * SCENES
    prompts = [each["body"]["prompt"] for each in scenario.sandbox.requests("POST") if each["status"] == 200]
    assert Counter(prompts) == {f"Scene {number}": 1 for number in range(SCENES)}
    assert (stats["submissions_accepted"], stats["peak_concurrent"]) == (SCENES, CAPACITY)
    assert stats["submissions_rejected"].keys() == {"429"}, "there was no capacity for all at once"

    assert max(count["running"] + count["queued"] for count in scenes.counts) == SLOTS
    # Far more wait than there are slots: those that were accepted for a result, others for capacity.
    assert max(count["deferred"] for count in scenes.counts) > CAPACITY

    # A success is known a moment before its Variable goes.
    api, own = harness.stack.api, {scenario.variable(index) for index in range(SCENES)}
    harness.stack.wait_for(lambda: not api.variables().keys() & own, what="no Variable of a scene")

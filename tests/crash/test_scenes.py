"""Many more generations than the service has room for, and than there are workers."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.crash.lab import ROOM, SCENES, SLOTS
from tests.crash.ledger import Row
from tests.crash.watcher import Watcher

pytestmark = [pytest.mark.crash, pytest.mark.timeout(420)]


def test_thirty_scenes_on_three_slots_are_made_once_each_and_wait_without_a_slot(
    scenes: Watcher, ledger: list[Row]
) -> None:
    trial = scenes.trial
    end = trial.finish(timeout=400)
    tasks = trial.look().values()
    stats = trial.sandbox.stats()
    ledger.append(
        Row(
            what=f"{SCENES} scenes, {SLOTS} worker slots, room for {ROOM}",
            mode="deferrable",
            accepted=stats["submissions_accepted"],
            tries=max(task.try_number for task in tasks),
            end=end,
        )
    )
    assert [(task.state, task.try_number) for task in tasks] == [("success", 1)] * SCENES
    prompts = [each["body"]["prompt"] for each in trial.sandbox.requests("POST") if each["status"] == 200]
    assert Counter(prompts) == {f"Scene {number}": 1 for number in range(SCENES)}
    assert (stats["submissions_accepted"], stats["peak_concurrent"]) == (SCENES, ROOM)
    assert stats["submissions_refused"].keys() == {"429"}, "there was no room for all at once"

    assert max(count["running"] + count["queued"] for count in scenes.counts) == SLOTS
    # Far more wait than there are slots: those inside for a result, and somebody for room.
    assert max(count["deferred"] for count in scenes.counts) > ROOM

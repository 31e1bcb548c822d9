"""In every tier at full concurrency, no poll is rejected and no submission has to wait for its share."""

from __future__ import annotations

import pytest

from airflow_provider_kling.sandbox.modellix.service.limits import TIERS
from benchmarks.tiers import MINUTES, simulate


@pytest.mark.parametrize("triggerers", [1, 2, 3])
@pytest.mark.parametrize("tier", TIERS)
def test_polls_leave_room_for_submissions(tier: str, triggerers: int) -> None:
    found = simulate(TIERS[tier], triggerers=triggerers, seed=triggerers)
    assert found.rejected_polls == 0
    assert max(found.waits_s) <= 2.0
    finished = 3 * TIERS[tier].concurrent_tasks * MINUTES / 10
    assert len(found.delays_s) >= finished, "the tier was kept full: a task takes about two minutes"

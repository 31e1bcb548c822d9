"""When the sandbox renders: in time, and not what is due so late that perhaps nobody asks for it."""

from __future__ import annotations

import pytest

from airflow_provider_kling.sandbox.core.schedule import Schedule


@pytest.mark.parametrize(
    ("processing_at", "done_at", "render_at"),
    [(2.0, 45.0, 2.0), (2.0, 302.0, 2.0), (2.0, 900.0, 600.0), (2000.0, 120_000.0, 119_700.0)],
)
def test_a_result_is_rendered_five_minutes_before_it_is_due_and_not_before_the_task_is_processed(
    processing_at: float, done_at: float, render_at: float
) -> None:
    assert Schedule(submitted_at=0.0, processing_at=processing_at, done_at=done_at).render_at == render_at

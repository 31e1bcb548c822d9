"""The keys of the XComs that a generation pushes beside its result. Imports nothing, for links and pages."""

from __future__ import annotations

from typing import Final

TASK_ID: Final = "kling_task_id"
"""The task at the service; pushed as soon as it is known."""

COST_USD: Final = "kling_cost_usd"
"""What the service bills, in USD, as text; pushed as soon as it is known, for a failed task too."""

COST: Final = "kling_cost"
"""What the service bills in a unit of its own, as text; pushed as the cost in USD is."""

COST_UNIT: Final = "kling_cost_unit"
"""The unit of the cost."""

SUMMARY: Final = "kling_summary"
"""What pages show: a :class:`~airflow_provider_kling.generation.summary.Summary`, pushed when a generation
begins or waits for capacity, and when it ends."""

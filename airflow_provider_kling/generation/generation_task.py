"""What a run needs of a generating operator."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Protocol

from airflow_provider_kling.arguments import Upload
from airflow_provider_kling.journal.rules import OnRerun, OnUnknownSubmission


class GenerationTask(Protocol):
    """The rendered arguments of a generating operator, and what a run needs of it."""

    model: str
    deferrable: bool
    timeout: float
    output_uri: str | None
    output_template: str | None
    max_bytes: int
    extra_parameters: Mapping[str, Any] | None
    queue_timeout: float
    min_balance: Decimal | None
    on_unknown_submission: OnUnknownSubmission
    on_rerun: OnRerun
    upload: Upload
    keep_uploads: bool
    retries: int | None
    on_success_callback: Any

    @property
    def output_is_shared(self) -> bool:
        """Whether ``output_template`` is that of all map indexes, if the task has any."""

    def rendered_parameters(self) -> Any:
        """Return the fields of the request."""

    def templated(self) -> frozenset[str]:
        """Return the names of the fields that were written as templates."""

    def defer(self, *, trigger: Any, method_name: str, timeout: timedelta) -> Any:
        """Wait in the triggerer; does not return."""

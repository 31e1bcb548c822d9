"""Telling of what cannot be known for certain, without refusing it."""

from __future__ import annotations

import warnings

from airflow_provider_kling.exceptions import KlingRequestWarning


def warn(message: str) -> None:
    """Warn of a request that may not do what its author wants. Airflow shows it in the task's log too."""
    # The level of whoever called is not known, and Python tells each text once for each place.
    warnings.warn(message, KlingRequestWarning, stacklevel=2)

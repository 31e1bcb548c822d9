"""Warnings about requests that are sent although they may not do what their author wants."""

from __future__ import annotations

import warnings

from airflow_provider_kling.exceptions import KlingRequestWarning


def warn(message: str) -> None:
    """Warn of a request. Airflow shows the warning in the task's log too."""
    # The level of the author's code is not known, and Python shows each text once for each place.
    warnings.warn(message, KlingRequestWarning, stacklevel=2)

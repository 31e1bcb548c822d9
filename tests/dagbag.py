"""Parses DAG files the way Airflow's DAG processor does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:  # Airflow 3.1
    from airflow.models.dagbag import DagBag


def parse(folder: Path) -> Any:
    """Return the bag of a folder: ``dags`` and ``import_errors``."""
    return DagBag(str(folder))

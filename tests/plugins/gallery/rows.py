"""Rows in Airflow's own database: what tasks leave there."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.models import xcom
from airflow.models.dag import DagModel
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from sqlalchemy import insert, inspect, select

from airflow_provider_kling.generation import xcom_keys
from airflow_provider_kling.links.gallery_address import TaskKey

# From Airflow 3.4 on, the model that is read is a view of two tables.
WRITABLE = getattr(xcom, "XComModelV2", XComModel)
NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)


class Runs:
    """Writes what tasks leave in the database."""

    def __init__(self) -> None:
        self._dags: dict[str, None] = {}
        self._numbers = itertools.count(1)

    def add(
        self,
        *,
        dag_id: str = "films",
        task_id: str = "make",
        map_index: int = -1,
        state: str | None = "success",
        summary: Any = None,
        result: Any = None,
        at: datetime | None = None,
    ) -> TaskKey:
        """Add a run with one task; each is a minute younger than the one before."""
        number = next(self._numbers)
        key = TaskKey(dag_id, f"run-{number}", task_id, map_index)
        at = at or NOW + timedelta(minutes=number)
        with create_session(scoped=False) as session:
            if dag_id not in self._dags:
                self._dags[dag_id] = None
                if len(self._dags) == 1:
                    session.execute(insert(DagBundleModel).values(name="dags"))
                dag = _complete(DagModel, dag_id=dag_id, bundle_name="dags")
                session.execute(insert(DagModel).values(**dag))
            run = {
                "id": number,
                "dag_id": dag_id,
                "run_id": key.run_id,
                "run_type": "manual",
                "run_after": NOW,
            }
            session.execute(insert(DagRun).values(**_complete(DagRun, **run)))
            task = {"dag_id": dag_id, "run_id": key.run_id, "task_id": task_id, "map_index": map_index}
            session.execute(insert(TaskInstance).values(**_complete(TaskInstance, **task, state=state)))
            owner = {**task, "dag_run_id": number}
            if WRITABLE is not XComModel:
                mine = TaskInstance.run_id == key.run_id
                owner = {"task_instance_id": session.scalar(select(TaskInstance.id).where(mine))}
            for name, value in {xcom_keys.SUMMARY: summary, "return_value": result}.items():
                if value is not None:
                    row = {**owner, "key": name, "value": value, "timestamp": at}
                    session.execute(insert(WRITABLE).values(**row))
        return key

    def region(self, key: TaskKey) -> str | None:
        """Return what tells a mapped task from others of its key; None before Airflow 3.4."""
        if not hasattr(TaskInstance, "region_id"):
            return None
        with create_session(scoped=False) as session:
            return str(
                session.scalars(select(TaskInstance.region_id).where(TaskInstance.run_id == key.run_id)).one()
            )


def _complete(model: Any, **values: Any) -> dict[str, Any]:
    """Return a row with something in each column that must not be empty."""
    of_type = {"bool": False, "int": 0, "str": "x", "float": 0.0, "datetime": NOW}
    for column in inspect(model).columns:
        is_given = column.key in values or column.default is not None or column.server_default is not None
        if not is_given and not column.nullable and column.autoincrement is not True:
            kind = column.type.python_type.__name__
            if kind in of_type:
                values[column.key] = of_type[kind]
    return values

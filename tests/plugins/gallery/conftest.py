"""Airflow's own database, with runs that somebody made, and the gallery that reads it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow import settings
from airflow.models import import_all_models, xcom
from airflow.models.base import Base
from airflow.models.dag import DagModel
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from sqlalchemy import delete, insert, inspect, select
from starlette.testclient import TestClient

from airflow_provider_kling.generation import xcom_keys
from airflow_provider_kling.links.gallery_address import TaskKey
from airflow_provider_kling.plugins.gallery import permissions
from airflow_provider_kling.plugins.gallery.app import make_app

# From Airflow 3.4 on, the model that is read is a view of two tables.
WRITABLE = getattr(xcom, "XComModelV2", XComModel)
NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
ROOT = "/kling/gallery"


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


@pytest.fixture(scope="session")
def tables() -> None:
    """The tables of Airflow's database, in the folder of these tests."""
    assert "kling-tests-" in str(settings.SQL_ALCHEMY_CONN)
    import_all_models()
    Base.metadata.create_all(settings.engine)


@pytest.fixture
def runs(tables: None) -> Iterator[Runs]:
    """A database without any run."""
    yield Runs()
    with create_session(scoped=False) as session:
        for model in (WRITABLE, TaskInstance, DagRun, DagModel, DagBundleModel):
            session.execute(delete(model))


class Visitor:
    """Somebody who has logged in, and may read some DAGs."""

    def __init__(self) -> None:
        self.may_read = {"films"}
        self.is_logged_in = True


@pytest.fixture
def visitor(monkeypatch: pytest.MonkeyPatch) -> Visitor:
    """The visitor of the gallery."""
    visitor = Visitor()

    class Manager:
        def is_authorized_dag(self, *, method: str, access_entity: Any, details: Any, user: Visitor) -> bool:
            assert (method, access_entity.value) == ("GET", "XCOM")
            return details.id in user.may_read

    monkeypatch.setattr(permissions, "get_auth_manager", Manager)
    return visitor


@pytest.fixture
def gallery(runs: Runs, visitor: Visitor) -> TestClient:
    """The gallery, as the visitor's browser sees it."""
    app = make_app(clock=lambda: NOW + timedelta(hours=1))
    app.dependency_overrides[permissions.current_user] = lambda: visitor
    return TestClient(app, root_path=ROOT, follow_redirects=False)


Address = Callable[[TaskKey], str]

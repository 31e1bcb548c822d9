"""Airflow's own database, with runs that somebody made, and the gallery that reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from airflow import settings
from airflow.models import import_all_models
from airflow.models.base import Base
from airflow.models.dag import DagModel
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from sqlalchemy import delete
from starlette.testclient import TestClient

from airflow_provider_kling.links.gallery_address import TaskKey
from airflow_provider_kling.plugins.gallery import permissions
from airflow_provider_kling.plugins.gallery.app import make_app
from tests.plugins.gallery.rows import NOW, WRITABLE, Runs

ROOT = "/kling/gallery"


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

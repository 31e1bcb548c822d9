"""One logical task over its tries, retries and clears: in memory, and in a real Airflow with its database.

In memory, tests/task_runner.py does what Airflow does. In a real Airflow, its own task runner talks to its
own execution API, and the record is in its own task state store. No scheduler runs: a test begins each try.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID, uuid4

import pytest
from airflow.providers.common.compat.sdk import Variable
from airflow.sdk import DAG

from airflow_provider_kling.journal import logical_task
from airflow_provider_kling.journal.journal import variable_name
from airflow_provider_kling.journal.stores import STATE_KEY
from tests import task_runner
from tests.conftest import FakeTaskInstance
from tests.variables import use_real_variables

BUNDLE, RUN = "second-gateway", "run"


class LogicalTask(Protocol):
    """A DAG, a run, a task and a map index."""

    def dag(self) -> DAG:
        """Return an empty DAG, for operators that are made in one."""

    def run(self, operator: Any) -> Any:
        """Run the present try to its end, with the triggerer's part.

        :returns: the result.
        :raises BaseException: what ended the try.
        """

    def retry(self) -> None:
        """Begin the next try, as Airflow does after a failure or when a worker died."""

    def clear(self) -> None:
        """Begin the next try, as Airflow does when somebody clears the task."""

    @property
    def record(self) -> dict[str, Any] | None:
        """What is stored of the submission."""

    def change_record(self, **fields: Any) -> None:
        """Change the record, as somebody does by hand."""

    def lose_record(self) -> None:
        """Delete the record, as somebody does by hand."""

    @property
    def xcoms(self) -> Mapping[str, Any]:
        """What the task has pushed."""


class MemoryTask:
    """In memory."""

    def __init__(self) -> None:
        self._instance = FakeTaskInstance()
        self._instance.run_id = f"run-{uuid4().hex[:12]}"
        self._began = False

    def dag(self) -> DAG:
        return DAG("film", schedule=None)

    def run(self, operator: Any) -> Any:
        if not self._began:
            self._instance.max_tries = operator.retries
        self._began = True
        self._retries = operator.retries
        result = task_runner.run(operator, self._instance)
        self._instance.xcom_push("return_value", result)
        return result

    def retry(self) -> None:
        self._instance.retry()

    def clear(self) -> None:
        self._instance.max_tries = self._instance.try_number + self._retries
        self._instance.retry()

    @property
    def record(self) -> dict[str, Any] | None:
        stored: dict[str, Any] | None = self._instance.store.get(STATE_KEY)
        return stored

    def change_record(self, **fields: Any) -> None:
        self._instance.store.set(STATE_KEY, {**(self.record or {}), **fields})

    def lose_record(self) -> None:
        self._instance.store.delete(STATE_KEY)
        one = self._instance
        task = logical_task.LogicalTask(one.dag_id, one.run_id, one.task_id, one.map_index)
        Variable.delete(variable_name(task))

    @property
    def xcoms(self) -> Mapping[str, Any]:
        return self._instance.xcoms


class AirflowTask:
    """In a real Airflow's database; :class:`AirflowDatabase` has to be in use.

    :param in_variable: the record is kept in a Variable, as on an Airflow without a task state store.
    """

    def __init__(self, *, in_variable: bool = False) -> None:
        self.dag_id = f"film-{uuid4().hex[:12]}"
        self._ti: Any = None
        self._tries = 1
        self._in_variable = in_variable

    def dag(self) -> DAG:
        return DAG(self.dag_id, schedule=None)

    def run(self, operator: Any) -> Any:
        from airflow.sdk.api.datamodels._generated import TaskInstance
        from airflow.sdk.execution_time.supervisor import run_task_in_process
        from airflow.utils.state import TaskInstanceState

        if not operator.has_dag():
            operator.dag = self.dag()
        if self._ti is None:
            self._create(operator)
        while True:
            self._update(state=TaskInstanceState.QUEUED)
            ti = self._ti
            told = TaskInstance(
                id=UUID(str(ti.id)),
                task_id=ti.task_id,
                dag_id=ti.dag_id,
                run_id=ti.run_id,
                try_number=ti.try_number,
                map_index=ti.map_index,
                dag_version_id=UUID(str(ti.dag_version_id)),
            )
            with _signals(), pytest.MonkeyPatch.context() as patch:
                use_real_variables(patch)
                ran = run_task_in_process(ti=told, task=operator)
            self._refresh()
            if ran.error is not None:
                raise ran.error
            if self._ti.state == TaskInstanceState.SUCCESS:
                return self.xcoms.get("return_value")
            self._fire()

    def _fire(self) -> None:
        """Run the trigger that is stored until its event, and let Airflow take that in."""
        from airflow.models.trigger import Trigger
        from airflow.triggers.base import TriggerEvent
        from airflow.utils.session import create_session

        with create_session() as session:
            trigger = session.get(Trigger, self._ti.trigger_id)
            assert trigger is not None, f"neither an error nor a deferral: {self._ti.state}"
            module, _, name = trigger.classpath.rpartition(".")
            arguments = trigger.kwargs
        payload = task_runner.fire(getattr(import_module(module), name)(**arguments))
        event = TriggerEvent(payload)  # type: ignore[no-untyped-call]
        with create_session() as session:
            Trigger.submit_event(self._ti.trigger_id, event, session=session)
        self._refresh()

    def retry(self) -> None:
        from airflow.utils.state import TaskInstanceState

        assert self._ti.state == TaskInstanceState.UP_FOR_RETRY, f"no retry is left: {self._ti.state}"
        self._begin_next_try()

    def clear(self) -> None:
        from airflow.models.taskinstance import clear_task_instances
        from airflow.utils.session import create_session

        with create_session() as session:
            ti = session.merge(self._ti)
            clear_task_instances([ti], session)
            session.flush()
        self._refresh()
        self._begin_next_try()

    def _begin_next_try(self) -> None:
        """Count a try, as the scheduler does; from Airflow 3.4 on, the end of the try before has done it."""
        self._tries += 1
        self._update(try_number=self._tries)

    @property
    def record(self) -> dict[str, Any] | None:
        from airflow.utils.session import create_session

        with create_session() as session:
            row = self._stored(session)
            return None if row is None else json.loads(row.val if self._in_variable else row.value)

    def change_record(self, **fields: Any) -> None:
        from airflow.utils.session import create_session

        with create_session() as session:
            changed = json.dumps({**(self.record or {}), **fields})
            setattr(self._stored(session), "val" if self._in_variable else "value", changed)

    def lose_record(self) -> None:
        from airflow.utils.session import create_session

        with create_session() as session:
            for row in filter(None, (self._stored(session), self._variable(session))):
                session.delete(row)

    def _variable(self, session: Any) -> Any:
        from airflow.models.variable import Variable
        from sqlalchemy import select

        task = logical_task.LogicalTask(self.dag_id, RUN, self._ti.task_id, self._ti.map_index)
        name = variable_name(task)
        return session.scalar(select(Variable).filter_by(key=name))

    def _stored(self, session: Any) -> Any:
        """Return the row of the record."""
        from sqlalchemy import select

        if self._in_variable:
            return self._variable(session)
        from airflow.models.task_state_store import TaskStateStoreModel

        where = {"dag_id": self.dag_id, "run_id": RUN, "task_id": self._ti.task_id, "key": STATE_KEY}
        return session.scalar(select(TaskStateStoreModel).filter_by(**where))

    @property
    def xcoms(self) -> Mapping[str, Any]:
        from airflow.models.xcom import XComModel
        from airflow.utils.session import create_session

        with create_session() as session:
            rows: Any = session.scalars(XComModel.get_many(run_id=RUN, dag_ids=self.dag_id))
            return {row.key: row.value for row in rows}

    # -- Airflow's side -------------------------------------------------------------------------

    def _create(self, operator: Any) -> None:
        """Write the DAG and a run of it to the database, as the DAG processor and the scheduler do."""
        from airflow.models.serialized_dag import SerializedDagModel
        from airflow.serialization.definitions.dag import SerializedDAG
        from airflow.serialization.serialized_objects import DagSerialization, LazyDeserializedDAG
        from airflow.utils.session import create_session
        from airflow.utils.state import DagRunState
        from airflow.utils.types import DagRunTriggeredByType, DagRunType

        dag = operator.dag
        with create_session() as session:
            SerializedDAG.bulk_write_to_db(BUNDLE, None, [dag], session=session)
            lazy = LazyDeserializedDAG.from_dag(dag)
            SerializedDagModel.write_dag(lazy, bundle_name=BUNDLE, session=session)
        scheduled = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
        now = datetime.now(tz=UTC)
        with create_session() as session:
            run = scheduled.create_dagrun(
                run_id=RUN,
                logical_date=now,
                data_interval=(now, now),
                run_after=now,
                start_date=now,
                run_type=DagRunType.MANUAL,
                state=DagRunState.RUNNING,
                triggered_by=DagRunTriggeredByType.TEST,
                session=session,
            )
            (self._ti,) = run.get_task_instances(session=session)
            session.expunge_all()
        self._update(try_number=1)

    def _refresh(self) -> None:
        from airflow.models.taskinstance import TaskInstance
        from airflow.utils.session import create_session
        from sqlalchemy import select

        with create_session() as session:
            self._ti = session.scalar(select(TaskInstance).filter_by(dag_id=self.dag_id, run_id=RUN))
            session.expunge_all()

    def _update(self, **columns: Any) -> None:
        from airflow.utils.session import create_session

        with create_session() as session:
            ti = session.merge(self._ti)
            for name, value in columns.items():
                setattr(ti, name, value)
        self._refresh()


def _execution_api() -> Any:
    """Start Airflow's execution API, and wait until it takes requests; Airflow 3.2 does not wait."""
    from airflow.api_fastapi.execution_api.app import InProcessExecutionAPI

    api = InProcessExecutionAPI()
    assert api.transport, "it is started by being read"
    deadline = time.monotonic() + 60
    while not hasattr(api.app.state, "svcs_registry"):
        assert time.monotonic() < deadline, "Airflow's execution API does not start"
        time.sleep(0.01)
    return api


@contextmanager
def _signals() -> Iterator[None]:
    """Take back the signal handler that the task runner sets for its own process."""
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)


class AirflowDatabase:
    """A new database, which this process's Airflow uses while :meth:`used` is entered.

    :param folder: where it is made.
    """

    def __init__(self, folder: Path) -> None:
        from airflow.models.dagbundle import DagBundleModel
        from airflow.utils.db import initdb
        from airflow.utils.session import create_session

        self.folder = folder
        self._url = f"sqlite:///{folder}/airflow.db"
        self._settings = self._connected()
        self._api: Any = None
        with self.used():
            with create_session() as session:
                initdb(session=session)
            with create_session() as session:
                session.add(DagBundleModel(name=BUNDLE))
            self._api = _execution_api()

    def _connected(self) -> dict[str, Any]:
        """Return the settings that Airflow changes to connect to the database."""
        settings = _settings()
        before = dict(vars(settings))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", self._url)
            settings.configure_vars()
            settings.configure_orm()
            after = vars(settings)
            changed = {name: value for name, value in after.items() if value is not before.get(name)}
        vars(settings).update(before)
        return changed

    @contextmanager
    def used(self) -> Iterator[None]:
        from airflow.sdk.execution_time import supervisor

        settings = _settings()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", self._url)
            patch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "for the execution API of Airflow 3.2")
            for name, value in self._settings.items():
                patch.setattr(settings, name, value)
            patch.setattr(supervisor, "in_process_api_server", lambda: self._api)
            yield

    def contents(self) -> bytes:
        """Return all that is in it."""
        return b"".join(file.read_bytes() for file in self.folder.glob("airflow.db*"))

    def close(self) -> None:
        with self.used():
            _settings().dispose_orm(do_log=False)


def _settings() -> Any:
    """Return the module that holds Airflow's connection to its database."""
    from airflow import settings

    return settings

"""Fixtures: the second service and its gateway, and a logical task over its tries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from airflow_provider_kling.gateways import registry
from airflow_provider_kling.http.response_reader import ResponseReader
from airflow_provider_kling.http.retry import RetryPolicy
from airflow_provider_kling.journal.journal import Journal
from airflow_provider_kling.journal.record import Phase, Record
from tests.media.clips import Clip
from tests.second_gateway.gateway import SecondGateway
from tests.second_gateway.logical_task import AirflowDatabase, AirflowTask, LogicalTask, MemoryTask
from tests.second_gateway.service import ACCESS, SECRET, SecondService
from tests.task_runner import poll_often

try:
    from airflow.models.task_state_store import TaskStateStoreModel  # noqa: F401
except ImportError:  # before Airflow 3.3
    HAS_STATE_STORE = False
else:
    HAS_STATE_STORE = True


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no pause be longer than the service needs: between polls, attempts, and tries to submit."""
    patient = RetryPolicy.delay

    def delay(self: RetryPolicy, *error: Any, **facts: Any) -> float | None:
        return None if patient(self, *error, **facts) is None else 0.0

    monkeypatch.setattr(RetryPolicy, "delay", delay)
    monkeypatch.setattr("airflow_provider_kling.generation.run.capacity_delay", lambda **_: 0.0)
    poll_often(monkeypatch)


@pytest.fixture
def service(
    connect: Callable[..., None], hurry: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SecondService]:
    """The second service, which the connection ``kling_default`` leads to."""
    monkeypatch.setitem(registry.GATEWAYS, SecondGateway.name, SecondGateway)
    with SecondService(film=Clip(frames=12).encoded()) as service:
        connect(host=service.url, login=ACCESS, password=SECRET, extra={"gateway": SecondGateway.name})
        yield service


@pytest.fixture(scope="session")
def airflow_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowDatabase]:
    """A database of this process; only tests that ask for ``real_airflow`` use it."""
    database = AirflowDatabase(tmp_path_factory.mktemp("airflow"))
    yield database
    database.close()


@pytest.fixture
def real_airflow(airflow_database: AirflowDatabase) -> Iterator[AirflowDatabase]:
    """A real Airflow with a database."""
    with airflow_database.used():
        yield airflow_database


@pytest.fixture
def database(request: pytest.FixtureRequest, task: LogicalTask) -> Callable[[], bytes]:
    """Return a function that returns all that is in the database; nothing for a task in memory."""
    if isinstance(task, MemoryTask):
        return lambda: b""
    airflow: AirflowDatabase = request.getfixturevalue("real_airflow")
    return airflow.contents


@pytest.fixture(
    params=[
        pytest.param("memory", id="in_memory"),
        pytest.param(
            "airflow",
            id="in_airflow",
            marks=pytest.mark.skipif(not HAS_STATE_STORE, reason="needs Airflow's task state store"),
        ),
    ]
)
def task(request: pytest.FixtureRequest) -> LogicalTask:
    """A logical task whose record is kept in memory, and one whose record is kept by a real Airflow."""
    if request.param == "memory":
        return MemoryTask()
    request.getfixturevalue("real_airflow")
    return AirflowTask()


class Killed(BaseException):
    """The worker died."""


class Reaper:
    """Lets a try die when it records a phase: right after an intent, and right before any other phase."""

    def __init__(self) -> None:
        self.phase: Phase | None = None
        self._dies_now = False
        self._dead: Journal | None = None

    def __call__(self, phase: Phase | None) -> None:
        """Choose where the next try dies, once; None for nowhere."""
        self.phase = phase

    def record(self, journal: Journal, phase: Phase, write: Callable[[], None]) -> None:
        hit = phase is self.phase
        if hit:
            self.phase = None
            if phase is not Phase.INTENT:
                self._dead = journal
        if journal is self._dead:  # of a process that is gone; another try opens another one
            raise Killed
        self._dies_now = hit
        write()

    def send(self) -> None:
        """Die between the intent and the first byte."""
        if self._dies_now:
            self._dies_now = False
            raise Killed


@pytest.fixture
def kill_at(monkeypatch: pytest.MonkeyPatch) -> Reaper:
    """Call it with the phase at which the next try dies."""
    reaper, write, on_event = Reaper(), Journal.write, ResponseReader.on_event

    def write_or_die(self: Journal, record: Record) -> None:
        reaper.record(self, record.phase, lambda: write(self, record))

    def send_or_die(self: ResponseReader, *event: Any) -> None:
        on_event(self, *event)
        reaper.send()

    monkeypatch.setattr(Journal, "write", write_or_die)
    monkeypatch.setattr(ResponseReader, "on_event", send_or_die)
    return reaper


@pytest.fixture
def picture(tmp_path: Path) -> Callable[..., str]:
    """Write a picture, made larger by bytes that nobody reads, and return its URI."""

    def picture(name: str, *, size: tuple[int, int] = (320, 320), pad: int = 0) -> str:
        file = tmp_path / name
        Image.new("RGB", size, "teal").save(file, "PNG")
        file.write_bytes(file.read_bytes() + bytes(pad))
        return f"file://{file}"

    return picture

"""A real Airflow on this machine: its components as processes of their own."""

from __future__ import annotations

import collections
import contextlib
import enum
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import httpx
import psutil

from dev.airflow_api import AirflowAPI, User
from dev.airflow_settings import airflow_environment
from dev.ports import ReservedPort
from dev.waiting import PATIENCE_S, wait_for

T = TypeVar("T")
PARENT_WATCH = Path(__file__).with_name("parent_watch.py")
OWN_PROGRAMS = Path(sys.executable).parent  # those of the environment this runs in
MOST_RESTARTS = 10  # of a component; one that always ends at once is broken
GRACE = 5.0  # seconds a component gets to end by itself, when nothing is wanted of it any more


class Component(enum.StrEnum):
    """A part of Airflow.

    The API that tasks talk to is a server of its own. In one with the other API, SQLite makes them wait
    for each other: that one logs a call by writing on its event loop, where it blocks until the writer
    before it is done, who may be a task's call that needs the loop to end (seen on 3.3.2).
    """

    API_SERVER = "api-server"
    EXECUTION_API = "execution-api"
    SCHEDULER = "scheduler"
    DAG_PROCESSOR = "dag-processor"
    TRIGGERER = "triggerer"
    CELERY_WORKER = "celery-worker"


# The log servers are for components on several machines; here every log is a file at hand.
COMMANDS: Mapping[Component, list[str]] = {
    Component.API_SERVER: ["api-server", "--apps", "core"],
    Component.EXECUTION_API: ["api-server", "--apps", "execution"],
    Component.SCHEDULER: ["scheduler", "--skip-serve-logs"],
    Component.DAG_PROCESSOR: ["dag-processor"],
    Component.TRIGGERER: ["triggerer", "--skip-serve-logs"],
    Component.CELERY_WORKER: ["celery", "worker", "--skip-serve-logs"],
}

# By their names. Here the scheduler runs the tasks as well.
ONE_OF_EACH: Mapping[str, Component] = {
    str(component): component for component in Component if component is not Component.CELERY_WORKER
}


class AirflowStackError(RuntimeError):
    """Airflow did not start, or one of its components ended by itself."""


class AirflowStack:
    """Airflow, by default with one of each component, for as long as the context lasts.

    Whatever ends this process, the components end with it (see ``dev.parent_watch``).

    :param home: AIRFLOW_HOME; made when missing. SQLite begins anew unless ``keep_database``.
    :param dags_folder: where the DAG files are.
    :param env: further environment variables of every component, connections for example.
    :param settings: Airflow settings as ``SECTION__OPTION`` to value.
    :param path: before every path of the API server, as behind a proxy.
    :param user: whom the API is used as; None where everybody is an admin.
    :param programs: the folder of the ``airflow`` to run, of another environment perhaps.
    :param components: what runs, by name; several of a kind have several names.
    :param supervised: a component that ends by itself is started again, as a deployment does; otherwise that
        is an error.
    :ivar ended: the name of each component that ended by itself and was started again, in their order.
    """

    def __init__(
        self,
        *,
        home: Path,
        dags_folder: Path,
        env: Mapping[str, str] | None = None,
        settings: Mapping[str, str] | None = None,
        keep_database: bool = False,
        path: str = "",
        user: User | None = None,
        programs: Path = OWN_PROGRAMS,
        components: Mapping[str, Component] = ONE_OF_EACH,
        supervised: bool = False,
    ) -> None:
        self.ended: list[str] = []
        self._components = dict(components)
        self._supervised = supervised
        self.home = home.resolve()
        self._airflow = programs / "airflow"
        self._port = ReservedPort()
        self._execution_port = ReservedPort()
        self.url = f"http://127.0.0.1:{self._port.number}{path}"
        self.api = AirflowAPI(url=self.url, user=user)
        self.env = airflow_environment(
            home=self.home,
            dags_folder=dags_folder.resolve(),
            port=self._port.number,
            execution_port=self._execution_port.number,
            path=path,
            programs=programs,
            settings=settings or {},
            env=env or {},
        )
        self._keep_database = keep_database
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def logs(self) -> Path:
        """The folder of task logs and, as ``components/NAME.log``, of the components' output."""
        return self.home / "logs"

    @property
    def database(self) -> Path:
        """The SQLite file with everything Airflow knows, unless the settings name another database."""
        return self.home / "airflow.db"

    def __enter__(self) -> Self:
        try:
            self._migrate()
            begun = datetime.now(UTC)
            for name, component in self._components.items():
                self.start(component, name=name)
            self.wait_for(lambda: self._healthy_since(begun), what="a healthy Airflow")
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, component: Component, *, name: str | None = None) -> None:
        """Start a component again or, under another name, a second time."""
        name = name or component
        if self.running(name):
            raise AirflowStackError(f"{name} runs already")
        arguments = list(COMMANDS[component])
        if component is Component.EXECUTION_API:
            arguments += ["--port", str(self._execution_port.number)]
        if component is Component.CELERY_WORKER:
            arguments += ["--celery-hostname", f"{name}@%h"]
        self._components[name] = component
        log = self._log_of(name)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._processes[name] = subprocess.Popen(
                [sys.executable, PARENT_WATCH, str(GRACE), self._airflow, *arguments],
                cwd=self.home,
                env=self.env,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def running(self, name: str) -> bool:
        """Tell whether the component of this name has processes."""
        process = self._processes.get(name)
        return process is not None and process.poll() is None

    def processes_of(self, name: str) -> list[psutil.Process]:
        """Return the processes of a component."""
        return psutil.Process(self._processes[name].pid).children(recursive=True)

    def kill(self, name: str, signum: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to every process of a component at once, as when its machine fails or freezes.

        The scheduler's are also the running tasks. After SIGKILL the component is gone until it is
        started again; SIGSTOP and SIGCONT freeze and thaw it.
        """
        for process in self.processes_of(name):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signum)
        if signum == signal.SIGKILL:
            self._gather([self._processes.pop(name)])

    def shut_down(self, name: str) -> None:
        """End a component in good order, as a deployment does, however long it takes."""
        watch = self._processes.pop(name)
        for component in psutil.Process(watch.pid).children():
            component.terminate()
        self._gather([watch])  # it ends with the component

    def stop(self) -> None:
        """End every component; returns when none of their processes is left."""
        processes = list(self._processes.values())
        self._processes.clear()
        for process in processes:
            process.terminate()
        self._gather(processes)
        self.api.close()
        self._port.close()
        self._execution_port.close()

    def wait_for(
        self,
        check: Callable[[], T | None],
        *,
        what: str,
        timeout: float = PATIENCE_S,
        every: float | None = None,
    ) -> T:
        """Wait until ``check`` returns something true; see meanwhile to components that end.

        The parameters are those of :func:`dev.waiting.wait_for`.
        """

        def checked() -> T | None:
            self.check_alive()
            return check()

        return wait_for(checked, what=what, timeout=timeout, every=every)

    def check_alive(self) -> None:
        """See whether a component ended by itself: start it again where they are supervised.

        Else, or when it has ended too often, raise AirflowStackError with the end of its log.
        """
        for name, process in list(self._processes.items()):
            if process.poll() is None:
                continue
            if self._supervised and self.ended.count(name) < MOST_RESTARTS:
                self.ended.append(name)
                self._gather([process])
                self.start(self._components[name], name=name)
            else:
                raise AirflowStackError(
                    f"{name} ended with status {process.returncode}; the end of {self._log_of(name)}:\n"
                    + tail(self._log_of(name))
                )

    def cli(self, *arguments: str) -> str:
        """Run ``airflow ARGUMENT...`` and return what it printed; AirflowStackError when it fails."""
        done = subprocess.run(
            [self._airflow, *arguments],
            cwd=self.home,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise AirflowStackError(f"airflow {' '.join(arguments)}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def _migrate(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        if not self._keep_database:
            self.database.unlink(missing_ok=True)
        self.cli("db", "migrate")

    def _healthy_since(self, begun: datetime) -> bool:
        """Tell whether all report health; a heartbeat of an earlier start in a kept database won't do."""
        try:
            health = self.api.health()
            execution = self.env["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]
            httpx.get(f"{execution}health", trust_env=False).raise_for_status()
        except httpx.HTTPError:
            return False
        return all(
            health[part]["status"] == "healthy"
            and datetime.fromisoformat(health[part][f"latest_{part}_heartbeat"]) > begun
            for part in ("scheduler", "triggerer", "dag_processor")
        )

    @staticmethod
    def _gather(watches: Iterable[subprocess.Popen[bytes]]) -> None:
        for watch in watches:
            watch.wait()  # after the grace it resorts to SIGKILL, so it does end
            if watch.stdin:
                watch.stdin.close()

    def _log_of(self, name: str) -> Path:
        return self.logs / "components" / f"{name}.log"


def tail(log: Path, lines: int = 30) -> str:
    """Return the last lines of a file; nothing when there is none."""
    with contextlib.suppress(FileNotFoundError), log.open(errors="replace") as text:
        return "".join(collections.deque(text, maxlen=lines))
    return ""

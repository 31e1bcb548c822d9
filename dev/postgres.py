"""A PostgreSQL server in a folder that is gone afterwards; Debian's package ``postgresql`` has it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from dev.ports import ReservedPort
from dev.waiting import wait_for

_PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
_PROGRAMS = _PLACES[-1] if _PLACES else Path(shutil.which("pg_ctl") or "pg_ctl").parent
_USER = "postgres"
_AS_USER = ["runuser", "-u", _USER, "--"] if os.geteuid() == 0 else []  # the server does not run as root
_PARENT_WATCH = Path(__file__).with_name("parent_watch.py")
_GRACE = "5"
_CONNECTIONS = "300"  # every process of Airflow has some


class Postgres:
    """A server with an empty database for Airflow. Whatever ends this process, the server ends with it.

    :param folder: holds data, log and socket; the server's user can write to it.
    """

    def __init__(self, *, folder: Path, port: int) -> None:
        self._folder = folder
        self._port = str(port)
        self.url = f"postgresql+psycopg2://{_USER}@127.0.0.1:{port}/airflow"
        self._server: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        """Make the database, and leave the server running."""
        self._run("initdb", "-D", str(self._data), "-U", _USER, "--auth", "trust")
        self._start()
        self._run("createdb", *self._address, "-U", _USER, "airflow")

    def restart(self) -> None:
        """Break all connections off, and start the server again; what was committed stays."""
        self.stop()
        self._start()

    def stop(self) -> None:
        """End the server, if it runs."""
        if self._server is not None:
            if self._server.poll() is None:
                self._run("pg_ctl", "-D", str(self._data), "-w", "-m", "fast", "stop")
            self._server.communicate()
            self._server = None

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _address(self) -> list[str]:
        return ["-h", "127.0.0.1", "-p", self._port]

    def _start(self) -> None:
        # -F: nothing waits for the disk. What is committed survives an end of the server all the same.
        options = ["-D", str(self._data), *self._address, "-k", str(self._folder), "-F", "-N", _CONNECTIONS]
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [sys.executable, _PARENT_WATCH, _GRACE, *_AS_USER, str(_PROGRAMS / "postgres"), *options],
                cwd="/",
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for(self._is_ready, what="PostgreSQL", every=0.1)

    def _is_ready(self) -> bool:
        if self._server is None or self._server.poll() is not None:
            raise RuntimeError(f"PostgreSQL ended:\n{(self._folder / 'log').read_text()}")
        asked = subprocess.run([str(_PROGRAMS / "pg_isready"), "-q", *self._address], check=False)
        return asked.returncode == 0

    @staticmethod
    def _run(program: str, *arguments: str) -> None:
        command = [*_AS_USER, str(_PROGRAMS / program), *arguments]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL)


def has_postgres() -> bool:
    """Tell whether the programs are installed."""
    return (_PROGRAMS / "initdb").exists()


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Run a server while the context lasts."""
    folder = Path(tempfile.mkdtemp(prefix="kling-postgres-"))
    try:
        if _AS_USER:
            os.chown(folder, pwd.getpwnam(_USER).pw_uid, -1)
        with closing(ReservedPort()) as port:
            postgres = Postgres(folder=folder, port=port.number)
            try:
                postgres.create()
                yield postgres
            finally:
                postgres.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)

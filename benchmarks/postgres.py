"""A PostgreSQL server in a folder that is gone afterwards; Debian's package ``postgresql`` has it."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
_USER = "postgres"  # the server does not run as root


@contextmanager
def running_postgres() -> Iterator[str]:
    """Run a server while the context lasts, and yield the URL of an empty database."""
    programs = _PLACES[-1] if _PLACES else Path(shutil.which("pg_ctl") or "pg_ctl").parent
    folder = Path(tempfile.mkdtemp(prefix="kling-postgres-"))
    as_user = ["runuser", "-u", _USER, "--"] if os.geteuid() == 0 else []
    if as_user:
        os.chown(folder, pwd.getpwnam(_USER).pw_uid, -1)
    data = folder / "data"
    port = _free_port()

    def run(program: str, *arguments: str) -> None:
        command = [*as_user, str(programs / program), *arguments]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL)

    try:
        run("initdb", "-D", str(data), "-U", _USER, "--auth", "trust")
        options = f"-p {port} -k {folder} -h 127.0.0.1"
        run("pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            run("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", _USER, "airflow")
            yield f"postgresql+psycopg2://{_USER}@127.0.0.1:{port}/airflow"
        finally:
            run("pg_ctl", "-D", str(data), "-w", "-m", "fast", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

"""Measuring one contender: a service and a runner, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks.triggers.contenders import CERTIFICATE, CONN_ID, CONTENDERS, KEY
from benchmarks.triggers.service import Load, Service, running_service

_NO_POLLS_S: Final = 20.0


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one contender needed.

    :param runner: ``airflow`` or ``asyncio``.
    :param tls: the service was asked over TLS.
    :param interval_s: between polls; None where the contender chooses it.
    :param polls: all polls.
    :param delay_s: from a task's end to the poll that saw it, at the median.
    :param delay_95_s: the same for 95 of 100.
    :param cpu_s: user and system time of the process with the triggers, from their start to their end.
    :param stall_s: for how long the event loop let nothing run, at most, while the triggers waited.
    :param stall_loading_s: the same while they were started.
    :param memory_kb: a waiting trigger, three seconds after the start of the last.
    :param rejected: polls that were answered 429.
    :param most_polls_in_a_second: at the service.
    """

    contender: str
    runner: str
    tls: bool
    tasks: int
    median_s: float
    per_minute: int
    under_way: bool
    interval_s: float | None
    finished: int
    polls: int
    delay_s: float
    delay_95_s: float
    cpu_s: float
    stall_s: float
    stall_loading_s: float
    memory_kb: float
    connections: int
    rejected: int
    most_polls_in_a_second: int

    @property
    def polls_per_task(self) -> float:
        return self.polls / self.tasks

    @property
    def cpu_ms_per_poll(self) -> float:
        return 1000 * self.cpu_s / self.polls if self.polls else 0.0

    @property
    def cpu_ms_per_task(self) -> float:
        return 1000 * self.cpu_s / self.tasks

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def measure(
    contender: str, load: Load, *, runner: str, interval_s: float, certificate: Path | None = None
) -> Measured:
    """Measure one contender.

    :param interval_s: between polls, for those that poll at a fixed interval.
    :param certificate: of the service; None for one without TLS.
    """
    with (
        running_service(load, certificate=certificate) as service,
        tempfile.TemporaryDirectory(prefix="kling-benchmark-") as folder,
    ):
        result = Path(folder) / "result.json"
        command = [sys.executable, "-m", "benchmarks.triggers.runner", runner, contender]
        command += ["--tasks", str(load.tasks), "--median-s", str(load.median_s)]
        command += ["--interval-s", str(interval_s), "--url", service.url, "--result", str(result)]
        command += ["--certificate", str(certificate)] if certificate else []
        command += ["--under-way"] if load.under_way else []
        command += ["--most-s", str(_NO_POLLS_S)] if contender == "sleeping" else []
        log = Path(folder) / "log"
        with log.open("wb") as output:
            done = subprocess.run(
                command,
                env=_environment(Path(folder), service),
                stdout=output,
                stderr=output,
                check=False,
            )
        if done.returncode or not result.exists():
            raise RuntimeError(f"{contender} failed:\n{log.read_text(errors='replace')[-3000:]}")
        probed, reported = json.loads(result.read_text()), service.report()
    delays = reported["delays_s"] or [0.0]
    return Measured(
        contender=contender,
        runner=runner,
        tls=certificate is not None,
        tasks=load.tasks,
        median_s=load.median_s,
        per_minute=load.per_minute,
        under_way=load.under_way,
        interval_s=interval_s if CONTENDERS[contender].has_interval else None,
        finished=reported["finished"],
        polls=reported["polls"],
        delay_s=delays[len(delays) // 2],
        delay_95_s=delays[int(0.95 * (len(delays) - 1))],
        cpu_s=probed["cpu_s"],
        stall_s=probed["stall_s"],
        stall_loading_s=probed["stall_loading_s"],
        memory_kb=(probed["memory_waiting"] - probed["memory_before"]) / 1024 / load.tasks,
        connections=probed["connections"],
        rejected=reported["rejected"],
        most_polls_in_a_second=reported["most_polls_in_a_second"],
    )


def _environment(home: Path, service: Service) -> dict[str, str]:
    address = urlsplit(service.url)
    http = {"conn_type": "http", "schema": address.scheme, "host": address.hostname, "port": address.port}
    # A real key's service is not on this machine, where polls come more often.
    kling = {
        "conn_type": "kling",
        "host": service.url,
        "password": KEY,
        "extra": {"max_poll_interval": 30},
    }
    trust = {}
    if service.certificate is not None:
        trust = {CERTIFICATE: str(service.certificate), "SSL_CERT_FILE": str(service.certificate)}
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
        **trust,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        f"AIRFLOW_CONN_{CONN_ID.upper()}": json.dumps(kling),
        f"AIRFLOW_CONN_HTTP_{CONN_ID.upper()}": json.dumps(http),
    }

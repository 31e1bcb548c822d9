"""A real run is seen from outside: by a StatsD server, OpenLineage, and a DAG that follows its asset."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_kling.hooks.metrics import METRICS, Kind
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from dev.airflow_stack import AirflowStack
from dev.service import sandbox_connection
from tests.e2e.conftest import EXAMPLES, SETTINGS
from tests.e2e.run import Run
from tests.e2e.statsd_server import Received, StatsdServer

pytest.importorskip("statsd", reason="the extra dev-latest is not installed")
pytest.importorskip("airflow.providers.openlineage", reason="the extra openlineage is not installed")

DAG, TASK = "kling_quickstart", "generate"
KINDS = {"c": Kind.COUNTER, "ms": Kind.TIMER}


@dataclass(frozen=True, kw_only=True)
class Watched:
    """An Airflow that tells what it does, and where that arrives."""

    stack: AirflowStack
    statsd: StatsdServer
    events: Path
    folder: Path

    def run(self) -> Run:
        """Run the quickstart to its end."""
        conf = {"prompt": "A paper boat", "output": f"file://{self.folder}"}
        run = Run(stack=self.stack, dag_id=DAG, run_id=self.stack.api.trigger(DAG, conf))
        run.finish()
        return run

    def metric(self, name: str) -> list[Received]:
        """Wait until a metric has come, and return what came of it."""
        return self.stack.wait_for(lambda: self.statsd.received(f"airflow.{name}"), what=name)

    def event(self, run: Run, kind: str) -> dict[str, Any]:
        """Wait for the event with which the task of a run ended, and return it."""

        def found() -> dict[str, Any] | None:
            lines = self.events.read_text().splitlines() if self.events.exists() else []
            return next((event for event in map(json.loads, lines) if is_wanted(event)), None)

        def is_wanted(event: dict[str, Any]) -> bool:
            airflow = event["run"]["facets"].get("airflow", {})
            is_task = "task" in airflow and airflow["dagRun"]["run_id"] == run.run_id
            return is_task and event["eventType"] == kind

        return self.stack.wait_for(found, what=f"OpenLineage's {kind} of {run.run_id}")


@pytest.fixture(scope="module")
def service() -> Iterator[SandboxProcess]:
    """A sandbox whose faults are these tests' alone."""
    with SandboxProcess(tier="1000", speed=20) as running:
        yield running


@pytest.fixture(scope="module")
def watched(service: SandboxProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("watched")
    (folder / "dags").mkdir()
    for example in (DAG, "kling_new_clips"):
        shutil.copy(EXAMPLES / f"{example}.py", folder / "dags")
    events = folder / "events"
    with (
        StatsdServer() as statsd,
        AirflowStack(
            home=folder / "home",
            dags_folder=folder / "dags",
            env={"AIRFLOW_CONN_KLING_DEFAULT": sandbox_connection(service)},
            settings={
                **SETTINGS,
                "SCHEDULER__USE_JOB_SCHEDULE": "True",  # of assets, too; these examples have no other
                "METRICS__STATSD_ON": "True",
                "METRICS__STATSD_HOST": "127.0.0.1",
                "METRICS__STATSD_PORT": str(statsd.port),
                "METRICS__STATSD_INFLUXDB_ENABLED": "True",
                "OPENLINEAGE__TRANSPORT": json.dumps(
                    {"type": "file", "log_file_path": str(events), "append": True}
                ),
            },
        ) as stack,
    ):
        for dag_id in (DAG, "kling_new_clip", "kling_on_new_clip"):
            stack.wait_for(lambda dag_id=dag_id: stack.api.has_dag(dag_id), what=f"the DAG {dag_id}")
            stack.api.unpause(dag_id)
        yield Watched(stack=stack, statsd=statsd, events=events, folder=folder)


@pytest.fixture(scope="module")
def success(watched: Watched) -> Run:
    run = watched.run()
    assert run.state() == "success"
    return run


def test_metrics_of_worker_and_triggerer_arrive_with_their_tags(watched: Watched, success: Run) -> None:
    result = success.result(TASK)
    of = {"gateway": "modellix", "model": "kling-video-o1", "dag_id": DAG, "task_id": TASK}
    for name, value in {
        "kling.submissions": 1,
        "kling.generations": 1,
        "kling.stored_bytes": result["bytes"],
        "kling.cost": Decimal(str(result["cost_usd"])) * 1_000_000,
    }.items():
        (received,) = watched.metric(name)
        assert received.value == float(str(value))
        assert of.items() <= received.tags.items()
    assert watched.metric("kling.generation_duration")
    assert watched.metric("kling.polls"), "the triggerer polls"
    for metric in METRICS:
        for received in watched.statsd.received(f"airflow.{metric.name}"):
            assert KINDS[received.kind] is metric.kind
            assert received.tags.keys() <= set(metric.tags)


def test_openlineage_follows_a_real_run(watched: Watched, success: Run) -> None:
    result = success.result(TASK)
    event = watched.event(success, "COMPLETE")
    written = {(each["namespace"], each["name"]) for each in event["outputs"]}
    assert ("file", str(result["uri"]).removeprefix("file://")) in written
    facet = event["run"]["facets"]["kling"]
    assert (facet["outcome"], facet["taskId"]) == ("succeeded", result["task_id"])


def test_a_dag_that_is_scheduled_on_the_asset_runs_with_what_was_made(watched: Watched) -> None:
    stack = watched.stack
    producer = Run(stack=stack, dag_id="kling_new_clip", run_id=stack.api.trigger("kling_new_clip"))
    assert producer.finish() == "success"
    made = producer.result(TASK)

    def run_id() -> str | None:
        runs = stack.api.call("GET", "/dags/kling_on_new_clip/dagRuns")["dag_runs"]
        return runs[0]["dag_run_id"] if runs else None

    consumer = Run(
        stack=stack, dag_id="kling_on_new_clip", run_id=stack.wait_for(run_id, what="the consumer's run")
    )
    assert consumer.finish() == "success"
    told = stack.api.xcoms(consumer.tasks()["announce"])["return_value"]
    assert told == [{"uri": made["uri"], "cost_usd": made["cost_usd"]}]


def test_a_failure_is_seen_from_outside(watched: Watched, service: SandboxProcess) -> None:
    service.faults([{"method": "GET", "times": None, "action": {"task": {"status": "failed"}}}])
    try:
        run = watched.run()
    finally:
        service.clear_faults()
    assert run.state() == "failed"
    (failure,) = watched.metric("kling.failures")
    assert failure.tags["outcome"] == "failed"
    facet = watched.event(run, "FAIL")["run"]["facets"]["kling"]
    assert facet["outcome"] == "failed"
    assert facet["taskId"]

"""Airflow's REST API, as far as the demo and the end-to-end tests use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import httpx

from dev.waiting import PATIENCE_S

FINISHED = frozenset({"success", "failed"})  # a DAG run's last states
ROOT = "/api/v2"
PAGE = 100  # entries; Airflow gives no more at once
Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class TaskInstance:
    """One task of one run.

    :param id: of this try, or of all tries before Airflow 3.4.
    :param map_index: -1 unless the task is mapped.
    :param iteration: of the task loop (Airflow 3.4) that it is in, from 0; None outside of a loop.
    :param query: tells it from those of the same run and task.
    :param triggerer_id: the job of the triggerer that waits for it; None unless it is deferred and held.
    :param queued_at: when the scheduler gave it to the executor, the last time.
    :param started_at: when a worker began with it, the first time.
    :param ended_at: when it reached a last state; None before that.
    """

    id: str
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    query: Mapping[str, str | int]
    state: str | None
    try_number: int
    rendered_fields: Json
    iteration: int | None = None
    triggerer_id: int | None = None
    queued_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def label(self) -> str:
        index = "" if self.map_index < 0 else f"[{self.map_index}]"
        iteration = "" if self.iteration is None else f"#{self.iteration}"
        return f"{self.task_id}{index}{iteration}"

    @property
    def path(self) -> str:
        """Where the API keeps it, together with the query."""
        return f"/dags/{self.dag_id}/dagRuns/{self.run_id}/taskInstances/{self.task_id}"


class User(NamedTuple):
    """Somebody whom Airflow's simple auth manager knows."""

    username: str
    password: str


class AirflowAPI:
    """A client of ``/api/v2``. Every method raises ``httpx.HTTPError`` when Airflow rejects the call.

    :param url: of the API server.
    :param user: who calls; None where the simple auth manager takes everybody for an admin.
    """

    def __init__(self, *, url: str, user: User | None = None) -> None:
        self._user = user
        # The server closes a connection that was idle for 5 s: one that is used again just then is lost.
        limits = httpx.Limits(keepalive_expiry=1)
        self._http = httpx.Client(base_url=url, timeout=PATIENCE_S, trust_env=False, limits=limits)

    def close(self) -> None:
        self._http.close()

    def health(self) -> Json:
        return self._get("/monitor/health", authenticated=False)

    def unpause(self, dag_id: str) -> None:
        self._call("PATCH", f"/dags/{dag_id}", json={"is_paused": False})

    def has_dag(self, dag_id: str) -> bool:
        """Tell whether the DAG processor has brought the DAG in."""
        return any(dag["dag_id"] == dag_id for dag in self._get("/dags", limit=100)["dags"])

    def import_errors(self) -> dict[str, str]:
        """Return the text of each DAG file's import error, by file name."""
        return {
            error["filename"]: error["stack_trace"] for error in self._get("/importErrors")["import_errors"]
        }

    def trigger(self, dag_id: str, conf: Json | None = None, *, run_id: str | None = None) -> str:
        """Start a run and return its id, which Airflow makes up unless one is given."""
        body = {"logical_date": None, "conf": conf or {}, "dag_run_id": run_id}
        return str(self._call("POST", f"/dags/{dag_id}/dagRuns", json=body)["dag_run_id"])

    def run_state(self, dag_id: str, run_id: str) -> str:
        return str(self._get(f"/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def task_instances(self, dag_id: str, run_id: str) -> list[TaskInstance]:
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        found: list[Json] = []
        while True:
            page = self._get(path, limit=PAGE, offset=len(found))
            found += page["task_instances"]
            if not page["task_instances"] or len(found) >= page["total_entries"]:
                break
        return [
            TaskInstance(
                id=each["id"],
                dag_id=dag_id,
                run_id=run_id,
                task_id=each["task_id"],
                map_index=each["map_index"],
                query=_query(each),
                iteration=(each.get("loop_iteration") or {}).get("iteration"),
                state=each["state"],
                try_number=each["try_number"],
                rendered_fields=each["rendered_fields"] or {},
                triggerer_id=(each["triggerer_job"] or {}).get("id"),
                queued_at=_moment(each["queued_when"]),
                started_at=_moment(each["start_date"]),
                ended_at=_moment(each["end_date"]),
            )
            for each in found
        ]

    def count(self, dag_id: str, run_id: str, *states: str) -> int:
        """Return how many tasks of a run are in one of these states."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        return int(self._get(path, limit=1, state=states)["total_entries"])

    def task_instance(
        self, dag_id: str, run_id: str, task_id: str, map_index: int = -1
    ) -> TaskInstance | None:
        """Return one task of a run; None while it is not there (a mapped task, before it is expanded)."""
        wanted = (task_id, map_index)
        found = (ti for ti in self.task_instances(dag_id, run_id) if (ti.task_id, ti.map_index) == wanted)
        return next(found, None)

    def xcoms(self, task: TaskInstance) -> Json:
        """Return everything a task pushed, by key."""
        entries = self._of(task, "/xcomEntries", limit=100)["xcom_entries"]
        return {entry["key"]: self.xcom(task, entry["key"]) for entry in entries}

    def xcom(self, task: TaskInstance, key: str) -> Any:
        """Return one thing that a task pushed."""
        return self._of(task, f"/xcomEntries/{key}", deserialize=True)["value"]

    def log(self, task: TaskInstance, try_number: int | None = None) -> list[Json]:
        """Return the log of one try, the latest by default, an entry a line: ``timestamp``, ``level``,
        ``event`` and more.
        """
        response = self._of(task, f"/logs/{try_number or task.try_number}", full_content=True)
        return [entry if isinstance(entry, dict) else {"event": entry} for entry in response["content"]]

    def events(self, task: TaskInstance, event: str) -> list[Json]:
        """Return what Airflow's audit log has of a task, for one kind of event."""
        of_run = self._get("/eventLogs", dag_id=task.dag_id, run_id=task.run_id, event=event, limit=100)
        own = (task.task_id, task.map_index)
        return [each for each in of_run["event_logs"] if (each["task_id"], each["map_index"]) == own]

    def state_store(self, task: TaskInstance) -> Json:
        """Return what a task keeps across its tries (Airflow 3.3)."""
        return self._of(task, "/state-store")

    def clear(self, task: TaskInstance, **options: bool) -> None:
        """Have a task run again, whatever became of it.

        :param options: of the call; with none, it is what Airflow's UI sends.
        """
        if task.iteration is not None:
            tasks: Json = {"task_instance_ids": [task.id]}
        else:
            tasks = {"task_ids": [task.task_id if task.map_index < 0 else [task.task_id, task.map_index]]}
        body = {"dry_run": False, "only_failed": False, "dag_run_id": task.run_id, **tasks, **options}
        self._call("POST", f"/dags/{task.dag_id}/clearTaskInstances", json=body)

    def clear_run(self, dag_id: str, run_id: str) -> None:
        """Have all tasks of a run run again."""
        body = {"dry_run": False, "only_failed": False}
        self._call("POST", f"/dags/{dag_id}/dagRuns/{run_id}/clear", json=body)

    def mark(self, task: TaskInstance, state: str) -> None:
        """Set a task's state by hand, as a person does in the UI."""
        query = {} if task.query == {"map_index": -1} else task.query
        self._call("PATCH", task.path, json={"new_state": state}, params=query)

    def links(self, task: TaskInstance) -> dict[str, str | None]:
        """Return the extra links of a task, by name."""
        return dict(self._of(task, "/links")["extra_links"])

    def triggerers(self) -> dict[int, datetime]:
        """Return when each running triggerer gave its latest sign of life, by the id of its job."""
        jobs = self._get("/jobs", job_type="TriggererJob", job_state="running", order_by="-id")["jobs"]
        return {job["id"]: datetime.fromisoformat(job["latest_heartbeat"]) for job in jobs}

    def connections(self) -> list[Json]:
        return list(self._get("/connections", limit=100)["connections"])

    def create_connection(self, conn_id: str, **fields: Any) -> None:
        """Store a connection in Airflow's database; ``conn_type`` is required."""
        self._call("POST", "/connections", json={"connection_id": conn_id, **fields})

    def create_pool(self, name: str, *, slots: int, include_deferred: bool = False) -> None:
        pool = {"name": name, "slots": slots, "include_deferred": include_deferred}
        self._call("POST", "/pools", json=pool)

    def variables(self) -> dict[str, str]:
        return {each["key"]: each["value"] for each in self._get("/variables", limit=100)["variables"]}

    def call(self, method: str, path: str, **request: Any) -> Json:
        """Make a call by its whole path, as documentation and messages give it."""
        return self._call(method, path.removeprefix(ROOT), **request)

    def _token(self) -> str:
        answer = (
            self._http.get("/auth/token")
            if self._user is None
            else self._http.post("/auth/token", json=self._user._asdict())
        )
        return str(answer.raise_for_status().json()["access_token"])

    def _of(self, task: TaskInstance, path: str, **query: Any) -> Json:
        """Get what belongs to a task."""
        return self._call("GET", f"{task.path}{path}", params={**task.query, **query})

    def _get(self, path: str, *, authenticated: bool = True, **query: Any) -> Json:
        return self._call("GET", path, params=query, authenticated=authenticated)

    def _call(self, method: str, path: str, *, authenticated: bool = True, **request: Any) -> Json:
        if authenticated and "Authorization" not in self._http.headers:
            self._http.headers["Authorization"] = f"Bearer {self._token()}"
        response = self._http.request(method, f"{ROOT}{path}", **request)
        if response.is_error:  # Airflow's own words help; httpx's message leaves them out
            message = f"{method} {path}: {response.status_code} {response.text[:1000]}"
            raise httpx.HTTPStatusError(message, request=response.request, response=response)
        return dict((response.json() if response.content else None) or {})


def _query(task: Json) -> dict[str, str | int]:
    """Return the query that tells a task from others of the same run and id."""
    if task.get("loop_iteration"):
        return {"region_id": task["region_id"], "region_index": task["region_index"]}
    return {"map_index": task["map_index"]}


def _moment(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None

"""The settings of a small, quick Airflow on one machine, as environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from dev.waiting import PATIENCE_S

# The settings of another Airflow, and a key for the real service, must not reach this one.
FOREIGN = ("AIRFLOW", "_AIRFLOW", "KLING_")

# Heartbeats and scans are short so that tasks move at once; few workers, so that two cores are enough.
QUICK = {
    "CORE__EXECUTOR": "LocalExecutor",
    "CORE__PARALLELISM": "4",
    "CORE__LOAD_EXAMPLES": "False",
    "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
    "CORE__TEST_CONNECTION": "Enabled",
    # A killed task may clean up this long. With Airflow 3.4's default, 60 s, it goes on beside the next try.
    "CORE__KILLED_TASK_CLEANUP_TIME": "5",
    "CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "1",
    "API__HOST": "127.0.0.1",
    "API__WORKERS": "1",
    "LOGGING__COLORED_CONSOLE_LOG": "False",
    # A worker may see its task's end this late. After a deferral that was over sooner, the scheduler would
    # think that the second half had ended, and mark the task failed (seen on 3.3.2 with the default, 5).
    "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "1",
    "SCHEDULER__JOB_HEARTBEAT_SEC": "2",
    "SCHEDULER__TRIGGER_TIMEOUT_CHECK_INTERVAL": "2",
    "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
    "TRIGGERER__JOB_HEARTBEAT_SEC": "2",
    "DAG_PROCESSOR__PARSING_PROCESSES": "1",
    "DAG_PROCESSOR__REFRESH_INTERVAL": "2",
    "DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "1",
    # A file that has changed is parsed at once; to parse the others all the time keeps half a core busy.
    "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
}

# What Airflow takes for dead, it gives up. On a machine that is many times slower than usual a part that
# lives may be silent, and a call or a file may take, longer than the defaults allow (5 to 50 s).
_PATIENCE = f"{PATIENCE_S:.0f}"
PATIENT = {
    "CORE__DAGBAG_IMPORT_TIMEOUT": _PATIENCE,
    "WORKERS__EXECUTION_API_TIMEOUT": _PATIENCE,
    "SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": _PATIENCE,
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": _PATIENCE,
    "SCHEDULER__TASK_QUEUED_TIMEOUT": _PATIENCE,
    "DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": _PATIENCE,
    "DAG_PROCESSOR__STALE_DAG_THRESHOLD": _PATIENCE,
    "TRIGGERER__RUNNER_HEALTH_CHECK_THRESHOLD": _PATIENCE,
    "TRIGGERER__ON_KILL_TIMEOUT": _PATIENCE,
}


def airflow_environment(
    *,
    home: Path,
    dags_folder: Path,
    port: int,
    execution_port: int,
    path: str,
    programs: Path,
    settings: Mapping[str, str],
    env: Mapping[str, str],
) -> dict[str, str]:
    """Return the whole environment of an Airflow process.

    :param port: of the API server; every address that Airflow gives out carries it.
    :param execution_port: of the API that tasks talk to.
    :param path: before every path of the API server, as behind a proxy; empty for none.
    :param programs: the folder of the ``airflow`` that runs.
    :param settings: ``SECTION__OPTION`` to value; wins over the quick settings.
    :param env: further variables, as they are (connections, for example).
    """
    url = f"http://127.0.0.1:{port}{path}"
    options = {
        **QUICK,
        # Writers wait for each other: how long, SQLite is told by this (5 s if it is not).
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db?timeout={_PATIENCE}",
        "CORE__DAGS_FOLDER": str(dags_folder),
        "CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{execution_port}{path}/execution/",
        "API__PORT": str(port),
        "API__BASE_URL": url,
        **settings,
    }
    own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {
        **own,
        "PATH": os.pathsep.join([str(programs), own.get("PATH", os.defpath)]),
        "NO_PROXY": ",".join(filter(None, ["127.0.0.1,localhost", own.get("NO_PROXY")])),
        "AIRFLOW_HOME": str(home),
        **{f"AIRFLOW__{name}": value for name, value in options.items()},
        **env,
    }

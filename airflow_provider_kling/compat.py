"""What differs between Airflow's minor versions and ``common-compat`` does not cover.

It is found by feature; how a scheduler behaves, by version.
"""

from __future__ import annotations

import os
from configparser import RawConfigParser
from datetime import timedelta
from functools import cache
from typing import Any, Final

from airflow import __version__ as airflow_version
from airflow.providers.common.compat.sdk import Context, conf

try:  # Airflow 3.3
    from airflow.sdk.execution_time.context import NEVER_EXPIRE as NEVER_EXPIRE
except ImportError:
    NEVER_EXPIRE = timedelta.max

_MAJOR, _MINOR = map(int, airflow_version.split(".")[:2])
SETTLE_S: Final = 0.0 if (_MAJOR, _MINOR) >= (3, 4) else 6.0
"""For so many seconds after a task has deferred, its trigger must not fire.

A worker notices up to ``[workers] min_heartbeat_interval`` (5 s) late that its task has deferred. After an
event before that, Airflow 3.1 to 3.3 takes the resumed task for one that has ended, and marks it failed
(``SchedulerJobRunner.process_executor_events``). Measured by ``benchmarks/settling.py``.
"""


def task_state_store(context: Context) -> Any:
    """Return Airflow 3.3's task state store, or None before."""
    return context.get("task_state_store")


def is_expanded(task: Any) -> bool:
    """Tell whether an operator was made by ``expand()``, so that its arguments may differ by map index."""
    return bool(getattr(task, "_BaseOperator__from_mapped", True))


def read_variable(name: str) -> str | None:
    """Return a Variable's value, or None when there is none.

    ``Variable.get`` cannot be used: on Airflow 3.1 and 3.2 it takes a Variable that could not be
    read for one that does not exist. This asks the supervisor, whose response tells the two apart.

    :raises RuntimeError: the Variable could not be read.
    """
    from airflow.sdk.exceptions import ErrorType
    from airflow.sdk.execution_time.comms import ErrorResponse, GetVariable, VariableResult
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    response = SUPERVISOR_COMMS.send(GetVariable(key=name))
    if isinstance(response, VariableResult):
        return response.value
    if isinstance(response, ErrorResponse) and response.error == ErrorType.VARIABLE_NOT_FOUND:
        return None
    raise RuntimeError(f"the Variable {name!r} could not be read: {response!r}")


_SECTION, _OPTION = "operators", "default_deferrable"


@cache
def default_deferrable() -> bool:
    """Return Airflow's ``[operators] default_deferrable`` where it is set, else True.

    A generation takes minutes, so Airflow's own default, which is to hold a worker, is not used. Airflow
    writes its defaults into the ``airflow.cfg`` that it generates, so a file with the whole section does not
    count as set by somebody; an environment variable, or a file with less than the section, does.

    Airflow can tell the source of an option only with those of all others; in the DAG processor of 3.1 that
    fails, as the command for the database's address is not to be run there. So the file is asked itself.
    """
    if f"AIRFLOW__{_SECTION}__{_OPTION}".upper() in os.environ:
        return bool(conf.getboolean(_SECTION, _OPTION))
    file: Any = conf  # which has the file's options, beside Airflow's defaults
    in_file = (
        set(RawConfigParser.options(file, _SECTION)) if _SECTION in RawConfigParser.sections(file) else set()
    )
    is_generated = set(conf.getsection(_SECTION) or {}) <= in_file
    if _OPTION not in in_file or is_generated:
        return True
    return bool(conf.getboolean(_SECTION, _OPTION))

"""A key that is put into a connection is seen nowhere else."""

from __future__ import annotations

import contextlib
import json
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from dev.airflow_stack import AirflowStack
from dev.waiting import PATIENCE_S
from tests.e2e.held import HeldSandbox
from tests.e2e.run import Run


@contextlib.contextmanager
def reading(database: Path) -> Iterator[sqlite3.Connection]:
    uri = f"file:{database}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=PATIENCE_S)) as connection:
        yield connection


def dump(database: Path) -> str:
    """Return everything in a SQLite file as SQL, blobs as hex."""
    with reading(database) as connection:
        return "\n".join(connection.iterdump())


def triggers_of(run: Run) -> list[str]:
    """Return the class paths of the triggers that a run's deferred tasks have in the database."""
    query = (
        "SELECT classpath FROM trigger JOIN task_instance ON task_instance.trigger_id = trigger.id "
        "WHERE task_instance.run_id = ?"
    )
    with reading(run.stack.database) as connection:
        return [classpath for (classpath,) in connection.execute(query, [run.run_id])]


def files_with(text: str, folder: Path) -> list[Path]:
    """Return the files that have the text in them; one that vanishes meanwhile has not."""
    found = []
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            if path.is_file() and text.encode() in path.read_bytes():
                found.append(path)
    return found


def forms(key: str) -> Iterator[str]:
    yield key
    yield key.encode().hex().upper()  # a blob, as sqlite3 dumps it


def test_a_key_is_seen_nowhere_but_in_the_connection(
    stack: AirflowStack,
    sandbox: SandboxProcess,
    held: HeldSandbox,
    start_run: Callable[..., Run],
    canary: str,
    tmp_path: Path,
) -> None:
    """Of three keys, one is in the environment and two are in Airflow's database; the last is a wrong one."""
    wrong_key, wrong_id = f"canary-{secrets.token_hex(16)}", f"kling_{secrets.token_hex(4)}"
    stack.api.create_connection(wrong_id, conn_type="kling", password=wrong_key, host=sandbox.url)

    waiting, chain = start_run("any_connection", conn_id=held.conn_id), start_run("kling_chain")
    waiting.until("generate", "deferred")
    while_deferred = dump(stack.database)
    (trigger,) = triggers_of(waiting)  # which is in the dump, as the task is held
    assert trigger.startswith("airflow_provider_kling.")
    assert trigger in while_deferred
    held.finish_generations()
    assert waiting.finish() == "success", waiting.log("generate")  # so the key did get to the service
    assert chain.finish() == "success", chain.log("generate")

    wrong, bad = start_run("any_connection", conn_id=wrong_id), start_run("bad_request")
    assert wrong.finish() == "failed"
    assert bad.finish() == "failed"
    assert "401" in wrong.log("generate")
    assert "no_such_field" in bad.log("generate")

    told = [
        (task.rendered_fields, stack.api.xcoms(task), stack.api.log(task))
        for run in (waiting, chain, wrong, bad)
        for task in run.tasks().values()
    ]
    searched = {
        "the database, while a task is deferred": while_deferred,
        "the database": dump(stack.database),
        "logs, XComs and rendered fields": json.dumps(told),
        "the sandboxes' request logs": json.dumps([sandbox.requests(), held.sandbox.requests()]),
    }
    for key in (canary, held.sandbox.api_key, wrong_key):
        assert [where for where, text in searched.items() for form in forms(key) if form in text] == []
        assert files_with(key, stack.home) == []
        assert files_with(key, tmp_path) == []

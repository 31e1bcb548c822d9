"""A key that is put into a connection is seen nowhere else."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from airflow_provider_kling.sandbox.process import SandboxProcess
from dev.airflow_stack import AirflowStack
from tests.e2e.run import Run

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


def dump(database: Path) -> str:
    """Return everything in a SQLite file as SQL, blobs as hex."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return "\n".join(connection.iterdump())


def files_with(text: str, folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def forms(key: str) -> Iterator[str]:
    yield key
    yield key.encode().hex().upper()  # a blob, as sqlite3 dumps it


@pytest.fixture
def wrong_key(stack: AirflowStack, sandbox: SandboxProcess) -> str:
    """A second key, kept in Airflow's database, which the sandbox refuses."""
    key = f"canary-{secrets.token_hex(16)}"
    stack.api.create_connection("kling_wrong_key", conn_type="kling", password=key, host=sandbox.url)
    return key


def test_a_key_is_seen_nowhere_but_in_the_connection(
    stack: AirflowStack,
    sandbox: SandboxProcess,
    start_run: Callable[..., Run],
    canary: str,
    wrong_key: str,
    tmp_path: Path,
) -> None:
    chain = start_run("kling_chain")
    chain.until("generate", "deferred")
    while_deferred = dump(stack.database)
    assert "airflow_provider_kling.triggers.kling" in while_deferred  # the trigger's row was there to be read
    assert chain.finish() == "success", chain.log("generate")  # so the key did get to the service

    refused, bad = start_run("wrong_key"), start_run("bad_request")
    assert refused.finish() == "failed"
    assert bad.finish() == "failed"
    assert "401" in refused.log("generate")
    assert "no_such_field" in bad.log("generate")

    told = [
        (task.rendered_fields, stack.api.xcoms(task), stack.api.log(task))
        for run in (chain, refused, bad)
        for task in run.look().values()
    ]
    places = {
        "the database, while a task is deferred": while_deferred,
        "the database": dump(stack.database),
        "logs, XComs and rendered fields": json.dumps(told),
        "the sandbox's request log": json.dumps(sandbox.requests()),
    }
    for key in (canary, wrong_key):
        assert [place for place, text in places.items() for form in forms(key) if form in text] == []
        assert files_with(key, stack.home) == []
        assert files_with(key, tmp_path) == []

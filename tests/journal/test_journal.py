"""Where records are kept. Not to be able to read is never the same as to find nothing."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import Variable

from airflow_provider_kling import compat
from airflow_provider_kling.exceptions import KlingJournalError
from airflow_provider_kling.journal.journal import Journal, TaskStateJournal, VariableJournal, open_journal
from airflow_provider_kling.journal.record import Phase, Record
from tests.conftest import FakeTaskInstance

RECORD = Record(
    phase=Phase.INTENT,
    fingerprint="f",
    conn_id="kling_default",
    model="kling-video-o1",
    key="k",
    gateway="modellix 2026-04",
    clear_count=0,
    intent_at=1_800_000_000.0,
    deadline=1_800_003_600.0,
)


class Variables:
    """Airflow's Variables as the supervisor has them, and the ways in which they fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.values: dict[str, str] = {}
        self.readable = self.writable = True
        monkeypatch.setattr(compat, "read_variable", self.read)
        monkeypatch.setattr(Variable, "set", self.write)
        monkeypatch.setattr(Variable, "delete", lambda name: self.values.pop(name, None))

    def read(self, name: str) -> str | None:
        if not self.readable:
            raise RuntimeError("the API server is down")
        return self.values.get(name)

    def write(self, name: str, value: str) -> None:
        if self.writable:  # otherwise Airflow logs it, and goes on
            self.values[name] = value


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> Variables:
    return Variables(monkeypatch)


@pytest.fixture(params=["state store", "variable"])
def journal(request: pytest.FixtureRequest, task_instance: FakeTaskInstance, variables: Variables) -> Journal:
    context: Any = {"ti": task_instance}
    if request.param == "state store":
        context["task_state_store"] = task_instance.store
    return open_journal(context)


def test_nothing_is_found_where_nothing_was_written(journal: Journal) -> None:
    assert journal.read() is None


def test_what_was_written_is_read_again(journal: Journal) -> None:
    journal.write(RECORD)
    journal.write(RECORD.submitted("task-1"))
    assert journal.read() == RECORD.submitted("task-1")


def test_a_deleted_record_is_gone(journal: Journal) -> None:
    journal.delete()
    journal.write(RECORD)
    journal.delete()
    assert journal.read() is None


def test_a_finished_task_stays_on_record_in_the_state_store(task_instance: FakeTaskInstance) -> None:
    journal = TaskStateJournal(accessor=task_instance.store, path="/")
    journal.close(RECORD.submitted("task-1").finished({}))
    assert journal.read() is not None


def test_a_finished_task_stays_in_its_variable_until_it_is_deleted(variables: Variables) -> None:
    journal = VariableJournal(name="v")
    finished = RECORD.submitted("task-1").finished({})
    journal.close(finished)
    assert not journal.retains_finished
    assert journal.read() == finished, "Airflow does not know yet: the next try must find it"
    journal.delete()
    assert variables.values == {}


def test_a_failed_task_leaves_no_variable_behind(variables: Variables) -> None:
    journal = VariableJournal(name="v")
    journal.write(RECORD)
    journal.close(RECORD.submitted("task-1").failed())
    assert variables.values == {}


def test_a_variable_that_could_not_be_written_is_an_error(variables: Variables) -> None:
    variables.writable = False
    with pytest.raises(KlingJournalError, match="could not be written"):
        VariableJournal(name="v").write(RECORD)


def test_a_variable_that_cannot_be_read_is_an_error_and_not_nothing(variables: Variables) -> None:
    variables.readable = False
    with pytest.raises(KlingJournalError, match="the API server is down") as unreadable:
        VariableJournal(name="v").read()
    assert unreadable.value.retryable


def test_a_variable_that_is_no_json_is_an_error(variables: Variables) -> None:
    variables.values["v"] = "{"
    with pytest.raises(KlingJournalError):
        VariableJournal(name="v").read()


def test_each_logical_task_has_a_variable_of_its_own_over_all_its_tries(
    task_instance: FakeTaskInstance, variables: Variables
) -> None:
    def write(**identity: Any) -> None:
        for name, value in identity.items():
            setattr(task_instance, name, value)
        open_journal({"ti": task_instance}).write(RECORD)  # type: ignore[arg-type,typeddict-item]

    write()
    write(try_number=7, max_tries=9)
    assert len(variables.values) == 1
    for changed in ({"map_index": 3}, {"task_id": "other"}, {"run_id": "other"}, {"dag_id": "other"}):
        write(**changed)
    assert len(variables.values) == 5


@pytest.mark.parametrize("kind", ["state store", "variable"])
def test_the_hints_say_how_to_adopt_and_how_to_delete_and_hold_no_prompt(
    kind: str, task_instance: FakeTaskInstance
) -> None:
    task_instance.run_id = "manual__2026-11-22T00:00:00+00:00"
    context: Any = {"ti": task_instance}
    if kind == "state store":
        context["task_state_store"] = task_instance.store
    journal = open_journal(context)
    record = replace(RECORD, request={"prompt": "It's a secret boat"})
    adopt, delete = journal.adoption_hint(record), journal.deletion_hint
    body = json.dumps({**RECORD.to_json(), "task_id": "<task id>"})
    assert body in adopt
    if kind == "state store":
        path = (
            "/api/v2/dags/dag/dagRuns/manual__2026-11-22T00%3A00%3A00%2B00%3A00/taskInstances/make"
            "/state-store/kling?map_index=-1"
        )
        assert f'curl -X PATCH "$AIRFLOW_URL{path}"' in adopt
        assert f'curl -X DELETE "$AIRFLOW_URL{path}"' in delete
    else:
        assert "airflow variables set kling_journal_" in adopt
        assert "airflow variables delete kling_journal_" in delete


# -- what somebody else has stored there ------------------------------------------------------------


@pytest.mark.parametrize("stored", ["null", "5", '"text"', "[]", "{", "", "[" * 5000])
def test_a_variable_that_holds_anything_else_is_damage_and_not_nothing(
    variables: Variables, stored: str
) -> None:
    variables.values["v"] = stored
    with pytest.raises(KlingJournalError) as caught:
        VariableJournal(name="v").read()
    assert not caught.value.retryable


@pytest.mark.parametrize("stored", [None, 5, "text", []])
def test_a_state_store_that_holds_anything_else_is_damage_and_not_nothing(
    task_instance: FakeTaskInstance, stored: Any
) -> None:
    task_instance.store.values["kling"] = json.dumps(stored)
    with pytest.raises(KlingJournalError):
        TaskStateJournal(accessor=task_instance.store, path="/").read()


@pytest.fixture
def shell(tmp_path: Path) -> Callable[[str], list[str]]:
    """Return a function that runs a command in a real shell, and returns what its program was given."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("curl", "airflow"):
        program = programs / name
        program.write_text("#!/bin/sh\nfor word; do printf '%s\\0' \"$word\"; done\n")
        program.chmod(0o755)

    def run(command: str) -> list[str]:
        environment = {"PATH": f"{programs}:/usr/bin:/bin", "AIRFLOW_URL": "https://a", "AIRFLOW_TOKEN": "t"}
        ran = subprocess.run(
            ["/bin/sh", "-c", command],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return ran.stdout.split("\0")[:-1]

    return run


def test_the_commands_can_be_pasted_whatever_a_record_holds(
    task_instance: FakeTaskInstance, shell: Callable[[str], list[str]], tmp_path: Path
) -> None:
    """A service, or whoever named a connection, chose the texts."""
    odd = replace(RECORD, conn_id="a'; touch owned; '", model='"$(touch owned)`touch owned`"')
    context: Any = {"ti": task_instance, "task_state_store": task_instance.store}
    task_instance.run_id = "a' \"$(touch owned)`touch owned`"
    for journal in (open_journal(context), VariableJournal(name="v")):
        changing = shell(journal.adoption_hint(odd).rpartition("run: ")[2])
        told = json.loads(changing[-1])
        assert told.get("value", told)["conn_id"] == odd.conn_id
        assert shell(journal.deletion_hint.rpartition("run: ")[2])
    assert not (tmp_path / "owned").exists()

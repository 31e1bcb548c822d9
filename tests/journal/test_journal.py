"""Where records are kept. Not to be able to read is never the same as to find nothing."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingJournalError
from airflow_provider_kling.journal.journal import (
    Journal,
    TaskStateJournal,
    VariableJournal,
    latest,
    open_journal,
    variable_name,
)
from airflow_provider_kling.journal.logical_task import LogicalTask
from airflow_provider_kling.journal.record import Phase, Record
from airflow_provider_kling.journal.stores import StateStore, VariableStore
from tests.conftest import FakeTaskInstance
from tests.variables import FakeVariables

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


@pytest.fixture(params=["state store", "variable"])
def journal(request: pytest.FixtureRequest, task_instance: FakeTaskInstance) -> Journal:
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
    journal = state_journal(task_instance)
    journal.close(RECORD.submitted("task-1").finished({}))
    assert journal.read() is not None


def test_a_finished_task_stays_in_its_variable_until_it_is_deleted(variables: FakeVariables) -> None:
    journal = VariableJournal(variable=VariableStore(name="v"))
    finished = RECORD.submitted("task-1").finished({})
    journal.close(finished)
    assert not journal.retains_finished
    assert journal.read() == finished, "Airflow does not know yet: the next try must find it"
    journal.delete()
    assert variables.values == {}


def state_journal(task_instance: FakeTaskInstance) -> TaskStateJournal:
    return TaskStateJournal(
        store=StateStore(accessor=task_instance.store, path="/"), variable=VariableStore(name="v")
    )


def test_a_failed_task_leaves_no_variable_behind(variables: FakeVariables) -> None:
    journal = VariableJournal(variable=VariableStore(name="v"))
    journal.write(RECORD)
    journal.close(RECORD.submitted("task-1").failed())
    assert variables.values == {}


def test_a_variable_that_could_not_be_written_is_an_error(variables: FakeVariables) -> None:
    variables.writable = False
    with pytest.raises(KlingJournalError, match="could not be written"):
        VariableJournal(variable=VariableStore(name="v")).write(RECORD)


def test_a_variable_that_cannot_be_read_is_an_error_and_not_nothing(variables: FakeVariables) -> None:
    variables.readable = False
    with pytest.raises(KlingJournalError, match="the API server is down") as unreadable:
        VariableJournal(variable=VariableStore(name="v")).read()
    assert unreadable.value.retryable


def test_a_variable_that_is_no_json_is_an_error(variables: FakeVariables) -> None:
    variables.values["v"] = "{"
    with pytest.raises(KlingJournalError):
        VariableJournal(variable=VariableStore(name="v")).read()


def test_each_logical_task_has_a_variable_of_its_own_over_all_its_tries(
    task_instance: FakeTaskInstance, variables: FakeVariables
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
    for index in (0, 1):
        open_journal({"ti": task_instance, "loop": SimpleNamespace(index=index)}).write(RECORD)  # type: ignore[arg-type,typeddict-item,typeddict-unknown-key]
    assert len(variables.values) == 7


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
    name = variable_name(LogicalTask.of(context))
    assert f'curl -X PATCH "$AIRFLOW_URL/api/v2/variables/{name}"' in adopt
    assert f'curl -X DELETE "$AIRFLOW_URL/api/v2/variables/{name}"' in delete
    assert "boat" not in adopt + delete
    path = (
        "/api/v2/dags/dag/dagRuns/manual__2026-11-22T00%3A00%3A00%2B00%3A00/taskInstances/make"
        "/state-store/kling?map_index=-1"
    )
    assert (f'curl -X DELETE "$AIRFLOW_URL{path}"' in delete) is (kind == "state store")


def test_the_path_names_the_record_of_one_iteration_of_a_loop(task_instance: FakeTaskInstance) -> None:
    vars(task_instance).update(region_id="0199a0c1-0000-7000-8000-000000000001", region_index=2)
    context: Any = {"ti": task_instance, "task_state_store": task_instance.store}
    assert "region" not in open_journal(context).deletion_hint
    context["loop"] = SimpleNamespace(index=2)
    told = open_journal(context).deletion_hint
    assert "?map_index=-1&region_id=0199a0c1-0000-7000-8000-000000000001&region_index=2" in told


# -- what somebody else has stored there ------------------------------------------------------------


@pytest.mark.parametrize("stored", ["null", "5", '"text"', "[]", "{", "", "[" * 5000])
def test_a_variable_that_holds_anything_else_is_damage_and_not_nothing(
    variables: FakeVariables, stored: str
) -> None:
    variables.values["v"] = stored
    with pytest.raises(KlingJournalError) as caught:
        VariableJournal(variable=VariableStore(name="v")).read()
    assert not caught.value.retryable


@pytest.mark.parametrize("stored", [None, 5, "text", []])
def test_a_state_store_that_holds_anything_else_is_damage_and_not_nothing(
    task_instance: FakeTaskInstance, stored: Any
) -> None:
    task_instance.store.values["kling"] = json.dumps(stored)
    with pytest.raises(KlingJournalError):
        state_journal(task_instance).read()


@pytest.fixture
def shell(tmp_path: Path) -> Callable[[str], list[str]]:
    """Return a function that runs a command in a real shell, and returns what its program was given."""
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "curl"
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
            timeout=600,
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
    odd_name = VariableStore(name="a' \"$(touch owned)`touch owned`")
    for journal in (open_journal(context), VariableJournal(variable=odd_name)):
        changing = shell(journal.adoption_hint(odd).rpartition("run: ")[2])
        told = json.loads(json.loads(changing[-1])["value"])
        assert (told["conn_id"], told["task_id"]) == (odd.conn_id, "<task id>")
        assert shell(journal.deletion_hint.rpartition("run: ")[2])
    assert not (tmp_path / "owned").exists()


# -- two records, as long as a submission is open -----------------------------------------------------

SUBMITTED = RECORD.submitted("task-1")
FINISHED = SUBMITTED.finished({"url": "https://signed"})


@pytest.mark.parametrize("known", [RECORD, SUBMITTED], ids=str)
def test_an_open_submission_is_found_when_a_clear_has_emptied_the_store(
    task_instance: FakeTaskInstance, known: Record
) -> None:
    journal = state_journal(task_instance)
    journal.write(known)
    task_instance.store.values.clear()
    assert journal.read() == known
    assert task_instance.store.get("kling") == known.to_json(), "it is seen there again"


@pytest.mark.parametrize("ended", [FINISHED, SUBMITTED.failed()], ids=["finished", "failed"])
def test_a_submission_that_has_ended_has_no_second_record(
    task_instance: FakeTaskInstance, variables: FakeVariables, ended: Record
) -> None:
    journal = state_journal(task_instance)
    journal.write(SUBMITTED)
    journal.close(ended)
    assert variables.values == {}
    assert journal.read() == ended


def test_the_second_record_holds_no_prompt(task_instance: FakeTaskInstance, variables: FakeVariables) -> None:
    journal = state_journal(task_instance)
    journal.write(replace(RECORD, request={"prompt": "A secret boat"}))
    assert "boat" not in variables.values["v"]
    assert "boat" in task_instance.store.values["kling"]


def test_a_task_is_adopted_in_the_variable_whether_or_not_the_store_is_empty(
    task_instance: FakeTaskInstance, variables: FakeVariables
) -> None:
    journal = state_journal(task_instance)
    for is_emptied in (True, False):
        journal.write(RECORD)
        variables.values["v"] = json.dumps({**RECORD.to_json(), "task_id": "task-1"})
        if is_emptied:
            task_instance.store.values.clear()
        assert journal.read() == SUBMITTED


def test_a_task_that_was_adopted_by_mistake_is_corrected_where_it_was_adopted(
    task_instance: FakeTaskInstance, variables: FakeVariables
) -> None:
    journal = state_journal(task_instance)
    journal.write(RECORD)
    for adopted in ("task-of-a-typo", "task-1"):
        variables.values["v"] = json.dumps({**RECORD.to_json(), "task_id": adopted})
        record = journal.read()
        assert record is not None
        assert record.task_id == adopted


def test_a_task_is_still_adopted_in_the_state_store(task_instance: FakeTaskInstance) -> None:
    journal = state_journal(task_instance)
    journal.write(RECORD)
    task_instance.store.set("kling", {**RECORD.to_json(), "task_id": "task-1"})
    assert journal.read() == SUBMITTED


def test_both_records_have_to_be_deleted_for_a_new_submission(
    task_instance: FakeTaskInstance, variables: FakeVariables
) -> None:
    journal = state_journal(task_instance)
    journal.write(RECORD)
    variables.values.clear()
    assert journal.read() == RECORD
    task_instance.store.values.clear()
    assert journal.read() is None


def test_a_second_record_that_cannot_be_read_is_an_error_and_not_nothing(
    task_instance: FakeTaskInstance, variables: FakeVariables
) -> None:
    variables.readable = False
    with pytest.raises(KlingJournalError, match="the API server is down"):
        state_journal(task_instance).read()


def test_a_second_record_that_cannot_be_written_is_an_error_before_anything_is_sent(
    task_instance: FakeTaskInstance, variables: FakeVariables
) -> None:
    variables.writable = False
    with pytest.raises(KlingJournalError, match="could not be written"):
        state_journal(task_instance).write(RECORD)
    assert task_instance.store.values == {}


def test_an_end_is_on_record_although_its_variable_cannot_be_deleted(
    task_instance: FakeTaskInstance, variables: FakeVariables
) -> None:
    journal = state_journal(task_instance)
    journal.write(SUBMITTED)
    variables.writable = False
    journal.close(FINISHED)
    assert journal.read() == FINISHED


OTHER = replace(RECORD, key="other")
ANSWERED = replace(SUBMITTED, answer={"task_id": SUBMITTED.task_id})


@pytest.mark.parametrize(
    ("stored", "copy", "known"),
    [
        (None, None, None),
        (None, RECORD, RECORD),
        (RECORD, None, RECORD),
        (RECORD, SUBMITTED, SUBMITTED),  # it ended between the two, or somebody filled in the id
        (RECORD, OTHER, RECORD),  # it ended between the two, so the other was not sent
        (RECORD, OTHER.submitted("task-2"), RECORD),
        (ANSWERED, SUBMITTED, ANSWERED),  # the copy has no links
    ],
)
def test_what_is_known_by_two_records(
    stored: Record | None, copy: Record | None, known: Record | None
) -> None:
    assert latest(stored=stored, copy=copy) == known

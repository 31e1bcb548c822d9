"""What is read back from a state store, a Variable or a storage, where anybody may have changed it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from airflow.sdk import ObjectStoragePath
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_kling.exceptions import KlingJournalError, KlingMediaError
from airflow_provider_kling.generation.sidecar import Sidecar, read_sidecar, sidecar_path, signed
from airflow_provider_kling.journal.logical_task import LogicalTask
from airflow_provider_kling.journal.record import Phase, Record
from tests.fuzz.strategies import bodies, changed, json_values

ME = LogicalTask("dag", "run", "make")
RECORD = Record(
    phase=Phase.SUBMITTED,
    fingerprint="f" * 64,
    key="k" * 32,
    conn_id="kling_default",
    model="kling-video-o1",
    gateway="modellix 2026-08",
    clear_count=0,
    intent_at=1_790_000_000.0,
    deadline=1_790_003_600.0,
    task_id="task-1",
).to_json()
SIDECAR = signed(ME, {"sha256": "0" * 64, "task_id": "task-1", "number": 1, "results": 1, "replaces": None})


@given(stored=st.one_of(json_values, changed(RECORD)))
def test_a_record_is_one_or_is_damaged(stored: Any) -> None:
    try:
        record = Record.from_json(stored)
    except KlingJournalError as error:
        assert len(str(error)) < 2_000
        return
    assert Record.from_json(record.to_json()) == record
    assert record.task_id or record.phase not in (Phase.SUBMITTED, Phase.FINISHED)


@given(content=st.one_of(bodies(changed(SIDECAR)), bodies(json_values), st.binary(max_size=50)))
def test_a_sidecar_is_one_or_none(tmp_path: Path, content: bytes) -> None:
    file = ObjectStoragePath(f"file://{tmp_path}/clip.mp4")
    Path(sidecar_path(file).path).write_bytes(content)
    try:
        sidecar = read_sidecar(file)
    except KlingMediaError:
        return
    assert sidecar is None or isinstance(sidecar, Sidecar)


@given(fields=st.tuples(st.text(), st.text(), st.text(), st.integers(), st.none() | st.integers(0)))
def test_a_logical_task_is_the_same_after_it_was_stored(fields: Any) -> None:
    task = LogicalTask(*fields)
    assert LogicalTask(*json.loads(json.dumps(task))) == task
    assert len(task.name) < 500

"""Nobody's file is lost: what each writer does with what is at a name, on each kind of storage."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.generation import output_file, poster, sidecar
from airflow_provider_kling.generation.files import file_at
from airflow_provider_kling.generation.output_file import (
    ServiceResult,
    check_writable,
    commit_paid,
    write_free,
)
from airflow_provider_kling.generation.sidecar import read_sidecar, signed
from airflow_provider_kling.journal.logical_task import LogicalTask
from airflow_provider_kling.media import atomic_writer
from airflow_provider_kling.media.atomic_writer import AtomicWriter
from tests.storages import Folder, Storage

ME = LogicalTask("dag", "today", "make", 2)
RESULT = ServiceResult(task_id="task-2", number=1, results=1)
OLD, NEW, STRANGE = b"what was written before", b"what is written now", b"a stranger's, and dear to them"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def described(content: bytes, *task: Any, **more: Any) -> bytes:
    """Return the sidecar of a file that a task has written."""
    return json.dumps(
        signed(LogicalTask(*task) if task else ME, {"sha256": sha256(content), **more})
    ).encode()


Stored = Mapping[str, bytes]

# What is at `clip.mp4`, and whether it is the task's own, so that it may be replaced.
SITUATIONS: dict[str, tuple[Stored, bool]] = {
    "nothing": ({}, True),
    "ours, of this run": ({"clip.mp4": OLD, "clip.mp4.json": described(OLD)}, True),
    "ours, of an earlier run": (
        {"clip.mp4": OLD, "clip.mp4.json": described(OLD, "dag", "yesterday", "make", 2)},
        True,
    ),
    "ours, by a worker that died before it wrote the file": ({"clip.mp4.json": described(NEW)}, True),
    "ours, by a worker that died before it replaced the file": (
        {"clip.mp4": OLD, "clip.mp4.json": described(NEW, replaces=sha256(OLD))},
        True,
    ),
    "ours, by a worker that died after it replaced the file": (
        {"clip.mp4": NEW, "clip.mp4.json": described(NEW, replaces=sha256(OLD))},
        True,
    ),
    "of another map index": (
        {"clip.mp4": OLD, "clip.mp4.json": described(OLD, "dag", "today", "make", 1)},
        False,
    ),
    "being written at another map index": (
        {"clip.mp4.json": described(NEW, "dag", "today", "make", 1)},
        False,
    ),
    "of another pass of a loop": (
        {"clip.mp4": OLD, "clip.mp4.json": described(OLD, *ME._replace(iteration=1))},
        False,
    ),
    "of another task": (
        {"clip.mp4": OLD, "clip.mp4.json": described(OLD, "dag", "today", "other", 2)},
        False,
    ),
    "of another DAG": (
        {"clip.mp4": OLD, "clip.mp4.json": described(OLD, "other", "today", "make", 2)},
        False,
    ),
    "ours, changed since": ({"clip.mp4": STRANGE, "clip.mp4.json": described(OLD)}, False),
    "a stranger's": ({"clip.mp4": STRANGE}, False),
    "a stranger's JSON file": ({"clip.mp4.json": STRANGE}, False),
    "a stranger's file and JSON file": ({"clip.mp4": STRANGE, "clip.mp4.json": b'{"a": 1}'}, False),
    "a sidecar that another tool has signed": (
        {
            "clip.mp4": OLD,
            "clip.mp4.json": described(OLD).replace(b"airflow-provider-kling", b"another-tool"),
        },
        False,
    ),
    "a folder": ({"clip.mp4/inside.txt": STRANGE}, False),
    "a folder in the place of the sidecar": ({"clip.mp4.json/inside.txt": STRANGE}, False),
}
situations = pytest.mark.parametrize(("stored", "is_ours"), SITUATIONS.values(), ids=SITUATIONS)


def put(storage: Storage, stored: Stored) -> None:
    for name, content in stored.items():
        if "/" in name:
            storage.files.makedirs(storage.path(name.rpartition("/")[0]), exist_ok=True)
        storage.write(name, content)


def write_result(storage: Storage, content: bytes = NEW, *, result: ServiceResult = RESULT) -> str:
    """Store a paid result as `clip.mp4`; return its name."""
    file = file_at(f"{storage.uri}/clip.mp4")
    contents = {"sha256": sha256(content), "task_id": result.task_id, "number": result.number}
    with AtomicWriter(files=file.fs, path=file.path, owner=result.token) as writer:
        writer.write(content)
        return commit_paid(writer, file, contents, author=ME, result=result).name


def write_frame(storage: Storage) -> str:
    """Store what cost nothing as `clip.mp4`; return its name."""
    file = file_at(f"{storage.uri}/clip.mp4")
    write_free(file, [NEW], author=ME, sources=["s3://bucket/source.mp4"])
    return file.name


@situations
def test_a_paid_result_replaces_its_own_file_and_leaves_any_other(
    any_storage: Storage, caplog: pytest.LogCaptureFixture, stored: Stored, is_ours: bool
) -> None:
    put(any_storage, stored)
    before = any_storage.versions()
    with caplog.at_level(logging.WARNING):
        name = write_result(any_storage)
    assert name == ("clip.mp4" if is_ours else "clip-1.mp4")
    assert any_storage.read(name) == NEW
    written = read_sidecar(file_at(f"{any_storage.uri}/{name}"))
    assert written is not None
    assert (written.sha256, written.logical_task) == (sha256(NEW), ME)
    if is_ours:
        assert set(any_storage.names()) == {"clip.mp4", "clip.mp4.json"}
    else:
        after = any_storage.versions()
        assert {other: after[other] for other in before} == before
        assert set(after) == {*before, "clip-1.mp4", "clip-1.mp4.json"}
        assert "clip.mp4 is not this task's and stays as it is. Stored as" in caplog.text


@situations
def test_what_costs_nothing_replaces_its_own_file_and_refuses_any_other(
    any_storage: Storage, stored: Stored, is_ours: bool
) -> None:
    put(any_storage, stored)
    before = any_storage.versions()
    if is_ours:
        write_frame(any_storage)
        assert any_storage.read("clip.mp4") == NEW
        assert set(any_storage.names()) == {"clip.mp4", "clip.mp4.json"}
        return
    with pytest.raises(KlingMediaError, match=r"clip\.mp4 must not be replaced by task 'make'") as refused:
        write_frame(any_storage)
    assert not refused.value.retryable
    assert any_storage.versions() == before


@situations
def test_what_is_somebody_elses_is_told_before_the_work(
    any_storage: Storage, stored: Stored, is_ours: bool
) -> None:
    put(any_storage, stored)
    before = any_storage.versions()
    file = file_at(f"{any_storage.uri}/clip.mp4")
    if is_ours:
        check_writable(file, author=ME)
    else:
        with pytest.raises(
            KlingMediaError, match="Give this task another `output`, or move or delete"
        ) as told:
            check_writable(file, author=ME)
        assert not told.value.retryable
    assert any_storage.versions() == before


def test_results_of_one_generation_never_replace_each_other(any_storage: Storage) -> None:
    numbered = [ServiceResult(task_id="task-2", number=number, results=3) for number in (1, 2, 3)]
    names = [write_result(any_storage, b"%d" % one.number, result=one) for one in numbered]
    assert names == ["clip.mp4", "clip-1.mp4", "clip-2.mp4"]
    assert [any_storage.read(name) for name in names] == [b"1", b"2", b"3"]
    assert [write_result(any_storage, b"%d" % one.number, result=one) for one in numbered] == names


def test_the_names_beside_a_taken_one_are_taken_in_order(any_storage: Storage) -> None:
    put(any_storage, {"clip.mp4": STRANGE, "clip-1.mp4": STRANGE, "clip-2.mp4.json": STRANGE})
    assert write_result(any_storage) == "clip-3.mp4"


def test_without_a_free_name_nothing_is_replaced(
    any_storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output_file, "_MOST_NAMES", 2)
    put(any_storage, {"clip.mp4": STRANGE, "clip-1.mp4": STRANGE})
    before = any_storage.versions()
    with pytest.raises(KlingMediaError, match="belong to others") as full:
        write_result(any_storage)
    assert full.value.retryable, "the result is paid for"
    assert any_storage.versions() == before


# -- races ----------------------------------------------------------------------------------------


def test_a_file_that_appears_while_a_result_is_stored_is_kept(
    any_storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It appears after the name was found free and its sidecar was written."""
    write = sidecar.write_sidecar

    def write_and_be_late(file: Any, contents: Any, **options: Any) -> None:
        write(file, contents, **options)
        if file.name == "clip.mp4":
            any_storage.write("clip.mp4", STRANGE)

    monkeypatch.setattr(output_file, "write_sidecar", write_and_be_late)
    assert write_result(any_storage) == "clip-1.mp4"
    assert any_storage.names() == ["clip-1.mp4", "clip-1.mp4.json", "clip.mp4"]
    assert any_storage.read("clip.mp4") == STRANGE
    with pytest.raises(KlingMediaError, match="must not be replaced"):
        write_frame(any_storage)


def blind(monkeypatch: pytest.MonkeyPatch, *, once: bool = True) -> None:
    """Let a name seem free, as it does to a task that saw it a moment ago."""
    real, seen = output_file.find, []

    def find(file: Any, **options: Any) -> Any:
        if file.name == "clip.mp4" and not (once and seen):
            seen.append(file)
            return output_file.Found(holder=output_file.Holder.NOBODY)
        return real(file, **options)

    monkeypatch.setattr(output_file, "find", find)
    monkeypatch.setattr(atomic_writer, "exists", lambda *_: False)


def test_of_two_tasks_that_want_one_free_name_one_gets_it(
    any_storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any check before: the storage itself creates one sidecar."""
    other = {"clip.mp4.json": described(OLD, "dag", "today", "make", 1)}
    put(any_storage, other)
    before = any_storage.versions()
    blind(monkeypatch)
    assert write_result(any_storage) == "clip-1.mp4"
    after = any_storage.versions()
    assert {name: after[name] for name in before} == before


def test_a_local_file_is_not_replaced_even_without_a_check(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder(tmp_path)
    put(folder, {"clip.mp4": STRANGE})
    before = folder.versions()
    blind(monkeypatch)
    assert write_result(folder) == "clip-1.mp4"
    after = folder.versions()
    assert {name: after[name] for name in before} == before


def test_a_disk_without_hard_links_is_checked_before_the_rename(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: Any) -> None:
        raise PermissionError("Operation not permitted")

    monkeypatch.setattr("os.link", no_links)
    folder = Folder(tmp_path)
    assert write_result(folder) == "clip.mp4"
    folder.files.rm_file(folder.path("clip.mp4.json"))
    assert write_result(folder, OLD) == "clip-1.mp4"
    assert folder.read("clip.mp4") == NEW


def test_tasks_that_write_one_name_at_once_do_not_disturb_each_other(any_storage: Storage) -> None:
    file = file_at(f"{any_storage.uri}/clip.mp4")
    results = [ServiceResult(task_id=f"task-{number}", number=1, results=1) for number in (1, 2)]
    authors = [LogicalTask("dag", "today", "make", number) for number in (1, 2)]
    first, second = (AtomicWriter(files=file.fs, path=file.path, owner=one.token) for one in results)
    with first, second:
        first.write(b"1")
        second.write(b"2")
        names = [
            commit_paid(
                writer, file, {"sha256": writer.sha256, "task_id": result.task_id}, author=by, result=result
            ).name
            for writer, result, by in zip((second, first), reversed(results), reversed(authors), strict=True)
        ]
    assert names == ["clip.mp4", "clip-1.mp4"]
    assert [any_storage.read(name) for name in names] == [b"2", b"1"]


def test_of_many_tasks_at_once_each_stores_its_result(any_storage: Storage) -> None:
    file = file_at(f"{any_storage.uri}/clip.mp4")
    begin = threading.Barrier(6)

    def store(number: int) -> str:
        author = LogicalTask("dag", "today", "make", number)
        result = ServiceResult(task_id=f"task-{number}", number=1, results=1)
        with AtomicWriter(files=file.fs, path=file.path, owner=result.token) as writer:
            writer.write(b"%d" % number)
            begin.wait()
            contents = {"sha256": writer.sha256, "task_id": result.task_id}
            return commit_paid(writer, file, contents, author=author, result=result).name

    with ThreadPoolExecutor(6) as tasks:
        names = list(tasks.map(store, range(6)))
    assert [any_storage.read(name) for name in names] == [b"%d" % number for number in range(6)]
    assert sorted(any_storage.names()) == sorted(each for name in names for each in (name, f"{name}.json"))


def test_what_others_named_like_a_part_stays(any_storage: Storage) -> None:
    others = ["clip.mp4.json.my-backup-01.part", "clip.jpg.my-backup-01.part", "clip.mp4.0123456789ab.part"]
    for other in others:
        any_storage.write(other, STRANGE)
    write_result(any_storage)
    assert [any_storage.read(other) for other in others] == [STRANGE] * 3


# -- posters --------------------------------------------------------------------------------------

FORMER = {"name": "clip.jpg", "sha256": sha256(OLD), "made_from": sha256(b"a former clip")}
VIDEO = {"clip.mp4": NEW, "clip.mp4.json": described(NEW)}

# What is in the folder of `clip.mp4`, and the name of its poster.
POSTERS: dict[str, tuple[Stored, str]] = {
    "nothing": (VIDEO, "clip.jpg"),
    "the poster of a former clip": (
        {"clip.mp4": NEW, "clip.mp4.json": described(NEW, poster=FORMER), "clip.jpg": OLD},
        "clip.jpg",
    ),
    "a former poster, gone": (
        {"clip.mp4": NEW, "clip.mp4.json": described(NEW, poster=FORMER)},
        "clip.jpg",
    ),
    "the poster of a former clip, changed since": (
        {"clip.mp4": NEW, "clip.mp4.json": described(NEW, poster=FORMER), "clip.jpg": STRANGE},
        "clip-1.jpg",
    ),
    "the picture that the clip starts with": ({**VIDEO, "clip.jpg": STRANGE}, "clip-1.jpg"),
    "a paid picture": ({**VIDEO, "clip.jpg": OLD, "clip.jpg.json": described(OLD)}, "clip-1.jpg"),
    "a picture that is being written": ({**VIDEO, "clip.jpg.json": described(OLD)}, "clip-1.jpg"),
    "a folder": ({**VIDEO, "clip.jpg/inside.txt": STRANGE}, "clip-1.jpg"),
}


def make_poster(storage: Storage, video: str = "clip.mp4", *, author: LogicalTask = ME) -> str | None:
    """Store the poster of a video; return its name."""
    reader: Any = SimpleNamespace(poster=lambda *_, **__: SimpleNamespace(content=b"the poster"))
    uri = poster.write_poster(file_at(f"{storage.uri}/{video}"), reader=reader, author=author)
    return uri.rpartition("/")[2] if uri else None


@pytest.mark.parametrize(("stored", "name"), POSTERS.values(), ids=POSTERS)
def test_a_poster_replaces_nothing_but_a_poster_of_the_same_file(
    any_storage: Storage, caplog: pytest.LogCaptureFixture, stored: Stored, name: str
) -> None:
    put(any_storage, stored)
    before = any_storage.versions()
    del before["clip.mp4.json"]  # it describes the poster, too
    with caplog.at_level(logging.WARNING):
        assert make_poster(any_storage) == name
    assert any_storage.read(name) == b"the poster"
    after = any_storage.versions()
    kept = before.keys() - {name}
    assert {other: after[other] for other in kept} == {other: before[other] for other in kept}
    assert ("clip.jpg is no poster" in caplog.text) == (name != "clip.jpg")
    assert make_poster(any_storage) == name
    assert any_storage.versions() == after, "it is stored already"


def test_a_poster_never_replaces_its_video(any_storage: Storage) -> None:
    put(any_storage, {"wrong.jpg": NEW, "wrong.jpg.json": described(NEW)})
    assert make_poster(any_storage, "wrong.jpg") == "wrong-1.jpg"
    assert any_storage.read("wrong.jpg") == NEW


def test_another_task_writes_no_poster_and_changes_no_sidecar(any_storage: Storage) -> None:
    put(any_storage, VIDEO)
    before = any_storage.versions()
    other = LogicalTask("dag", "today", "other")
    assert make_poster(any_storage, author=other) is None
    assert any_storage.versions() == before
    assert make_poster(any_storage) == "clip.jpg"
    assert make_poster(any_storage, author=other) == "clip.jpg", "it is there"


def test_a_poster_that_appears_meanwhile_is_kept(
    any_storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(any_storage, VIDEO)
    write: Callable[..., None] = sidecar.write_sidecar

    def write_and_be_late(file: Any, contents: Any, **options: Any) -> None:
        write(file, contents, **options)
        if "clip.jpg" not in any_storage.names():
            any_storage.write("clip.jpg", STRANGE)

    monkeypatch.setattr(poster, "write_sidecar", write_and_be_late)
    assert make_poster(any_storage) == "clip-1.jpg"
    assert any_storage.read("clip.jpg") == STRANGE
    described_poster = read_sidecar(file_at(f"{any_storage.uri}/clip.mp4"))
    assert described_poster is not None
    assert described_poster.poster is not None
    assert described_poster.poster.name == "clip-1.jpg"


@pytest.mark.parametrize("content", [b"[" * 100_000, b"null", b"[]", b"\xff\xfe", b" " * (5 * 2**20)])
def test_a_sidecar_that_cannot_be_understood_is_a_strangers(any_storage: Storage, content: bytes) -> None:
    put(any_storage, {"clip.mp4.json": content})
    assert write_result(any_storage) == "clip-1.mp4"
    assert any_storage.read("clip.mp4.json") == content

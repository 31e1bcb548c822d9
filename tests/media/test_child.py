"""The child process that decodes: its limits, how it can fail, and what it can make its parent do."""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO

import psutil
import pytest

from airflow_provider_kling.exceptions import KlingMediaError, KlingServerError
from airflow_provider_kling.media.child import ChildProcess
from airflow_provider_kling.media.process_limits import ProcessLimits
from airflow_provider_kling.media.reader import MediaReader
from airflow_provider_kling.media.source_file import SourceFile
from airflow_provider_kling.media.still_image import Edge
from tests.media.clips import Clip

OPERATIONS = "tests.media.child_operations"
MIB = 1024**2
on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other kernels limit less")


@contextmanager
def child(*, clock: Callable[[], float] = time.monotonic, **limits: Any) -> Iterator[ChildProcess]:
    """A real child, with operations that misbehave."""
    process = ChildProcess(operations=OPERATIONS, limits=ProcessLimits(**limits), clock=clock)
    try:
        yield process
    finally:
        process.close()


def source(content: bytes, name: str = "scene.mp4") -> SourceFile:
    return SourceFile(name=name, open=lambda: nullcontext(io.BytesIO(content)))


def call(process: ChildProcess, operation: str, *files: SourceFile, **arguments: Any) -> dict[str, Any]:
    return process.call(operation, arguments, files=files or [source(b"")])[0]


@contextmanager
def refused(*said: str, retryable: bool = False) -> Iterator[None]:
    with pytest.raises(KlingMediaError) as caught:
        yield
    assert all(part in str(caught.value) for part in said), str(caught.value)
    assert caught.value.retryable is retryable


# -- limits ---------------------------------------------------------------------------------------


@on_linux
def test_memory_is_limited_and_what_needs_more_fails_for_good() -> None:
    with child(memory_bytes=200 * MIB) as process:
        assert call(process, "allocate", size=10 * MIB) == {"bytes": 10 * MIB}
        with refused("scene.mp4 needs more memory to be decoded than it may take"):
            call(process, "allocate", size=250 * MIB)


@on_linux
def test_the_child_can_raise_its_memory_up_to_what_it_was_given() -> None:
    with child(memory_bytes=200 * MIB, most_memory_bytes=400 * MIB) as process:
        assert call(process, "raise_memory", size=300 * MIB)["bytes"] == 300 * MIB
        with refused("needs more memory"):
            call(process, "raise_memory", size=500 * MIB)


def test_processor_time_is_limited() -> None:
    with child(cpu_s=0) as process, refused("scene.mp4", "took more than 0 s of processor time"):
        call(process, "loop")


@pytest.mark.parametrize("operation", ["sleep", "loop"])
def test_wall_clock_time_is_limited(operation: str) -> None:
    with child(step_s=3.0) as process, refused("scene.mp4", "did not finish within 3 s"):
        call(process, operation)


def test_the_child_opens_no_file_and_no_connection(tmp_path: Path) -> None:
    with child() as process:
        with refused("Too many open files"):
            call(process, "write", path=str(tmp_path / "a"), times=1)
        with refused("Too many open files"):
            call(process, "connect")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_the_child_may_write_has_a_limit(tmp_path: Path) -> None:
    with child(open_files=1, output_bytes=5000) as process:
        call(process, "write", path=str(tmp_path / "a"), times=5)
        with refused("File too large"):
            call(process, "write", path=str(tmp_path / "b"), times=6)
    assert (tmp_path / "b").stat().st_size == 5000


def test_the_child_gets_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AIRFLOW_CONN_KLING_DEFAULT", "secret")
    with child() as process:
        found = call(process, "environment")
    assert set(found["names"]) <= {"MALLOC_ARENA_MAX", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LC_CTYPE"}
    assert found["folder"] == "/"


def test_importing_in_the_child_writes_no_bytecode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kling_operations.py").write_text("OPERATIONS = {'nothing': lambda job: ({}, b'')}")
    monkeypatch.syspath_prepend(tmp_path)
    process = ChildProcess(operations="kling_operations", limits=ProcessLimits())
    assert call(process, "nothing") == {}
    process.close()
    assert [path.name for path in tmp_path.iterdir()] == ["kling_operations.py"]


# -- its end --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "said"),
    [("crash", "was killed by signal 11 ("), ("exit", "ended with exit code 3")],
)
def test_a_death_is_a_final_error_and_the_next_file_gets_a_new_child(operation: str, said: str) -> None:
    with child() as process:
        with refused("scene.mp4 cannot be decoded", said):
            call(process, operation)
        assert process.pid is None
        assert call(process, "environment")["pid"] == process.pid


def test_an_exception_of_the_child_is_a_final_error_in_one_line_of_bounded_length() -> None:
    with child() as process, pytest.raises(KlingMediaError) as caught:
        call(process, "fail", text="\x1b[31m\n" + "x" * 5000)
    assert str(caught.value).startswith("scene.mp4 cannot be decoded (ValueError: [31mxxx")
    assert len(str(caught.value)) <= 1000
    assert not caught.value.retryable


def test_one_child_serves_all_files_and_ends_with_the_reader() -> None:
    with MediaReader() as reader:
        pid = reader.child.pid
        assert pid is not None
        process = psutil.Process(pid)
        reader.probe(io.BytesIO(Clip().encoded()), name="scene.mp4")
        reader.poster(io.BytesIO(Clip().encoded()), name="scene.mp4")
        with refused("page.mp4"):
            reader.probe(io.BytesIO(b"<html>"), name="page.mp4")
        reader.frame(io.BytesIO(Clip().encoded()), name="scene.mp4", at=Edge.LAST)
        assert reader.child.pid == pid
    assert not process.is_running()


def test_the_child_ends_when_its_task_is_interrupted() -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    with child() as process:
        process.start()
        assert process.pid is not None
        running = psutil.Process(process.pid)
        with pytest.raises(KeyboardInterrupt):
            process.call("report", {"times": 1}, files=[source(b"")], progress=interrupt)
        assert not running.is_running()


def test_no_descriptor_is_left() -> None:
    before = psutil.Process().num_fds()
    for _ in range(3):
        with child() as process, refused("exit code 3"):
            call(process, "exit")
    assert psutil.Process().num_fds() == before


# -- the storage ----------------------------------------------------------------------------------


class Failing(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise TimeoutError("the bucket is gone")
        return super().read(1000)


def test_a_storage_error_is_retryable_and_keeps_its_cause() -> None:
    with MediaReader() as reader:
        with pytest.raises(
            KlingMediaError, match=r"scene\.mp4 could not be read: the bucket is gone"
        ) as caught:
            reader.probe(Failing(Clip().encoded()), name="scene.mp4")
        assert caught.value.retryable
        assert isinstance(caught.value.__cause__, TimeoutError)
        assert reader.probe(io.BytesIO(Clip().encoded()), name="scene.mp4").frames == 24


@pytest.mark.parametrize("error", [KlingServerError("answered 503", status_code=503), TimeoutError("slow")])
def test_an_error_of_opening_keeps_its_class(error: Exception) -> None:
    def fail() -> Any:
        raise error

    with child() as process, pytest.raises(type(error)) as caught:
        call(process, "read", SourceFile(name="scene.mp4", open=fail), at=0)
    assert caught.value is error


def test_what_the_storage_takes_is_not_the_childs_time() -> None:
    seconds = 0.0

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            nonlocal seconds
            seconds += 100
            return super().read(size)

    def slow(size: int) -> SourceFile:
        return SourceFile(name="scene.mp4", open=lambda: nullcontext(Slow(bytes(size))))

    with child(step_s=90.0, clock=lambda: seconds) as process:
        assert process.call("read", {"at": 0}, files=[slow(1_000_000)])[1] == bytes(1_000_000)
        # In pieces of 256 KiB, it takes 1,200 s: more than 600 s and a second for each megabyte.
        with refused("scene.mp4 could not be read: the storage is too slow", retryable=True):
            process.call("read", {"at": 0}, files=[slow(3_000_000)])


def test_a_file_is_read_through_short_reads_and_from_any_position() -> None:
    content = os.urandom(700_000)

    class Short(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 0, 1013) if size and size > 0 else size)

    def short() -> nullcontext[BinaryIO]:
        return nullcontext(Short(content))

    with child() as process:
        for at in (0, 1, 262_144, 699_999, 700_000, 800_000):
            _, found = process.call("read", {"at": at}, files=[SourceFile(name="x", open=short)])
            assert found == content[at:]


# -- a child in a file's power --------------------------------------------------------------------

HOSTILE = """
import json, os, socket, struct, sys, time
connection = socket.socket(fileno=0)

def send(fields, body=b"", *, lengths=None):
    text = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    connection.sendall(struct.pack(">II", *(lengths or (len(text), len(body)))) + text + body)

def ask(fields):
    send(fields)
    connection.recv(100_000)

def ready():
    ask({"limits": {"core": 0, "fsize": 0, "data": 1}})

INFO = {"type": "video", "width": 1, "height": 1, "codec": "h264", "duration_s": 1.0, "frames": 1, "fps": 1.0,
    "truncated": False, "audio_codec": None}
"""
NO_RESULT = "sent something that is no result"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("os._exit(0)", "ended with exit code 0"),
        ("connection.close(); time.sleep(1000)", "closed the connection"),
        ("connection.sendall(os.urandom(8).replace(b'\\0', b'x') * 1000)", "that is too long"),
        ("connection.sendall(b'\\0\\0'); os._exit(0)", "ended with exit code 0"),
        ("send({'limits': {}})", "has no limit of core, fsize, data"),
        ("send({'limits': {'core': 0, 'fsize': 0, 'data': -1}})", "has no limit of data"),
        ("send({'limits': 'all'})", "has no limit of"),
        ("ready(); send(b'', lengths=(2**32 - 1, 0))", "a message that is too long"),
        ("ready(); send(b'', lengths=(0, 2**32 - 1))", "a message that is too long"),
        ("ready(); send(b'{}', lengths=(2, 2**25)); os._exit(0)", "ended with exit code 0"),
        ("ready(); send(b'\\x80\\x04K\\x01.')", "a message that is no JSON"),
        ("ready(); send(b'[' * 60000)", "a message that is no JSON"),
        ("ready(); send([1])", "a message that is no JSON object"),
        ("ready(); send({'read': [0, 0, 10]})", "read a file that is not open"),
        ("ready(); send({'read': [7, 0, 10]})", "asked for something that no file has"),
        ("ready(); send({'read': 'all'})", "read without saying what"),
        ("ready(); send({'open': True})", "asked for something that no file has"),
        ("ready(); send({'open': -1})", "asked for something that no file has"),
        ("ready(); ask({'open': 0}); send({'read': [0, 10**9, 1]})", "something that no file has"),
        ("ready(); ask({'open': 0}); send({'read': [0, 0, 2**30]})", "something that no file has"),
        ("ready(); ask({'open': 0}); send({'open': 0})", "opened a file that it may not open"),
        ("ready(); send({'close': 0})", "closed a file that is not open"),
        (
            "ready(); [(ask({'open': 0}), send({'close': 0})) for _ in range(3)]",
            "opened a file that it may not open",
        ),
        ("ready(); send({})", NO_RESULT),
        ("ready(); send({'progress': [1, 1, 1, 1]})", NO_RESULT),
        ("ready(); send(INFO | {'more': 1})", NO_RESULT),
        ("ready(); send(INFO | {'width': 0})", NO_RESULT),
        ("ready(); send(INFO | {'width': 10**30})", NO_RESULT),
        ("ready(); send(INFO | {'width': '1'})", NO_RESULT),
        ("ready(); send(INFO | {'duration_s': float('nan')})", NO_RESULT),
        ("ready(); send(INFO | {'fps': float('inf')})", NO_RESULT),
        ("ready(); send(INFO | {'codec': 'x' * 1000})", NO_RESULT),
        ("ready(); send(INFO | {'codec': 'a\\nb'})", NO_RESULT),
        ("ready(); send(INFO | {'type': 'audio'})", NO_RESULT),
    ],
)
def test_nonsense_of_a_child_is_a_final_error(script: str, said: str) -> None:
    command = [sys.executable, "-I", "-c", f"{HOSTILE}\n{script}\nconnection.recv(1)"]
    reader = MediaReader(command=command)
    with reader, refused("scene.mp4 cannot be decoded", said):
        reader.probe(io.BytesIO(b"content"), name="scene.mp4")


@pytest.mark.parametrize(
    "script",
    [
        "time.sleep(1000)",
        "ready(); time.sleep(1000)",
        "ready(); connection.sendall(b'\\0'); time.sleep(1000)",
        "ready(); send({'open': 0})\nwhile True: send({'read': [0, 0, 262144]})",  # and never reads
    ],
)
def test_a_silent_child_is_ended(script: str) -> None:
    command = [sys.executable, "-I", "-c", f"{HOSTILE}\n{script}"]
    with MediaReader(command=command, limits=ProcessLimits(step_s=3.0)) as reader:
        assert reader.child.pid is not None
        process = psutil.Process(reader.child.pid)
        with refused("scene.mp4", "did not finish within 3 s"):
            reader.probe(io.BytesIO(bytes(262_144)), name="scene.mp4")
        assert not process.is_running()


def test_a_program_that_cannot_be_started_is_retryable() -> None:
    with MediaReader(command=["/none"]) as reader, refused("no process could be started", retryable=True):
        reader.probe(io.BytesIO(b""), name="scene.mp4")

"""Where a result is written: directly below ``output``, whatever the service says of it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from airflow_provider_kling.exceptions import KlingError, KlingMediaError
from airflow_provider_kling.generation.result_storage import target_uri
from airflow_provider_kling.operators.kling import KlingDownloadOperator, KlingGenerateOperator
from tests.conftest import FakeTaskInstance
from tests.http.raw_server import RawServer, reply
from tests.task_runner import run

# An image by its first bytes, and a program by the rest.
EVIL = b"GIF89a=0\nimport os\n"
FORMATS = [
    "x/../../../dags/evil.py",
    "../evil.py",
    "/../evil.py",
    "py",
    "gif/../../evil",
    "..",
    "",
    "mp4\0.py",
    "GIF",
    "x" * 300,
]


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def service(connect: Callable[..., None]) -> Iterator[RawServer]:
    """A service that may answer anything, and is the host of its results too."""
    with RawServer(reply(status=500)) as server:
        connect(host=server.url, extra={"allow_insecure_http": True})
        yield server


def success(service: RawServer, **resource: Any) -> bytes:
    data = {
        "task_id": "task-1",
        "status": "success",
        "result": {"resources": [{"url": f"{service.url}/result", "type": "image", **resource}]},
    }
    return json.dumps({"code": 0, "data": data}).encode()


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("format_", FORMATS, ids=lambda text: repr(text)[:24])
def test_the_format_that_an_answer_names_decides_no_name(
    service: RawServer, task_instance: FakeTaskInstance, tmp_path: Path, format_: str
) -> None:
    output = tmp_path / "results" / "of" / "today"
    service.then(reply(success(service, format=format_)), reply(EVIL))
    get = KlingDownloadOperator(task_id="get", source="task-1", output=f"file://{output}/")
    with pytest.raises(KlingMediaError, match=rf"stays stored as file://{output}/task-1\.gif"):
        run(get, task_instance)  # nothing decodes it
    assert files_below(tmp_path) == [f"results/of/today/task-1.gif{end}" for end in ("", ".json")]


def test_the_extension_is_that_of_the_bytes_and_a_retry_still_finds_the_file(
    service: RawServer, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    task, file = reply(success(service, format="mp4", type="video")), reply(png())
    service.then(task, file, task)
    get = KlingDownloadOperator(task_id="get", source="task-1", output=f"file://{tmp_path}")
    first = run(get, task_instance)
    assert run(get, task_instance) == first
    assert service.connections == 3, "the file was downloaded once"
    assert (tmp_path / "task-1.png").read_bytes() == png()
    assert (first["uri"], first["format"]) == (f"file://{tmp_path}/task-1.png", "png")


def test_a_file_that_output_names_keeps_the_users_name(
    service: RawServer, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    service.then(reply(success(service, format="x/../../evil.py")), reply(png()))
    get = KlingDownloadOperator(task_id="get", source="task-1", output=f"file://{tmp_path}/still.png")
    run(get, task_instance)
    assert files_below(tmp_path) == ["still.png", "still.png.json"]


@pytest.mark.parametrize("task_id", ["../../dags/evil", "/etc/x", "..", "a/b", "x" * 600])
@pytest.mark.parametrize("deferrable", [True, False])
def test_the_id_that_an_answer_names_decides_no_name(
    service: RawServer, task_instance: FakeTaskInstance, tmp_path: Path, task_id: str, deferrable: bool
) -> None:
    submitted = {"code": 0, "data": {"task_id": task_id, "status": "pending"}}
    service.then(reply(submitted), reply(status=404))  # then the request log, for the message
    make = KlingGenerateOperator(
        task_id="make",
        model="kling-image-o1",
        parameters={"prompt": "x"},
        output=f"file://{tmp_path}/results/",
        deferrable=deferrable,
    )
    with pytest.raises(KlingError):
        run(make, task_instance)
    assert [request.method for request in service.requests].count("POST") == 1
    assert files_below(tmp_path) == []


@pytest.mark.parametrize("task_id", ["../x", "x/../../y", "..", ".", "", "/x", "a\\b", ".hidden"])
def test_a_target_that_is_not_directly_below_the_folder_is_refused(task_id: str) -> None:
    with pytest.raises(KlingMediaError, match="directly below file:///results"):
        target_uri("file:///results/", task_id=task_id)

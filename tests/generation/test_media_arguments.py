"""Media on the user's storage: read on the worker, checked, sent along or uploaded, deleted afterwards."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from airflow_provider_kling.arguments import Upload
from airflow_provider_kling.exceptions import (
    KlingBadRequestError,
    KlingFileStoreFullError,
    KlingMediaError,
    KlingNotFoundError,
    KlingRequestError,
    KlingTaskFailedError,
)
from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.gateways.encoded import EncodedRequest, MediaField
from airflow_provider_kling.generation.intent import Intent
from airflow_provider_kling.generation.media_arguments import INLINE_BYTES, MediaArguments
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.media.media_value import is_storage_uri
from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.operators.kling import KlingGenerateOperator
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.airflow_names import AirflowFailException, TaskDeferred
from tests.conftest import FakeTaskInstance
from tests.task_runner import context, run, video

pytestmark = pytest.mark.contract


def picture(path: Path, *, size: tuple[int, int] = (320, 320), pad: int = 0) -> str:
    """Write a picture, made larger by bytes that nobody reads, and return its URI."""
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, "PNG")
    path.write_bytes(file.getvalue() + bytes(pad))
    return f"file://{path}"


@pytest.fixture
def still(tmp_path: Path) -> str:
    return picture(tmp_path / "still.png")


def posted(sandbox: SandboxProcess) -> list[dict[str, Any]]:
    """Return the bodies of the submissions."""
    return [one["body"] for one in sandbox.requests("POST") if "/media/" not in one["path"]]


def shown(text: str) -> str:
    """Return a text as the sandbox's log has it: long ones are cut."""
    return text if len(text) <= 4096 else f"{text[:4096]}... ({len(text)} characters)"


def uploads(sandbox: SandboxProcess) -> int:
    return len([one for one in sandbox.requests("POST") if "/media/" in one["path"]])


@pytest.mark.parametrize(
    ("value", "storage"),
    [
        ("s3://bucket/a.png", True),
        ("file:///tmp/a.png", True),
        ("gs://bucket/a.png", True),
        ("https://cdn.example/a.png", False),
        ("HTTP://cdn.example/a.png", False),
        ("data:image/png;base64,AAAA", False),
        ("iVBORw0KGgo//AAA://", False),
        ("A paper boat: s3://", False),
        (5, False),
        (None, False),
    ],
)
def test_storage_is_told_from_links_and_base64(value: object, storage: bool) -> None:
    assert is_storage_uri(value) is storage


def test_a_small_picture_is_sent_along_without_a_prefix(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, still: str, tmp_path: Path
) -> None:
    run(video(images=[still]), task_instance)
    (body,) = posted(sandbox)
    assert body["images"] == [shown(base64.b64encode((tmp_path / "still.png").read_bytes()).decode())]
    assert uploads(sandbox) == 0


def test_links_beside_files_are_passed_on_as_they_are(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, still: str
) -> None:
    link = "https://cdn.example/a.png?sig=1"
    operator = video(images=[link, still], upload="always")
    with pytest.raises(TaskDeferred):
        operator.execute(context(operator, task_instance))
    (body,) = posted(sandbox)
    assert body["images"][0] == link
    assert body["images"][1].startswith(sandbox.url)


@pytest.mark.parametrize(
    ("base_url", "link", "sent"),
    [
        ("https://api.example", "http://10.0.0.5/a.png", False),
        ("https://api.example", "https://minio/a.png", False),
        ("https://api.example", "https://cdn.example/a.png", True),
        ("http://127.0.0.1:8787", "http://127.0.0.1:8787/files/a.png", True),
        ("https://kling-gateway.internal/api", "https://minio/a.png", True),
    ],
)
def test_a_link_to_a_private_host_is_sent_only_to_a_service_that_is_on_one(
    base_url: str, link: str, sent: bool
) -> None:
    hook: Any = SimpleNamespace(
        connection=SimpleNamespace(client=SimpleNamespace(base_url=base_url)),
        gateway=make_gateway(),
    )
    media = MediaField(path=("image",), name="image", type=MediaType.IMAGE, value=link)
    encoded = EncodedRequest(model="kling-v1-i2v", path="/x", body={"image": link}, media=(media,))
    arguments = MediaArguments(hook=hook, policy=Upload.AUTO, label="kling", needed_s=3600)
    if sent:
        assert arguments.resolve(encoded) == (encoded, ())
    else:
        with pytest.raises(KlingRequestError, match=r"image: .* which is not public"):
            arguments.resolve(encoded)


def test_a_file_is_found_inside_a_list_of_dicts(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, still: str, tmp_path: Path
) -> None:
    path = [{"x": 1, "y": 2}, {"x": 3, "y": 4}]
    masks = [
        {"mask": "https://cdn.example/a.png", "trajectories": path},
        {"mask": still, "trajectories": path},
    ]
    operator = KlingGenerateOperator(
        task_id="generate", model="kling-v1-i2v", parameters={"image": still, "dynamic_masks": masks}
    )
    with pytest.raises(KlingNotFoundError):  # no model that is still served takes such a list
        operator.execute(context(operator, task_instance))
    (body,) = posted(sandbox)
    sent = shown(base64.b64encode((tmp_path / "still.png").read_bytes()).decode())
    assert body["image"] == sent
    assert body["dynamic_masks"] == [masks[0], {"mask": sent, "trajectories": path}]


def test_a_file_inside_a_dict_is_named_by_its_place(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, still: str, tmp_path: Path
) -> None:
    masks = [{"mask": f"file://{tmp_path}/gone.png"}]
    operator = KlingGenerateOperator(
        task_id="generate", model="kling-v1-i2v", parameters={"image": still, "dynamic_masks": masks}
    )
    with pytest.raises(KlingMediaError, match=r"^dynamic_masks\[0\]\.mask: "):
        operator.execute(context(operator, task_instance))
    assert posted(sandbox) == []


@pytest.mark.parametrize("arguments", [{"upload": "always"}, {"pad": INLINE_BYTES}])
def test_a_picture_is_uploaded_when_asked_to_or_when_it_is_large(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path, arguments: dict[str, Any]
) -> None:
    uri = picture(tmp_path / "still.png", pad=arguments.pop("pad", 0))
    run(video(images=[uri], **arguments), task_instance)
    (body,) = posted(sandbox)
    assert body["images"][0].startswith(sandbox.url)
    assert uploads(sandbox) == 1


def test_what_was_uploaded_is_deleted_when_the_task_has_ended(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, still: str
) -> None:
    run(video(images=[still], upload="always"), task_instance)
    assert KlingHook().list_files() == []
    assert uploads(sandbox) == 1


def test_what_was_uploaded_is_deleted_when_the_task_has_failed(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, still: str
) -> None:
    with pytest.raises(KlingTaskFailedError):
        run(video(prompt="A [forbidden] boat", images=[still], upload="always"), task_instance)
    assert KlingHook().list_files() == []


def test_uploads_are_kept_when_asked_to(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, still: str
) -> None:
    run(video(images=[still], upload="always", keep_uploads=True), task_instance)
    assert len(KlingHook().list_files()) == 1


def test_what_was_uploaded_for_a_refused_request_is_deleted(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, still: str
) -> None:
    refusal = {"status": 400, "body": {"code": 400, "message": "Invalid parameters: no"}}
    sandbox.faults([{"method": "POST", "path": "/api/v1/kling/*", "action": refusal}])
    with pytest.raises(KlingBadRequestError):
        run(video(images=[still], upload="always"), task_instance)
    assert KlingHook().list_files() == []


def test_what_was_uploaded_for_a_try_that_ends_before_it_sends_anything_is_deleted(
    sandbox: SandboxProcess,
    task_instance: FakeTaskInstance,
    still: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    operator = video(images=[still], upload="always")
    monkeypatch.setattr(Intent, "before_sending", lambda _: operator.on_kill())
    with pytest.raises(SystemExit):
        run(operator, task_instance)
    assert uploads(sandbox) == 1
    assert KlingHook().list_files() == []


def test_no_run_deletes_what_another_one_uses(
    sandbox: SandboxProcess,
    task_instance: FakeTaskInstance,
    still: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    operator = video(images=[still], upload="always")
    with pytest.raises(TaskDeferred):
        operator.execute(context(operator, task_instance))
    used = KlingHook().list_files()
    other = FakeTaskInstance()
    other.run_id = "another run"
    operator = video(images=[still], upload="always")
    monkeypatch.setattr(Intent, "before_sending", lambda _: operator.on_kill())
    with pytest.raises(SystemExit):
        run(operator, other)
    assert KlingHook().list_files() == used


def test_a_try_after_a_wait_for_capacity_uses_what_the_first_has_uploaded(
    sandbox: SandboxProcess,
    task_instance: FakeTaskInstance,
    still: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("airflow_provider_kling.generation.run.capacity_delay", lambda **_: 0.01)
    full = {"status": 429, "body": {"code": 429, "message": "Concurrent limit exceeded: full"}}
    sandbox.faults([{"method": "POST", "path": "/api/v1/kling/*", "action": full}])
    run(video(images=[still], upload="always"), task_instance)
    assert uploads(sandbox) == 1


def test_a_full_file_store_is_waited_for_like_capacity(
    sandbox: SandboxProcess,
    task_instance: FakeTaskInstance,
    still: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("airflow_provider_kling.generation.run.capacity_delay", lambda **_: 0.01)
    hook = KlingHook()
    png = Path(still.removeprefix("file://")).read_bytes()
    kept = [hook.upload(png, filename=f"{number}.png", content_type="image/png") for number in range(10)]
    operator = video(images=[still], upload="always", queue_timeout=0)
    with pytest.raises(
        KlingFileStoreFullError,
        match=r"stores at most 10 files of an account.* queue_timeout allows no further",
    ):
        run(operator, task_instance)
    assert posted(sandbox) == []
    hook.delete_file(kept[0].file_id)
    run(video(images=[still], upload="always"), task_instance)
    assert len(posted(sandbox)) == 1


def test_a_video_is_uploaded(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    clip = tmp_path / "boat.mp4"
    run(video(output=f"file://{clip}"), task_instance)
    other = FakeTaskInstance()
    result = run(video(videos=[f"file://{clip}"], duration=None), other)
    assert result["duration_s"] == 5.0
    assert posted(sandbox)[1]["videos"][0].startswith(sandbox.url)
    assert KlingHook().list_files() == []


@pytest.mark.parametrize(
    ("model", "field", "file", "rule"),
    [
        ("kling-video-o1", "videos", b"\0\0\0\x20ftypisom" + bytes(16 * 2**20), "at most 16777216 bytes"),
        ("kling-video-o1", "videos", b"\x89PNG\r\n\x1a\n" + bytes(99), "must be a video file"),
        ("kling-video-o1", "images", b"<html>" + bytes(99), "must be an image file"),
        ("kling-v1.5-i2i", "image", b"GIF89a" + bytes(99), "must be a file in the format jpg or png"),
        ("kling-v1.5-i2i", "image", b"\x89PNG\r\n\x1a\n" + bytes(10 * 2**20), "at most 10485760 bytes"),
        ("kling-avatar", "sound_file", b"ID3" + bytes(5 * 2**20), "at most 5242880 bytes"),
        ("kling-avatar", "sound_file", b"\x89PNG\r\n\x1a\n" + bytes(99), "must be an audio file"),
    ],
)
def test_a_file_that_breaks_a_documented_limit_is_refused_before_anything_is_sent(
    sandbox: SandboxProcess,
    task_instance: FakeTaskInstance,
    tmp_path: Path,
    model: str,
    field: str,
    file: bytes,
    rule: str,
) -> None:
    path = tmp_path / "input"
    path.write_bytes(file)
    value: Any = [f"file://{path}"] if field.endswith("s") else f"file://{path}"
    parameters = {"prompt": "x", field: value}
    if model == "kling-avatar":
        parameters["image"] = "https://cdn.example/face.png"
    operator = KlingGenerateOperator(task_id="make", model=model, parameters=parameters)
    with pytest.raises(KlingRequestError, match=rule) as refused:
        run(operator, task_instance)
    assert isinstance(refused.value, AirflowFailException)
    (broken,) = refused.value.broken
    assert broken.field == (f"{field}[0]" if isinstance(value, list) else field)
    assert broken.value == f"file://{path}"
    assert sandbox.requests("POST") == []


def test_a_file_that_cannot_be_read_is_told_and_may_be_there_at_the_next_try(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    operator = video(images=[f"file://{tmp_path}/none.png"])
    with pytest.raises(KlingMediaError, match=r"images\[0\]: file://.*none\.png cannot be read") as missing:
        run(operator, task_instance)
    assert missing.value.retryable
    assert sandbox.requests("POST") == []
    picture(tmp_path / "none.png")
    task_instance.retry()
    run(operator, task_instance)


def test_the_record_and_the_xcoms_hold_the_uri_and_never_the_bytes(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, still: str, tmp_path: Path
) -> None:
    operator = video(images=[still], output=f"file://{tmp_path}/out.mp4")
    result = run(operator, task_instance)
    inlined = base64.b64encode((tmp_path / "still.png").read_bytes()).decode()
    kept = json.dumps([result, task_instance.xcoms, task_instance.store.values])
    assert inlined[:40] not in kept
    assert json.loads((tmp_path / "out.mp4.json").read_text())["request"]["images"] == [still]


def test_a_retry_finds_its_task_though_the_file_is_gone(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, still: str, tmp_path: Path
) -> None:
    operator = video(images=[still])
    with pytest.raises(TaskDeferred):
        operator.execute(context(operator, task_instance))
    (tmp_path / "still.png").unlink()
    task_instance.retry()
    assert run(video(images=[still]), task_instance)["status"] == "success"
    assert sandbox.stats()["submissions_accepted"] == 1


def test_under_the_newer_contract_its_own_limits_hold(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, connect: Callable[..., None], tmp_path: Path
) -> None:
    connect(host=sandbox.url, password=sandbox.api_key, extra={"api_version": "2026-08"})
    small = picture(tmp_path / "small.png", size=(200, 320))
    with pytest.raises(KlingRequestError, match=r"images\[0\]: must have sides of at least 300 px; got"):
        run(video(images=[small]), task_instance)
    connect(host=sandbox.url, password=sandbox.api_key)
    run(video(images=[small]), task_instance)

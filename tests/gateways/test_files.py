"""Files that are left at the service: what goes out, and what comes back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_kling.exceptions import (
    KlingBadRequestError,
    KlingMediaError,
    KlingNotFoundError,
    KlingProtocolError,
)
from airflow_provider_kling.gateways import make_gateway
from tests.gateways.wire import answer, complaint, envelope

GATEWAY = make_gateway()
PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)
UPLOAD = GATEWAY.upload(PNG, filename="still.png", content_type="image/png")
FILE: dict[str, Any] = {
    "file_id": "f-1",
    "type": "image",
    "url": "https://file.modellix.ai/still.png?sig=canary",
    "filename": "still.png",
    "size": 58,
    "created_at": 1_786_418_800_891,
}


def test_an_upload_is_a_form_with_one_part_and_is_sent_once() -> None:
    assert (UPLOAD.request.method, UPLOAD.request.path) == ("POST", "/api/v1/media/files")
    part = UPLOAD.request.file
    assert part is not None
    assert (part.name, part.filename, part.content_type, part.content) == (
        *("file", "still.png", "image/png"),
        PNG,
    )
    assert UPLOAD.request.body is None
    assert not UPLOAD.repeatable
    assert "PNG" not in repr(UPLOAD.request)


def test_a_file_that_is_too_large_is_refused_before_anything_is_sent() -> None:
    GATEWAY.upload(bytes(16 * 2**20), filename="a", content_type="video/mp4")
    with pytest.raises(KlingMediaError, match=r"clip\.mp4 has 16777217 bytes.*at most 16777216"):
        GATEWAY.upload(bytes(16 * 2**20 + 1), filename="clip.mp4", content_type="video/mp4")


@pytest.mark.parametrize("created_at", [1_786_418_800_891, "2026-08-11T03:26:40.891Z"])
def test_an_uploaded_file_is_read_in_both_ways_to_write_its_time(created_at: object) -> None:
    file = UPLOAD.parse(answer(envelope(**{**FILE, "created_at": created_at})))
    assert (file.file_id, file.url, file.type, file.size) == ("f-1", FILE["url"], "image", 58)
    assert file.created_at == datetime(2026, 8, 11, 3, 26, 40, 891000, tzinfo=UTC)
    assert "canary" not in repr(file)


def test_only_the_id_and_the_link_of_a_file_are_needed() -> None:
    file = UPLOAD.parse(answer(envelope(file_id="f", url="https://f")))
    assert (file.filename, file.size, file.created_at) == (None, None, None)


@pytest.mark.parametrize("missing", ["file_id", "url"])
def test_an_upload_without_an_id_or_a_link_is_not_the_contract(missing: str) -> None:
    with pytest.raises(KlingProtocolError, match="without a file's id and link"):
        UPLOAD.parse(answer(envelope(**{**FILE, missing: None})))


def test_a_refused_file_is_a_bad_request() -> None:
    with pytest.raises(KlingBadRequestError, match="too many"):
        UPLOAD.parse(answer(complaint("Invalid parameters: too many", code=400), status=400))


@pytest.mark.parametrize("data", [[FILE, {"file_id": 1}, None], {"files": [FILE]}])
def test_files_are_listed_wherever_the_list_stands(data: object) -> None:
    listed = GATEWAY.files().parse(answer({"code": 0, "message": "success", "data": data}))
    assert [file.file_id for file in listed] == ["f-1"]


@pytest.mark.parametrize("data", [None, {}, {"files": None}, "none"])
def test_a_list_that_is_not_there_is_not_taken_for_an_empty_one(data: object) -> None:
    with pytest.raises(KlingProtocolError, match="without a list of files"):
        GATEWAY.files().parse(answer({"code": 0, "message": "success", "data": data}))


def test_a_deletion_is_answered_with_nothing() -> None:
    call = GATEWAY.file_deletion("a/b c")
    assert (call.request.method, call.request.path) == ("DELETE", "/api/v1/media/files/a%2Fb%20c")
    call.parse(answer(b"", status=204))
    call.parse(answer(envelope()))
    with pytest.raises(KlingNotFoundError):
        call.parse(answer(complaint("Resource not found: file", code=404), status=404))

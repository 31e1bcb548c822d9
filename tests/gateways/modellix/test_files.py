"""Files that are stored at the service: what is sent, and how the responses are parsed."""

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
from airflow_provider_kling.gateways.modellix.capabilities import ModellixFiles
from tests.gateways.calls import envelope, error_envelope, response

FILES = ModellixFiles()
PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)
UPLOAD = FILES.upload(PNG, filename="still.png", content_type="image/png")
FILE: dict[str, Any] = {
    "file_id": "f-1",
    "type": "image",
    "url": "https://file.modellix.ai/still.png?sig=canary",
    "filename": "still.png",
    "size": 58,
    "created_at": 1_786_418_800_891,
}


def test_an_upload_is_a_form_with_one_part() -> None:
    assert (UPLOAD.request.method, UPLOAD.request.path) == ("POST", "/api/v1/media/files")
    part = UPLOAD.request.file
    assert part is not None
    assert (part.name, part.filename, part.content_type, part.content) == (
        *("file", "still.png", "image/png"),
        PNG,
    )
    assert UPLOAD.request.content is None
    assert "PNG" not in repr(UPLOAD.request)


def test_only_an_upload_is_not_repeated_because_a_second_file_would_take_its_own_place() -> None:
    assert not UPLOAD.idempotent
    assert FILES.list().idempotent
    assert FILES.delete("f-1").idempotent


def test_a_file_that_is_too_large_is_rejected_before_anything_is_sent() -> None:
    FILES.upload(bytes(16 * 2**20), filename="a", content_type="video/mp4")
    with pytest.raises(KlingMediaError, match=r"clip\.mp4 has 16777217 bytes.*at most 16777216"):
        FILES.upload(bytes(16 * 2**20 + 1), filename="clip.mp4", content_type="video/mp4")


@pytest.mark.parametrize("created_at", [1_786_418_800_891, "2026-08-11T03:26:40.891Z"])
def test_an_uploaded_file_is_parsed_in_both_ways_to_write_its_time(created_at: object) -> None:
    file = UPLOAD.parse(response(envelope(**{**FILE, "created_at": created_at})))
    assert (file.file_id, file.url, file.type, file.size) == ("f-1", FILE["url"], "image", 58)
    assert file.created_at == datetime(2026, 8, 11, 3, 26, 40, 891000, tzinfo=UTC)
    assert "canary" not in repr(file)


def test_only_the_id_and_the_link_of_a_file_are_needed() -> None:
    file = UPLOAD.parse(response(envelope(file_id="f", url="https://f")))
    assert (file.filename, file.size, file.created_at) == (None, None, None)


@pytest.mark.parametrize("missing", ["file_id", "url"])
def test_an_upload_without_an_id_or_a_link_is_a_protocol_error(missing: str) -> None:
    with pytest.raises(KlingProtocolError, match="without a file's id and link"):
        UPLOAD.parse(response(envelope(**{**FILE, missing: None})))


def test_a_rejected_file_is_a_bad_request() -> None:
    with pytest.raises(KlingBadRequestError, match="too many"):
        UPLOAD.parse(response(error_envelope("Invalid parameters: too many", code=400), status=400))


@pytest.mark.parametrize("data", [[FILE, {"file_id": 1}, None], {"files": [FILE]}])
def test_files_are_listed_wherever_the_list_is_in_the_response(data: object) -> None:
    listed = FILES.list().parse(response({"code": 0, "message": "success", "data": data}))
    assert [file.file_id for file in listed] == ["f-1"]


@pytest.mark.parametrize("data", [None, {}, {"files": None}, "none"])
def test_a_missing_list_is_not_taken_for_an_empty_one(data: object) -> None:
    with pytest.raises(KlingProtocolError, match="without a list of files"):
        FILES.list().parse(response({"code": 0, "message": "success", "data": data}))


def test_the_response_to_a_deletion_may_be_empty() -> None:
    call = FILES.delete("a/b c")
    assert (call.request.method, call.request.path) == ("DELETE", "/api/v1/media/files/a%2Fb%20c")
    call.parse(response(b"", status=204))
    call.parse(response(envelope()))
    with pytest.raises(KlingNotFoundError):
        call.parse(response(error_envelope("Resource not found: file", code=404), status=404))

"""The file API: up to ten files of at most 16 MiB for each team, for a week, free of charge."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import VIDEO_BODY, Client, announced_url, started
from tests.sandbox.paths import FILES
from tests.sandbox.samples import encoded_tone, sample_image

DAY = 86_400
MAX_BYTES = 16 * 1024 * 1024
STILL = sample_image("teal")


def _padded(size: int) -> bytes:
    """An image, padded with zeros to a size."""
    return STILL.ljust(size, b"\0")


def _listed(client: Client, **query: Any) -> list[dict[str, Any]]:
    response = client.http.get(FILES, params=query)
    assert response.status_code == 200, response.text
    assert response.json().keys() == {"code", "message", "data"}
    return response.json()["data"]["files"]


def _message(response: httpx.Response, status: int) -> str:
    assert (response.status_code, response.json()["code"]) == (status, status)
    assert response.json().keys() == {"code", "message"}
    return response.json()["message"]


def test_the_response_to_an_upload_has_the_documented_members(lifelike: Client):
    response = lifelike.upload(STILL, "first frame é.png")
    assert (response.status_code, response.json()["code"], response.json()["message"]) == (200, 0, "success")
    data = response.json()["data"]
    assert data.keys() == {"file_id", "type", "url", "filename", "size", "created_at"}
    assert (data["type"], data["filename"], data["size"]) == ("image", "first frame é.png", len(STILL))
    assert isinstance(data["created_at"], int)
    assert abs(data["created_at"] / 1000 - lifelike.sandbox.requests("POST")[0]["at"]) < 5
    assert httpx.get(data["url"]).content == STILL


def test_the_type_of_a_file_comes_from_its_content_not_from_its_name(lifelike: Client):
    sound = lifelike.uploaded(encoded_tone("wav", "pcm_s16le"), "still.png")
    assert sound["type"] == "audio"
    assert httpx.get(sound["url"]).headers["content-type"] == "audio/wav"
    video = httpx.get(lifelike.finished(VIDEO_BODY)["result"]["resources"][0]["url"]).content
    assert lifelike.uploaded(video, "still.png")["type"] == "video"
    assert _message(lifelike.upload(b"<html>", "still.png"), 400).startswith(
        "Invalid format: parameter 'file'"
    )
    assert [entry["type"] for entry in _listed(lifelike)] == ["video", "audio"]


def test_files_are_listed_newest_first(lifelike: Client):
    assert _listed(lifelike) == []
    uploads = [lifelike.uploaded(STILL, f"{number}.png") for number in range(3)]
    assert _listed(lifelike) == uploads[::-1]
    assert _listed(lifelike, limit=2) == uploads[:0:-1]
    assert _listed(lifelike, limit=1000) == uploads[::-1]  # capped, not rejected
    for wrong in ("0", "-1", "all"):
        assert "'limit'" in _message(lifelike.http.get(FILES, params={"limit": wrong}), 400)


def test_a_deleted_file_is_gone(lifelike: Client):
    first, second = lifelike.uploaded(STILL), lifelike.uploaded(STILL)
    assert first["file_id"] != second["file_id"]
    response = lifelike.http.delete(f"{FILES}/{first['file_id']}")
    assert (response.status_code, response.content) == (204, b"")
    assert _listed(lifelike) == [second]
    assert httpx.get(first["url"]).status_code == 404
    assert httpx.get(second["url"]).status_code == 200
    for unknown in (first["file_id"], "file-unknown"):
        message = _message(lifelike.http.delete(f"{FILES}/{unknown}"), 404)
        assert message.startswith("Resource not found: ")


def test_files_are_kept_for_a_week(lifelike: Client):
    upload = lifelike.uploaded(STILL)
    lifelike.sandbox.advance(7 * DAY - 60)
    assert _listed(lifelike) == [upload]
    assert httpx.get(upload["url"]).status_code == 200
    lifelike.sandbox.advance(120)
    assert _listed(lifelike) == []
    assert httpx.get(upload["url"]).status_code == 403
    assert lifelike.http.delete(f"{FILES}/{upload['file_id']}").status_code == 404
    assert lifelike.sandbox.stats().items() >= {"uploads": 1, "deletes": 0, "files": 0}.items()


def test_an_eleventh_file_is_rejected_until_one_is_deleted_or_expires(lifelike: Client):
    uploads = [lifelike.uploaded(STILL) for _ in range(10)]
    assert "10 stored files" in _message(lifelike.upload(STILL), 400)
    assert _listed(lifelike) == uploads[::-1]
    lifelike.http.delete(f"{FILES}/{uploads[4]['file_id']}")
    lifelike.uploaded(STILL)
    assert lifelike.upload(STILL).status_code == 400
    lifelike.sandbox.advance(7 * DAY)
    lifelike.uploaded(STILL)


def test_a_file_may_have_16_mib_and_no_more(lifelike: Client):
    upload = lifelike.uploaded(_padded(MAX_BYTES))
    assert upload["size"] == MAX_BYTES
    assert httpx.get(upload["url"]).content == _padded(MAX_BYTES)
    message = _message(lifelike.upload(_padded(MAX_BYTES + 1)), 413)
    assert "'file'" in message
    assert str(MAX_BYTES) in message
    assert lifelike.sandbox.stats()["files"] == 1


@pytest.mark.parametrize(
    ("how", "named"),
    [
        ({"json": {"file": "a"}}, "file"),
        ({"content": STILL, "headers": {"Content-Type": "image/png"}}, "file"),
        ({"content": STILL, "headers": {"Content-Type": "multipart/form-data"}}, "file"),
        ({"content": STILL, "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, "file"),
        ({"content": b"--x\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, "file"),
        ({"files": {"image": ("a.png", STILL)}}, "file"),
        ({"files": [("file", ("a.png", STILL)), ("file", ("b.png", STILL))]}, "file"),
        ({"files": {"file": (None, "GIF89a")}}, "file"),
        ({"files": {"file": ("a.png", STILL)}, "data": {"purpose": "x"}}, "purpose"),
    ],
)
def test_only_the_documented_part_is_accepted(lifelike: Client, how: dict[str, Any], named: str):
    assert f"'{named}'" in _message(lifelike.http.post(FILES, **how), 400)
    assert lifelike.sandbox.stats()["uploads"] == 0


def test_the_key_is_needed_for_everything_but_the_url(lifelike: Client):
    upload = lifelike.uploaded(STILL)
    with httpx.Client(base_url=lifelike.sandbox.url) as stranger:
        for response in (
            stranger.post(FILES, files={"file": ("a.png", STILL)}),
            stranger.get(FILES),
            stranger.delete(f"{FILES}/{upload['file_id']}"),
        ):
            assert _message(response, 401).startswith("Authentication failed: ")
        assert stranger.get(upload["url"]).status_code == 200
    assert _listed(lifelike) == [upload]


def test_files_are_free_and_no_submissions(lifelike: Client):
    upload = lifelike.uploaded(STILL)
    lifelike.uploaded(STILL)
    lifelike.upload(b"nothing")
    lifelike.upload(_padded(MAX_BYTES + 1))
    lifelike.http.delete(f"{FILES}/{upload['file_id']}")
    httpx.get(upload["url"])
    assert lifelike.http.get("/api/v1/team/balance").json()["data"] == {"balance": 100.0}
    assert lifelike.sandbox.stats() == {
        "submissions_accepted": 0,
        "submissions_rejected": {},
        "polls": 0,
        "polls_rejected": 0,
        "peak_concurrent": 0,
        "downloads": 0,
        "billed_usd": 0,
        "uploads": 2,
        "deletes": 1,
        "files": 1,
    }


def test_file_requests_count_for_the_rate_limit(lifelike: Client):
    remaining = [
        int(response.headers["X-RateLimit-Remaining"])
        for response in (lifelike.upload(STILL), lifelike.http.get(FILES), lifelike.http.delete(f"{FILES}/x"))
    ]
    assert remaining == [99, 98, 97]


def test_a_video_is_made_from_an_uploaded_image(lifelike: Client):
    url = lifelike.uploaded(STILL)["url"]
    data = lifelike.finished({**VIDEO_BODY, "images": [url]})
    assert data["status"] == "success"
    assert lifelike.sandbox.stats()["downloads"] == 0
    lifelike.sandbox.advance(7 * DAY)
    data = lifelike.finished({**VIDEO_BODY, "images": [url]})
    assert (data["status"], data["error"]["code"]) == ("failed", "InvalidMedia")


@pytest.mark.parametrize(
    ("action", "kept"),
    [({"status": 503}, 0), ({"drop": "before"}, 0), ({"drop": "after"}, 1), ({"truncate": 30}, 1)],
)
def test_faults_apply_to_uploads_which_are_recorded_all_the_same(
    lifelike: Client, action: dict[str, Any], kept: int
):
    lifelike.sandbox.faults([{"method": "POST", "path": f"{FILES}*", "action": action}])
    if "status" in action:
        assert lifelike.upload(STILL).status_code == 503
    else:
        with pytest.raises(httpx.RemoteProtocolError):
            lifelike.upload(STILL)
    assert len(_listed(lifelike)) == lifelike.sandbox.stats()["uploads"] == kept
    assert lifelike.sandbox.stats()["submissions_rejected"] == {}
    assert lifelike.sandbox.requests("POST")[0]["body"]["parts"][0]["size"] == len(STILL)


def test_the_response_to_a_deletion_can_be_lost(lifelike: Client):
    upload = lifelike.uploaded(STILL)
    lifelike.sandbox.faults([{"method": "DELETE", "action": {"drop": "after"}}])
    with pytest.raises(httpx.RemoteProtocolError):
        lifelike.http.delete(f"{FILES}/{upload['file_id']}")
    assert lifelike.sandbox.stats().items() >= {"deletes": 1, "files": 0}.items()


def test_records_of_a_file_have_its_name_type_and_size_only(lifelike: Client):
    key = lifelike.sandbox.api_key
    content = STILL + b"the content of the file" + key.encode()
    lifelike.upload(content, f"{key}.png")
    lifelike.http.post(FILES, content=content, headers={"Content-Type": "image/png"})
    lifelike.http.post(FILES, content=b"the content of the file", headers={"Content-Type": "multipart/x"})
    sent, *broken = lifelike.sandbox.requests("POST")
    octets = "application/octet-stream"
    part = {"name": "file", "filename": "***.png", "type": octets, "size": len(content)}
    assert sent["body"] == {"parts": [part]}
    assert [entry["body"] for entry in broken] == [
        {"type": "image/png", "size": len(content)},
        {"type": "multipart/x", "size": 23},
    ]
    kept = json.dumps(lifelike.sandbox.requests())
    assert key not in kept
    assert "content of the file" not in kept


def test_a_reset_deletes_the_files_and_no_id_is_used_twice(lifelike: Client):
    before = lifelike.uploaded(STILL)
    lifelike.sandbox.reset()
    assert _listed(lifelike) == []
    assert lifelike.sandbox.stats().items() >= {"uploads": 0, "deletes": 0, "files": 0}.items()
    assert lifelike.uploaded(STILL)["file_id"] != before["file_id"]


@pytest.mark.parametrize("name", ["../../escaped.png", "/etc/escaped.png", "a\\b.png", "noname"])
def test_the_name_of_a_file_is_never_a_path(lifelike: Client, name: str):
    upload = lifelike.uploaded(STILL, name)
    assert upload["filename"] == name
    assert httpx.get(upload["url"]).content == STILL


def test_uploads_are_in_the_data_folder_and_deleted_with_the_sandbox(tmp_path: Path):
    headers = {"Authorization": "Bearer sandbox-key"}

    def uploads() -> list[Path]:
        return [path for path in tmp_path.rglob("*") if path.is_file() and path.read_bytes() == STILL]

    for number, left in ((signal.SIGKILL, 1), (signal.SIGTERM, 0)):
        with started(f"--data-dir={tmp_path / 'data'}", env=os.environ | {"TMPDIR": str(tmp_path)}) as server:
            url = announced_url(server)
            assert uploads() == []  # the files of the killed run are deleted
            httpx.post(f"{url}{FILES}", files={"file": ("a.png", STILL)}, headers=headers)
            assert len(uploads()) == 1
            server.send_signal(number)
            server.wait(timeout=600)
            assert len(uploads()) == left

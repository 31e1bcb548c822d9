"""The file API: ten files of a team, each of 16 MiB at most, for a week, for nothing."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import CLIP, FILES, Client, announced, started
from tests.sandbox.film import encoded_tone, picture

DAY = 86_400
MAX_BYTES = 16 * 1024 * 1024
STILL = picture("teal")


def _padded(size: int) -> bytes:
    """A picture with zeros behind it, up to a size."""
    return STILL.ljust(size, b"\0")


def _listed(client: Client, **query: Any) -> list[dict[str, Any]]:
    answer = client.http.get(FILES, params=query)
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == {"code", "message", "data"}
    return answer.json()["data"]["files"]


def _message(answer: httpx.Response, status: int) -> str:
    assert (answer.status_code, answer.json()["code"]) == (status, status)
    assert answer.json().keys() == {"code", "message"}
    return answer.json()["message"]


def test_an_upload_answers_with_the_documented_members(lifelike: Client):
    answer = lifelike.upload(STILL, "first frame é.png")
    assert (answer.status_code, answer.json()["code"], answer.json()["message"]) == (200, 0, "success")
    data = answer.json()["data"]
    assert data.keys() == {"file_id", "type", "url", "filename", "size", "created_at"}
    assert (data["type"], data["filename"], data["size"]) == ("image", "first frame é.png", len(STILL))
    assert isinstance(data["created_at"], int)
    assert abs(data["created_at"] / 1000 - lifelike.sandbox.requests("POST")[0]["at"]) < 5
    assert httpx.get(data["url"]).content == STILL


def test_a_file_is_what_it_holds_and_not_what_it_is_called(lifelike: Client):
    sound = lifelike.uploaded(encoded_tone("wav", "pcm_s16le"), "still.png")
    assert sound["type"] == "audio"
    assert httpx.get(sound["url"]).headers["content-type"] == "audio/wav"
    clip = httpx.get(lifelike.finished(CLIP)["result"]["resources"][0]["url"]).content
    assert lifelike.uploaded(clip, "still.png")["type"] == "video"
    assert _message(lifelike.upload(b"<html>", "still.png"), 400).startswith(
        "Invalid format: parameter 'file'"
    )
    assert [entry["type"] for entry in _listed(lifelike)] == ["video", "audio"]


def test_files_are_listed_newest_first(lifelike: Client):
    assert _listed(lifelike) == []
    uploads = [lifelike.uploaded(STILL, f"{number}.png") for number in range(3)]
    assert _listed(lifelike) == uploads[::-1]
    assert _listed(lifelike, limit=2) == uploads[:0:-1]
    assert _listed(lifelike, limit=1000) == uploads[::-1]  # capped, not refused
    for wrong in ("0", "-1", "all"):
        assert "'limit'" in _message(lifelike.http.get(FILES, params={"limit": wrong}), 400)


def test_a_deleted_file_is_gone(lifelike: Client):
    first, second = lifelike.uploaded(STILL), lifelike.uploaded(STILL)
    assert first["file_id"] != second["file_id"]
    answer = lifelike.http.delete(f"{FILES}/{first['file_id']}")
    assert (answer.status_code, answer.content) == (204, b"")
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


def test_ten_files_are_kept_and_one_more_is_refused_until_there_is_room(lifelike: Client):
    uploads = [lifelike.uploaded(STILL) for _ in range(10)]
    assert "10 files" in _message(lifelike.upload(STILL), 400)
    assert _listed(lifelike) == uploads[::-1]
    lifelike.http.delete(f"{FILES}/{uploads[4]['file_id']}")
    lifelike.uploaded(STILL)
    assert lifelike.upload(STILL).status_code == 400
    lifelike.sandbox.advance(7 * DAY)
    lifelike.uploaded(STILL)


def test_a_file_may_have_16_mib_and_not_a_byte_more(lifelike: Client):
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
def test_only_the_documented_part_is_taken(lifelike: Client, how: dict[str, Any], named: str):
    assert f"'{named}'" in _message(lifelike.http.post(FILES, **how), 400)
    assert lifelike.sandbox.stats()["uploads"] == 0


def test_the_key_is_needed_for_everything_but_the_link(lifelike: Client):
    upload = lifelike.uploaded(STILL)
    with httpx.Client(base_url=lifelike.sandbox.url) as stranger:
        for answer in (
            stranger.post(FILES, files={"file": ("a.png", STILL)}),
            stranger.get(FILES),
            stranger.delete(f"{FILES}/{upload['file_id']}"),
        ):
            assert _message(answer, 401).startswith("Authentication failed: ")
        assert stranger.get(upload["url"]).status_code == 200
    assert _listed(lifelike) == [upload]


def test_files_cost_nothing_and_are_no_submissions(lifelike: Client):
    upload = lifelike.uploaded(STILL)
    lifelike.uploaded(STILL)
    lifelike.upload(b"nothing")
    lifelike.upload(_padded(MAX_BYTES + 1))
    lifelike.http.delete(f"{FILES}/{upload['file_id']}")
    httpx.get(upload["url"])
    assert lifelike.http.get("/api/v1/team/balance").json()["data"] == {"balance": 100.0}
    assert lifelike.sandbox.stats() == {
        "submissions_accepted": 0,
        "submissions_refused": {},
        "polls": 0,
        "polls_refused": 0,
        "peak_concurrent": 0,
        "downloads": 0,
        "billed_usd": 0,
        "uploads": 2,
        "deletes": 1,
        "files": 1,
    }


def test_calls_count_against_the_rate_like_any_other(lifelike: Client):
    remaining = [
        int(answer.headers["X-RateLimit-Remaining"])
        for answer in (lifelike.upload(STILL), lifelike.http.get(FILES), lifelike.http.delete(f"{FILES}/x"))
    ]
    assert remaining == [99, 98, 97]


def test_a_clip_is_made_from_an_uploaded_picture(lifelike: Client):
    url = lifelike.uploaded(STILL)["url"]
    data = lifelike.finished({**CLIP, "images": [url]})
    assert data["status"] == "success"
    assert lifelike.sandbox.stats()["downloads"] == 0
    lifelike.sandbox.advance(7 * DAY)
    data = lifelike.finished({**CLIP, "images": [url]})
    assert (data["status"], data["error"]["code"]) == ("failed", "InvalidMedia")


@pytest.mark.parametrize(
    ("action", "kept"),
    [({"status": 503}, 0), ({"drop": "before"}, 0), ({"drop": "after"}, 1), ({"truncate": 30}, 1)],
)
def test_faults_befall_uploads_and_each_is_noted(lifelike: Client, action: dict[str, Any], kept: int):
    lifelike.sandbox.faults([{"method": "POST", "path": f"{FILES}*", "action": action}])
    if "status" in action:
        assert lifelike.upload(STILL).status_code == 503
    else:
        with pytest.raises(httpx.RemoteProtocolError):
            lifelike.upload(STILL)
    assert len(_listed(lifelike)) == lifelike.sandbox.stats()["uploads"] == kept
    assert lifelike.sandbox.stats()["submissions_refused"] == {}
    assert lifelike.sandbox.requests("POST")[0]["body"]["parts"][0]["size"] == len(STILL)


def test_a_deletion_can_lose_its_answer(lifelike: Client):
    upload = lifelike.uploaded(STILL)
    lifelike.sandbox.faults([{"method": "DELETE", "action": {"drop": "after"}}])
    with pytest.raises(httpx.RemoteProtocolError):
        lifelike.http.delete(f"{FILES}/{upload['file_id']}")
    assert lifelike.sandbox.stats().items() >= {"deletes": 1, "files": 0}.items()


def test_of_a_file_the_log_keeps_name_type_and_size(lifelike: Client):
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


def test_a_reset_forgets_the_files_but_gives_no_id_twice(lifelike: Client):
    before = lifelike.uploaded(STILL)
    lifelike.sandbox.reset()
    assert _listed(lifelike) == []
    assert lifelike.sandbox.stats().items() >= {"uploads": 0, "deletes": 0, "files": 0}.items()
    assert lifelike.uploaded(STILL)["file_id"] != before["file_id"]


@pytest.mark.parametrize("name", ["../../escaped.png", "/etc/escaped.png", "a\\b.png", "noname"])
def test_what_a_file_is_called_decides_nothing(lifelike: Client, name: str):
    upload = lifelike.uploaded(STILL, name)
    assert upload["filename"] == name
    assert httpx.get(upload["url"]).content == STILL


def test_files_lie_in_the_sandboxs_folder_and_go_with_it(tmp_path: Path):
    headers = {"Authorization": "Bearer sandbox-key"}

    def uploads() -> list[Path]:
        return [path for path in tmp_path.rglob("*") if path.is_file() and path.read_bytes() == STILL]

    for number, left in ((signal.SIGKILL, 1), (signal.SIGTERM, 0)):
        with started(f"--data-dir={tmp_path / 'data'}", env=os.environ | {"TMPDIR": str(tmp_path)}) as server:
            url = announced(server)
            assert uploads() == []  # nothing of a run that was killed
            httpx.post(f"{url}{FILES}", files={"file": ("a.png", STILL)}, headers=headers)
            assert len(uploads()) == 1
            server.send_signal(number)
            server.wait(timeout=10)
            assert len(uploads()) == left

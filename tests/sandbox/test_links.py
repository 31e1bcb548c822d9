"""The links to results and to uploaded files: what they bring, for how long, and what of it in ranges."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.sandbox.conftest import CLIP, Client
from tests.sandbox.film import picture


@pytest.fixture(params=["result", "upload"])
def link(request: pytest.FixtureRequest, lifelike: Client) -> str:
    """The address of a file of some size, made by the sandbox or brought by a client."""
    if request.param == "result":
        return lifelike.finished(CLIP)["result"]["resources"][0]["url"]
    return lifelike.uploaded(picture("teal") + bytes(100_000))["url"]


def _until_it_breaks(answer: httpx.Response) -> bytes:
    received = b""
    with pytest.raises(httpx.RemoteProtocolError):  # noqa: PT012  - what came before is wanted too
        for chunk in answer.iter_raw():
            received += chunk
    return received


def test_a_link_brings_a_file_of_the_told_size_to_whoever_has_it(lifelike: Client):
    result = lifelike.finished(CLIP)["result"]["resources"][0]
    upload = lifelike.uploaded(picture("teal"))
    for told, media_type in ((result, "video/mp4"), (upload, "image/png")):
        whole = httpx.get(told["url"])
        assert (whole.status_code, whole.headers["content-type"]) == (200, media_type)
        assert len(whole.content) == told["size"]
        head = httpx.head(told["url"])
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(told["size"])
        assert head.headers["etag"] == whole.headers["etag"]
    assert lifelike.sandbox.stats()["downloads"] == 1  # of results; a HEAD is none


def test_a_file_can_be_had_in_ranges(link: str):
    whole = httpx.get(link)
    size = len(whole.content)
    assert whole.headers["accept-ranges"] == "bytes"
    middle = httpx.get(link, headers={"Range": "bytes=100-199"})
    assert (middle.status_code, middle.headers["content-range"]) == (206, f"bytes 100-199/{size}")
    assert middle.content == whole.content[100:200]
    rest = httpx.get(link, headers={"Range": "bytes=70000-", "If-Range": whole.headers["etag"]})
    assert (rest.status_code, rest.headers["content-range"]) == (206, f"bytes 70000-{size - 1}/{size}")
    assert rest.content == whole.content[70_000:]
    assert rest.headers["etag"] == whole.headers["etag"]
    assert httpx.get(link, headers={"Range": f"bytes={size}-"}).status_code == 416


def test_the_rest_of_another_file_is_not_given_for_it(link: str):
    answer = httpx.get(link, headers={"Range": "bytes=70000-", "If-Range": '"another"'})
    assert (answer.status_code, answer.content) == (200, httpx.get(link).content)


def test_a_download_that_broke_off_can_be_resumed(lifelike: Client, link: str):
    whole = httpx.get(link)
    lifelike.sandbox.faults([{"path": httpx.URL(link).path, "action": {"truncate": 1000}}])
    with httpx.stream("GET", link) as broken:
        received = _until_it_breaks(broken)
    assert broken.status_code == 200
    for name in ("content-length", "etag", "accept-ranges"):
        assert broken.headers[name] == whole.headers[name]
    assert received == whole.content[:1000]
    rest = httpx.get(link, headers={"Range": "bytes=1000-", "If-Range": broken.headers["etag"]})
    assert (rest.status_code, received + rest.content) == (206, whole.content)


def test_a_server_may_know_no_ranges(lifelike: Client, link: str):
    whole = httpx.get(link)
    path = httpx.URL(link).path
    lifelike.sandbox.faults(
        [
            {"path": path, "action": {"ignore_range": True, "truncate": 1000}},
            {"path": path, "action": {"ignore_range": True}},
        ]
    )
    asked = {"Range": "bytes=1000-", "If-Range": whole.headers["etag"]}
    with httpx.stream("GET", link) as broken:
        assert _until_it_breaks(broken) == whole.content[:1000]
    assert "accept-ranges" not in broken.headers
    answer = httpx.get(link, headers=asked)
    assert (answer.status_code, answer.content) == (200, whole.content)
    assert "accept-ranges" not in answer.headers
    assert lifelike.sandbox.requests("GET")[-1]["headers"]["range"] == "bytes=1000-"
    assert httpx.get(link, headers=asked).status_code == 206  # no longer than it was told to


def test_a_link_that_was_changed_is_worth_nothing(link: str):
    later = re.sub(r"Expires=(\d+)", lambda found: f"Expires={int(found[1]) + 1}", link)
    other = re.sub(r"[0-9a-f]{4}(?=[.])", "0000", link)
    for changed in (later, other, link.partition("?")[0], link[:-1], f"{link}0"):
        assert changed != link
        assert httpx.get(changed).status_code == 403
    assert httpx.get(link).status_code == 200


def test_a_link_to_what_is_forgotten_is_not_found(lifelike: Client, link: str):
    lifelike.sandbox.reset()
    assert httpx.get(link).status_code == 404

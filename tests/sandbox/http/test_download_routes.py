"""The URLs of results and uploads: their content, their validity, and range requests."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.sandbox.conftest import VIDEO_BODY, Client
from tests.sandbox.samples import sample_image


@pytest.fixture(params=["result", "upload"])
def url(request: pytest.FixtureRequest, lifelike: Client) -> str:
    """The URL of a file of some size: a result, or an upload."""
    if request.param == "result":
        return lifelike.finished(VIDEO_BODY)["result"]["resources"][0]["url"]
    return lifelike.uploaded(sample_image("teal") + bytes(100_000))["url"]


def _received(response: httpx.Response) -> bytes:
    received = b""
    with pytest.raises(httpx.RemoteProtocolError):  # noqa: PT012  - the part before the error is needed
        for chunk in response.iter_raw():
            received += chunk
    return received


def test_a_url_gives_a_file_of_the_reported_size_without_a_key(lifelike: Client):
    result = lifelike.finished(VIDEO_BODY)["result"]["resources"][0]
    upload = lifelike.uploaded(sample_image("teal"))
    for reported, media_type in ((result, "video/mp4"), (upload, "image/png")):
        whole = httpx.get(reported["url"])
        assert (whole.status_code, whole.headers["content-type"]) == (200, media_type)
        assert len(whole.content) == reported["size"]
        head = httpx.head(reported["url"])
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(reported["size"])
        assert head.headers["etag"] == whole.headers["etag"]
    assert lifelike.sandbox.stats()["downloads"] == 1  # only results count, and no HEAD


def test_range_requests_are_supported(url: str):
    whole = httpx.get(url)
    size = len(whole.content)
    assert whole.headers["accept-ranges"] == "bytes"
    middle = httpx.get(url, headers={"Range": "bytes=100-199"})
    assert (middle.status_code, middle.headers["content-range"]) == (206, f"bytes 100-199/{size}")
    assert middle.content == whole.content[100:200]
    rest = httpx.get(url, headers={"Range": "bytes=70000-", "If-Range": whole.headers["etag"]})
    assert (rest.status_code, rest.headers["content-range"]) == (206, f"bytes 70000-{size - 1}/{size}")
    assert rest.content == whole.content[70_000:]
    assert rest.headers["etag"] == whole.headers["etag"]
    assert httpx.get(url, headers={"Range": f"bytes={size}-"}).status_code == 416


def test_the_whole_file_is_sent_if_the_etag_is_of_another_file(url: str):
    response = httpx.get(url, headers={"Range": "bytes=70000-", "If-Range": '"another"'})
    assert (response.status_code, response.content) == (200, httpx.get(url).content)


def test_a_truncated_download_can_be_resumed(lifelike: Client, url: str):
    whole = httpx.get(url)
    lifelike.sandbox.faults([{"path": httpx.URL(url).path, "action": {"truncate": 1000}}])
    with httpx.stream("GET", url) as broken:
        received = _received(broken)
    assert broken.status_code == 200
    for name in ("content-length", "etag", "accept-ranges"):
        assert broken.headers[name] == whole.headers[name]
    assert received == whole.content[:1000]
    rest = httpx.get(url, headers={"Range": "bytes=1000-", "If-Range": broken.headers["etag"]})
    assert (rest.status_code, received + rest.content) == (206, whole.content)


def test_range_requests_can_be_ignored(lifelike: Client, url: str):
    whole = httpx.get(url)
    path = httpx.URL(url).path
    lifelike.sandbox.faults(
        [
            {"path": path, "action": {"ignore_range": True, "truncate": 1000}},
            {"path": path, "action": {"ignore_range": True}},
        ]
    )
    headers = {"Range": "bytes=1000-", "If-Range": whole.headers["etag"]}
    with httpx.stream("GET", url) as broken:
        assert _received(broken) == whole.content[:1000]
    assert "accept-ranges" not in broken.headers
    response = httpx.get(url, headers=headers)
    assert (response.status_code, response.content) == (200, whole.content)
    assert "accept-ranges" not in response.headers
    assert lifelike.sandbox.requests("GET")[-1]["headers"]["range"] == "bytes=1000-"
    assert httpx.get(url, headers=headers).status_code == 206  # the faults are used up


def test_a_changed_url_is_not_valid(url: str):
    later = re.sub(r"Expires=(\d+)", lambda found: f"Expires={int(found[1]) + 1}", url)
    other = re.sub(r"[0-9a-f]{4}(?=[.])", "0000", url)
    for changed in (later, other, url.partition("?")[0], url[:-1], f"{url}0"):
        assert changed != url
        assert httpx.get(changed).status_code == 403
    assert httpx.get(url).status_code == 200


def test_after_a_reset_the_url_is_not_found(lifelike: Client, url: str):
    lifelike.sandbox.reset()
    assert httpx.get(url).status_code == 404

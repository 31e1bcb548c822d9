"""What is painted once is not painted again, and the disk does not fill up."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from airflow_provider_kling.sandbox.order import ClipOrder, Sound
from airflow_provider_kling.sandbox.result import Result
from airflow_provider_kling.sandbox.studio import Studio
from tests.sandbox.conftest import CLIP, O1, Client


async def _clip(studio: Studio, prompt: str) -> Result:
    order = ClipOrder(
        label="kling-video-o1",
        prompt=prompt,
        resolution="720p",
        aspect_ratio="1:1",
        seconds=1,
        sound=Sound.SILENT,
    )
    _, clip = await studio.produce(order, limits={})
    return clip


async def test_a_clip_that_lies_there_is_not_painted_again(tmp_path: Path):
    first = Studio(folder=tmp_path, seed=1, in_use=list)
    made = await _clip(first, "a")
    first.close()
    marked = made.path.read_bytes() + b"\0\0\0\x08free"  # a box that players skip
    made.path.write_bytes(marked)
    second = Studio(folder=tmp_path, seed=1, in_use=list)
    again = await _clip(second, "a")
    other = await _clip(second, "b")
    second.close()
    assert again.path == made.path
    assert again.path.read_bytes() == marked
    assert again.seconds == 1
    assert other.path != made.path


async def test_what_no_result_needs_goes_first_when_there_is_too_much(tmp_path: Path):
    needed: list[Path] = []
    studio = Studio(folder=tmp_path, seed=1, in_use=lambda: needed, cap_bytes=1)
    theirs = tmp_path / "photos"  # a folder that is kept may hold other things
    theirs.mkdir()
    kept = (await _clip(studio, "kept")).path.parent
    needed.append(kept)
    gone = (await _clip(studio, "gone")).path.parent
    os.utime(kept, (0, 0))  # used longest ago, but needed
    last = (await _clip(studio, "last")).path.parent
    studio.close()
    assert [path.exists() for path in (kept, gone, last, theirs)] == [True, False, True, True]


def test_half_a_request_is_no_request(lifelike: Client):
    host, port = lifelike.sandbox.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        head = f"POST {O1}/async HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer sandbox-key\r\n"
        connection.sendall(f'{head}Content-Length: 100\r\n\r\n{{"prompt": "x"}}'.encode())
    lifelike.submitted(CLIP)
    assert lifelike.sandbox.stats()["submissions_accepted"] == 1
    assert len(lifelike.sandbox.requests()) == 1


@pytest.mark.parametrize("size", [64 * 2**20 + 1])
def test_a_body_beyond_every_bound_is_refused(lifelike: Client, size: int):
    answer = lifelike.http.post(f"{O1}/async", content=b" " * size)
    assert (answer.status_code, answer.json()["code"]) == (413, 413)

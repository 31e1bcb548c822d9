"""What is painted once is not painted again, and the disk does not fill up."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from airflow_provider_kling.sandbox.order import ClipOrder, Sound
from airflow_provider_kling.sandbox.studio import Studio
from tests.sandbox.conftest import CLIP, O1, Client


def _order(prompt: str) -> ClipOrder:
    return ClipOrder(
        label="kling-video-o1",
        prompt=prompt,
        resolution="720p",
        aspect_ratio="1:1",
        seconds=1,
        sound=Sound.SILENT,
    )


async def test_a_clip_that_lies_there_is_not_painted_again(tmp_path: Path):
    first = Studio(folder=tmp_path, seed=1, in_use=list)
    made = await first.produce(_order("a"), limits={})
    first.close()
    marked = made.clip.path.read_bytes() + b"\0\0\0\x08free"  # a box that players skip
    made.clip.path.write_bytes(marked)
    second = Studio(folder=tmp_path, seed=1, in_use=list)
    again = await second.produce(_order("a"), limits={})
    other = await second.produce(_order("b"), limits={})
    second.close()
    assert again.clip.path == made.clip.path
    assert again.clip.path.read_bytes() == marked
    assert again.clip.seconds == 1
    assert other.clip.path != made.clip.path


async def test_what_no_result_needs_goes_first_when_there_is_too_much(tmp_path: Path):
    needed: list[Path] = []
    studio = Studio(folder=tmp_path, seed=1, in_use=lambda: needed, cap_bytes=1)
    kept = (await studio.produce(_order("kept"), limits={})).clip.path
    needed.append(kept)
    gone = (await studio.produce(_order("gone"), limits={})).clip.path
    os.utime(kept, (0, 0))  # used longest ago, but needed
    last = (await studio.produce(_order("last"), limits={})).clip.path
    studio.close()
    assert [path.exists() for path in (kept, gone, last)] == [True, False, True]
    assert not gone.with_suffix(".jpg").exists()


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

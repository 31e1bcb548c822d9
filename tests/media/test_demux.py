"""Reading the packets of a file whose streams change on the way."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from airflow_provider_kling.media.demux import demux
from airflow_provider_kling.media.probe import probe
from tests.media.ffmpeg import decode
from tests.media.kinds import SOURCE, X264, converted


def test_streams_may_begin_in_the_second_of_two_joined_files() -> None:
    clip = replace(SOURCE, audio=False)
    first = converted(f"{X264} -an", "out.ts", clip=clip)()
    second = converted(f"-map 0:v -map 0:a -map 0:a {X264} -c:a aac", "out.ts")()
    found = probe(io.BytesIO(first + second), name="scene")
    assert found.frames == len(decode(first + second).numbers) == 2 * SOURCE.frames
    assert not found.truncated


def test_a_stream_that_pyav_does_not_find_at_the_end_is_no_error() -> None:
    # It depends on what is in the memory behind PyAV's table of streams whether it looks for one.
    video: Any = SimpleNamespace(index=0)

    def packets(_: list[Any]) -> Iterator[str]:
        yield "packet"
        raise IndexError

    container: Any = SimpleNamespace(format=SimpleNamespace(name="matroska,webm"), demux=packets)
    assert list(demux(container, video)) == ["packet"]

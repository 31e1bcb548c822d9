"""Files of every kind are read as the independent program ``ffmpeg`` reads them."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from PIL import Image

from airflow_provider_kling.media.frames import read_frame
from airflow_provider_kling.media.probe import probe, scan
from airflow_provider_kling.media.still_image import Edge
from tests.media.clips import number_in, packet_payloads
from tests.media.ffmpeg import decode, frame_times
from tests.media.kinds import KINDS, SOURCE, Kind, hidden_frames, standing_still
from tests.media.mpeg4_vops import with_uncoded


@pytest.fixture(params=KINDS.values(), ids=KINDS.keys())
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


def number_at(content: bytes, at: Edge | float) -> int:
    still = read_frame(io.BytesIO(content), name="scene", at=at)
    with Image.open(io.BytesIO(still.content)) as opened:
        return number_in(np.asarray(opened.convert("L")))


def test_a_file_is_probed_as_ffmpeg_decodes_it(kind: Kind) -> None:
    found, expected = probe(io.BytesIO(kind.content()), name="scene"), decode(kind.content())
    assert (found.width, found.height) == (expected.width, expected.height)
    assert (
        found.codec
        == kind.codec
        == next(stream["codec_name"] for stream in expected.streams if stream["codec_type"] == "video")
    )
    assert found.frames == len(expected.numbers)
    assert found.fps == pytest.approx(kind.fps, rel=0.002)
    assert found.duration_s == pytest.approx(len(expected.numbers) / kind.fps, rel=0.002)
    assert not found.truncated
    assert (found.audio_codec, found.undecodable_audio) == (kind.audio_codec, kind.silent)
    assert found.hdr is kind.hdr


def test_the_first_and_the_last_frame_are_those_that_ffmpeg_decodes(kind: Kind) -> None:
    expected = decode(kind.content()).numbers
    assert number_at(kind.content(), Edge.FIRST) == expected[0]
    assert number_at(kind.content(), Edge.LAST) == expected[-1]


def test_each_time_shows_the_frame_that_ffmpeg_decodes_then(kind: Kind) -> None:
    expected = decode(kind.content()).numbers
    indices = [*range(0, len(expected), 5), len(expected) - 1]
    found = [number_at(kind.content(), (index + 0.5) / kind.fps) for index in indices]
    assert found == [expected[index] for index in indices]


UNEVEN = {
    "MPEG-4 with packets without a frame, AVI": lambda: with_uncoded(SOURCE, each=5),
    "MPEG-4 with packets without a frame, Matroska": lambda: with_uncoded(
        SOURCE, each=5, container="matroska"
    ),
    "VP8 with hidden frames in AVI": lambda: hidden_frames("out.avi"),
}
STILL = {name: partial(standing_still, name) for name in ("out.ts", "out.mkv", "out.mp4", "out.avi")}


@pytest.mark.parametrize("make", UNEVEN.values(), ids=UNEVEN)
def test_a_packet_without_a_frame_takes_time_and_is_none(make: Callable[[], bytes]) -> None:
    content = make()
    numbers, times = decode(content).numbers, frame_times(content)
    assert len(packet_payloads(content)) > len(numbers) == len(times)
    found = probe(io.BytesIO(content), name="scene")
    assert found.frames == len(numbers)
    assert found.duration_s == pytest.approx(times[-1] - times[0] + 1 / 24, abs=0.002)
    assert number_at(content, Edge.LAST) == numbers[-1]
    for index in range(0, len(times), 7):
        assert number_at(content, times[index] - times[0] + 0.02) == numbers[index]


@pytest.mark.parametrize("make", STILL.values(), ids=STILL)
def test_a_picture_may_stand_still_while_the_audio_goes_on(make: Callable[[], bytes]) -> None:
    content = make()
    numbers, times = decode(content).numbers, frame_times(content)
    found = probe(io.BytesIO(content), name="scene")
    assert found.frames == len(numbers)
    assert found.duration_s == pytest.approx(14, abs=0.1)
    for index in (10, 23, 24, 40):
        assert number_at(content, times[index] - times[0] + 0.02) == numbers[index]
    assert number_at(content, 8) == numbers[23]


@pytest.mark.parametrize(
    "name",
    [
        *("VP8 with hidden frames", "fields in a transport stream", "fields in Matroska", "fields in MP4"),
        *("frames and fields in a transport stream", "frames and fields in MP4"),
    ],
)
def test_these_kinds_have_more_packets_than_frames(name: str) -> None:
    content = KINDS[name].content()
    assert len(packet_payloads(content)) > len(decode(content).numbers)


@pytest.mark.parametrize("name", ["MP4", "fragmented MP4", "QuickTime", "edit list with two parts"])
def test_these_kinds_can_follow_others_of_the_same_setup(name: str) -> None:
    assert scan(io.BytesIO(KINDS[name].content()), name="scene").can_follow


@pytest.mark.parametrize("name", ["H.265", "VP9", "MPEG-2", "transport stream", "AVI without times"])
def test_these_kinds_are_not_stored_as_in_an_mp4(name: str) -> None:
    assert not scan(io.BytesIO(KINDS[name].content()), name="scene").can_follow

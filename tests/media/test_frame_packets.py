"""Where packets are certain to be frames, so that none has to be decoded to count them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_kling.media.container import open_container, video_stream
from airflow_provider_kling.media.frame_decoder import FrameDecoder
from airflow_provider_kling.media.frame_packets import FramePackets
from airflow_provider_kling.media.probe import probe
from tests.media.clips import packet_payloads
from tests.media.kinds import KINDS, X264, converted

WHOLE = {
    "H.264 in MP4": KINDS["MP4"].content,
    "H.264 in QuickTime": KINDS["QuickTime"].content,
    "H.264 in fragments": KINDS["fragmented MP4"].content,
    "H.264 of the simplest profile": converted(f"{X264} -profile:v baseline -bf 0 -an", "out.mp4"),
    "H.264 with all colours": converted(f"{X264} -pix_fmt yuv444p -an", "out.mp4"),
    "H.265 in MP4": KINDS["H.265"].content,
}
UNCERTAIN = {
    "Matroska": converted(f"{X264} -an", "out.mkv"),
    "a transport stream": KINDS["transport stream"].content,
    "AVI": KINDS["AVI without times"].content,
    "fields": KINDS["fields in MP4"].content,
    "frames and fields": KINDS["frames and fields in MP4"].content,
    "frames that may be two fields": converted(f"{X264}:interlaced=1 -flags +ildct+ilme -an", "out.mp4"),
    "another codec": converted("-c:v mpeg4 -an", "out.mp4"),
    "a start without a key frame": KINDS["without its first key frame, MP4"].content,
    "a start inside an intra refresh": KINDS["cut out of an intra refresh, MP4"].content,
}


def check_of(content: bytes) -> FramePackets:
    with open_container(io.BytesIO(content), name="scene") as container:
        stream = video_stream(container, name="scene")
        check = FramePackets(container, stream)
        for packet in container.demux(stream):
            if packet.size:
                check.add(packet)
        return check


@pytest.mark.parametrize("make", WHOLE.values(), ids=WHOLE)
def test_packets_of_these_are_frames(make: Callable[[], bytes]) -> None:
    assert check_of(make()).are_frames


@pytest.mark.parametrize("make", UNCERTAIN.values(), ids=UNCERTAIN)
def test_packets_of_others_need_not_be(make: Callable[[], bytes]) -> None:
    check = check_of(make())
    assert not check.are_frames
    assert not check.can_follow


@pytest.mark.parametrize("make", WHOLE.values(), ids=WHOLE)
def test_where_packets_are_frames_only_the_first_is_decoded(
    make: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = 0
    decode = FrameDecoder.decode

    def counted(self: FrameDecoder, packet: Any) -> Any:
        nonlocal decoded
        decoded += 1
        return decode(self, packet)

    monkeypatch.setattr(FrameDecoder, "decode", counted)
    content = make()
    assert probe(io.BytesIO(content), name="scene").frames == len(packet_payloads(content))
    assert decoded < 10

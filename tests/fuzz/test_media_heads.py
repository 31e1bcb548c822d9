"""The first bytes of a file, and the tables of an MP4, which are read before FFmpeg sees the file."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media import h264
from airflow_provider_kling.media.container_size import ends_early
from airflow_provider_kling.media.file_format import HEAD_BYTES, FileFormat, sniff
from airflow_provider_kling.media.media_value import broken_rule
from airflow_provider_kling.media.sample_tables import check_sample_tables
from airflow_provider_kling.media_type import MediaType
from tests.fuzz.strategies import texts
from tests.media.clips import Clip

MAGICS = [
    b"ftyp",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"RIFF",
    b"WEBP",
    b"WAVE",
    b"AVI ",
    b"ID3",
    b"GIF89a",
]
BOXES = [b"ftyp", b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsz", b"stts", b"moof", b"traf", b"trun"]
heads = st.lists(st.one_of(st.sampled_from([*MAGICS, b"G", b"\xff\xfb"]), st.binary(max_size=20))).map(
    b"".join
)


@st.composite
def boxes(draw: st.DrawFn, depth: int = 0) -> bytes:
    """Draw boxes in boxes, whose sizes are right, or wrong."""
    written = b""
    for _ in range(draw(st.integers(0, 3))):
        content = draw(
            st.binary(max_size=24) if depth > 4 else st.one_of(boxes(depth + 1), st.binary(max_size=24))
        )
        right = len(content) + 8
        size = draw(st.one_of(st.just(right), st.sampled_from([0, 1, 7, 8, 2**31, 2**32 - 1])))
        written += size.to_bytes(4, "big") + draw(st.sampled_from(BOXES)) + content
    return written


@given(head=heads)
def test_the_head_of_a_file_is_a_known_format_or_none(head: bytes) -> None:
    assert sniff(head[:HEAD_BYTES]) in (None, *FileFormat)


@given(content=boxes(), first=st.sampled_from([b"", b"\0\0\0\x10ftypisom\0\0\0\0"]))
def test_the_tables_of_a_file_are_checked(content: bytes, first: bytes) -> None:
    try:
        check_sample_tables(io.BytesIO(first + content), name="scene.mp4")
    except KlingMediaError as error:
        assert not error.retryable


@pytest.fixture(scope="module")
def clip() -> bytes:
    return Clip(frames=2).encoded()


@given(data=st.data())
def test_the_tables_of_a_changed_file_are_checked(clip: bytes, data: st.DataObject) -> None:
    changed = bytearray(clip)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(changed) - 4))
        changed[at : at + 4] = data.draw(st.binary(min_size=4, max_size=4))
    try:
        check_sample_tables(io.BytesIO(changed), name="scene.mp4")
    except KlingMediaError as error:
        assert not error.retryable


# The parameter sets of a stream of H.264, with frames only.
SETS = bytes.fromhex("014d400affe10015674d400aeca146d0800000030080000018078912cb01000468ce0fc8")


@given(start=st.integers(0, len(SETS)), changed=st.binary(max_size=32), packet=st.binary(max_size=64))
def test_a_stream_of_h264_is_told_to_have_frames_only_or_not(
    start: int, changed: bytes, packet: bytes
) -> None:
    extradata = SETS[:start] + changed
    assert h264.has_frames_only(extradata) in (True, False)
    if h264.is_as_in_mp4(extradata):
        assert h264.has_picture(memoryview(packet), extradata=extradata) in (True, False)
        assert h264.changes_setup(memoryview(packet), extradata=extradata) in (True, False)


SIZES = st.sampled_from([b"\0" * 4, b"\xff" * 4, b"\x80", b"\x84", b"\x01" + b"\xff" * 7, b"\x08\0\0\0"])
PARTS = st.sampled_from([b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67", b"RIFF", b"AVI ", b"AVIX"])


@given(parts=st.lists(st.one_of(PARTS, SIZES, st.binary(max_size=12))))
def test_a_file_ends_early_or_not(parts: list[bytes]) -> None:
    assert ends_early(io.BytesIO(b"".join(parts))) in (True, False)


@given(value=texts, media_type=st.sampled_from(MediaType))
def test_a_media_argument_is_taken_or_refused_with_a_rule(value: str, media_type: MediaType) -> None:
    rule = broken_rule(value, media_type)
    assert rule is None or rule.startswith("must be ")

"""The first bytes of a file, and the tables of an MP4, which are read before FFmpeg sees the file."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.file_format import HEAD_BYTES, FileFormat, sniff
from airflow_provider_kling.media.hidden_frames import is_hidden
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


@given(packet=st.binary(max_size=64), codec=st.sampled_from(["vp8", "vp9", "av1", "h264", "hevc"]))
def test_a_packet_is_shown_or_hidden(packet: bytes, codec: str) -> None:
    assert is_hidden(memoryview(packet), codec=codec) in (True, False)


@given(value=texts, media_type=st.sampled_from(MediaType))
def test_a_media_argument_is_taken_or_refused_with_a_rule(value: str, media_type: MediaType) -> None:
    rule = broken_rule(value, media_type)
    assert rule is None or rule.startswith("must be ")

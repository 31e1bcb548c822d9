"""Which packets of VP8 and VP9 have a frame that is never displayed."""

from __future__ import annotations

import pytest

from airflow_provider_kling.media.hidden_frames import is_hidden


@pytest.mark.parametrize(
    ("codec", "packet", "hidden"),
    [
        ("vp8", b"\x10\0\0", False),
        ("vp8", b"\x01\0\0", True),
        ("vp9", b"\x82\x49\x83", False),  # a key frame of profile 0
        ("vp9", b"\x86\0\0", False),
        ("vp9", b"\x84\0\0", True),
        ("vp9", b"\x84\0\xc1", False),  # a superframe
        ("vp9", b"\x88\0\0", False),  # shows an earlier frame
        ("vp9", b"\xb1\0\0", False),  # profile 3
        ("vp9", b"\xb2\0\0", True),
        ("h264", b"\0\0\0", False),
        ("vp8", b"", False),
    ],
)
def test_a_hidden_frame_is_told_by_its_head(codec: str, packet: bytes, hidden: bool) -> None:
    assert is_hidden(memoryview(packet), codec=codec) is hidden

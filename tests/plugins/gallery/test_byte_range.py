"""The part of a file that a request asks for."""

from __future__ import annotations

import pytest

from airflow_provider_kling.plugins.gallery.byte_range import (
    ByteRange,
    UnsatisfiableRangeError,
    requested_range,
)

SIZE = 1000


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, None),
        ("", None),
        ("bytes=0-", (0, 999)),
        ("bytes=0-0", (0, 0)),
        ("bytes=999-", (999, 999)),
        ("bytes=500-5000", (500, 999)),
        ("bytes=-1", (999, 999)),
        ("bytes=-5000", (0, 999)),
        ("bytes=5-4", None),
        ("bytes=-", None),
        ("bytes=0-1,5-6", None),
        ("bytes=a-b", None),
        ("bytes=0-" + "9" * 30, None),
        ("lines=0-1", None),
        ("bytes=٣-٤", None),
    ],
)
def test_a_range_is_a_part_or_the_whole(header: str | None, part: tuple[int, int] | None) -> None:
    assert requested_range(header, size=SIZE) == (None if part is None else ByteRange(*part))


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=5000-6000", "bytes=-0"])
def test_a_range_without_a_byte_of_the_file_cannot_be_sent(header: str) -> None:
    with pytest.raises(UnsatisfiableRangeError):
        requested_range(header, size=SIZE)

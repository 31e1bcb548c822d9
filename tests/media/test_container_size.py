"""How long a file is by its own account, from its heads alone."""

from __future__ import annotations

import io

import pytest

from airflow_provider_kling.media.container_size import ends_early

EBML = bytes.fromhex("1a45dfa3 84 42868101")
SEGMENT = bytes.fromhex("18538067")


def riff(kind: bytes, size: int, *, announced: int | None = None) -> bytes:
    """Return a part of an AVI with so many bytes after its size."""
    known = size if announced is None else announced
    return b"RIFF" + known.to_bytes(4, "little") + kind.ljust(size, b"\0")


def matroska(size: bytes, body: int) -> bytes:
    return EBML + SEGMENT + size + bytes(body)


WHOLE = {
    "AVI": riff(b"AVI ", 100),
    "AVI with an odd size": riff(b"AVI ", 101),
    "AVI with an odd size and the byte after it": riff(b"AVI ", 101) + b"\0",
    "AVI of two parts": riff(b"AVI ", 100) + riff(b"AVIX", 60),
    "AVI and what is none of it": riff(b"AVI ", 100) + bytes(50),
    "AVI of a size that was never written": riff(b"AVI ", 100, announced=0),
    "AVI from a pipe": riff(b"AVI ", 100, announced=2**32 - 1),
    "another RIFF": riff(b"WAVE", 20, announced=1000),
    "Matroska": matroska(b"\xb2", 50),
    "Matroska with a long size": matroska(bytes.fromhex("01000000000000") + b"\x32", 50),
    "Matroska and what is none of it": matroska(b"\xb2", 60),
    "Matroska of an unknown size": matroska(b"\xff", 50),
    "Matroska of an unknown long size": matroska(b"\x01" + b"\xff" * 7, 50),
    "Matroska without a segment": EBML + bytes(50),
    "a head of an unknown size": bytes.fromhex("1a45dfa3 ff") + bytes(50),
    "no known file": b"\0" * 100,
    "an empty file": b"",
}
CUT_OFF = {
    "AVI": riff(b"AVI ", 100)[:-1],
    "AVI with an odd size": riff(b"AVI ", 101)[:-1],
    "AVI of two parts": riff(b"AVI ", 100) + riff(b"AVIX", 60)[:30],
    "Matroska": matroska(b"\xb2", 49),
    "Matroska with a long size": matroska(bytes.fromhex("01000000000000") + b"\x32", 49),
    "Matroska of an impossible size": matroska(b"\x01" + b"\xff" * 6 + b"\xfe", 50),
}


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE)
def test_a_file_with_all_that_it_announces_does_not_end_early(content: bytes) -> None:
    assert not ends_early(io.BytesIO(content))


@pytest.mark.parametrize("content", CUT_OFF.values(), ids=CUT_OFF)
def test_a_file_with_less_than_it_announces_ends_early(content: bytes) -> None:
    assert ends_early(io.BytesIO(content))


def test_an_avi_of_endless_parts_is_not_read_to_its_end() -> None:
    reads = 0

    class Counting(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            nonlocal reads
            reads += 1
            return super().read(size)

    assert not ends_early(Counting(riff(b"AVI ", 4) * 5000))
    assert reads < 2000

"""Telling what a file is from its first bytes."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable

import av
import pytest
from PIL import Image

from airflow_provider_kling.media.kind import HEAD_BYTES, MediaKind, sniff


def picture(format_name: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 4)).save(file, format=format_name)
    return file.getvalue()


def sound() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writing:
        writing.setparams((1, 2, 8000, 0, "NONE", ""))
        writing.writeframes(b"\0" * 100)
    return file.getvalue()


def clip(container: str, codec: str) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as writing:
        stream = writing.add_stream(codec, rate=24)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame(64, 64, "yuv420p")
        writing.mux(stream.encode(frame))
        writing.mux(stream.encode(None))
    return file.getvalue()


REAL: dict[MediaKind, Callable[[], bytes]] = {
    MediaKind.MP4: lambda: clip("mp4", "mpeg4"),
    MediaKind.WEBM: lambda: clip("webm", "libvpx"),
    MediaKind.PNG: lambda: picture("PNG"),
    MediaKind.JPEG: lambda: picture("JPEG"),
    MediaKind.WEBP: lambda: picture("WEBP"),
    MediaKind.GIF: lambda: picture("GIF"),
    MediaKind.WAV: sound,
    MediaKind.AAC: lambda: b"\xff\xf1\x50\x80\x02\x1f\xfc\xde\x02\0",  # an ADTS header
    MediaKind.MP3: lambda: b"ID3\x04\0\0\0\0\0\0",
}


@pytest.mark.parametrize("kind", MediaKind)
def test_a_real_file_is_known_by_its_first_bytes(kind: MediaKind) -> None:
    assert sniff(REAL[kind]()[:HEAD_BYTES]) is kind


def test_sound_without_a_tag_is_known() -> None:
    for second in (0xFB, 0xF3, 0xF2):  # MPEG 1 and 2, with and without a checksum
        assert sniff(bytes((0xFF, second, 0x90, 0))) is MediaKind.MP3


def test_pictures_are_told_from_sounds() -> None:
    sounds = {kind for kind in MediaKind if not kind.is_picture}
    assert sounds == {MediaKind.WAV, MediaKind.MP3, MediaKind.AAC}


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"<",
        b"<!DOCTYPE html><html>",
        b'{"code":404,"message"',
        b"RIFF\0\0\0\0AVI ",
        b"RIFF",
        b"%PDF-1.7",
        b"\0" * 16,
        b"ftypisom",
        b"\x89PNG\n",
    ],
)
def test_anything_else_is_nothing(head: bytes) -> None:
    assert sniff(head) is None

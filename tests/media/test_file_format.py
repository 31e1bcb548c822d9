"""Detecting the format of a file from its first bytes."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable

import av
import pytest
from PIL import Image

from airflow_provider_kling.media.file_format import HEAD_BYTES, FileFormat, sniff
from airflow_provider_kling.media_type import MediaType


def image(format_name: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 4)).save(file, format=format_name)
    return file.getvalue()


def audio() -> bytes:
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


REAL: dict[FileFormat, Callable[[], bytes]] = {
    FileFormat.MP4: lambda: clip("mp4", "mpeg4"),
    FileFormat.WEBM: lambda: clip("webm", "libvpx"),
    FileFormat.PNG: lambda: image("PNG"),
    FileFormat.JPEG: lambda: image("JPEG"),
    FileFormat.WEBP: lambda: image("WEBP"),
    FileFormat.GIF: lambda: image("GIF"),
    FileFormat.WAV: audio,
    FileFormat.AAC: lambda: b"\xff\xf1\x50\x80\x02\x1f\xfc\xde\x02\0",  # an ADTS header
    FileFormat.MP3: lambda: b"ID3\x04\0\0\0\0\0\0",
}


@pytest.mark.parametrize("expected", FileFormat)
def test_the_format_of_a_file_is_detected_from_its_first_bytes(expected: FileFormat) -> None:
    assert sniff(REAL[expected]()[:HEAD_BYTES]) is expected


def test_mp3_without_a_tag_is_detected() -> None:
    for second in (0xFB, 0xF3, 0xF2):  # MPEG 1 and 2, with and without a checksum
        assert sniff(bytes((0xFF, second, 0x90, 0))) is FileFormat.MP3


def test_each_format_has_its_media_type() -> None:
    formats = {
        media_type: {one for one in FileFormat if one.media_type is media_type} for media_type in MediaType
    }
    assert formats == {
        MediaType.VIDEO: {FileFormat.MP4, FileFormat.WEBM},
        MediaType.IMAGE: {FileFormat.PNG, FileFormat.JPEG, FileFormat.WEBP, FileFormat.GIF},
        MediaType.AUDIO: {FileFormat.WAV, FileFormat.MP3, FileFormat.AAC},
    }


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
def test_other_files_have_no_known_format(head: bytes) -> None:
    assert sniff(head) is None

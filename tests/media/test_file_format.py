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
from tests.media.ffmpeg import convert
from tests.media.kinds import KINDS


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


def theora() -> bytes:
    return convert({}, "-f lavfi -i testsrc=d=0.2:s=64x64 -c:v libtheora out.ogv", output="out.ogv")


REAL: dict[FileFormat, Callable[[], bytes]] = {
    FileFormat.MP4: lambda: clip("mp4", "mpeg4"),
    FileFormat.MOV: lambda: clip("mov", "mpeg4"),
    FileFormat.WEBM: lambda: clip("webm", "libvpx"),
    FileFormat.AVI: lambda: clip("avi", "mpeg4"),
    FileFormat.TS: lambda: clip("mpegts", "mpeg2video"),
    FileFormat.MPEG_PS: lambda: clip("mpeg", "mpeg2video"),
    FileFormat.FLV: lambda: clip("flv", "flv"),
    FileFormat.OGG: theora,
    FileFormat.PNG: lambda: image("PNG"),
    FileFormat.JPEG: lambda: image("JPEG"),
    FileFormat.WEBP: lambda: image("WEBP"),
    FileFormat.GIF: lambda: image("GIF"),
    FileFormat.HEIC: lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    FileFormat.AVIF: lambda: b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf",
    FileFormat.WAV: audio,
    FileFormat.AAC: lambda: b"\xff\xf1\x50\x80\x02\x1f\xfc\xde\x02\0",  # an ADTS header
    FileFormat.MP3: lambda: b"ID3\x04\0\0\0\0\0\0",
}


@pytest.mark.parametrize("expected", FileFormat)
def test_the_format_of_a_file_is_detected_from_its_first_bytes(expected: FileFormat) -> None:
    assert sniff(REAL[expected]()[:HEAD_BYTES]) is expected


@pytest.mark.parametrize("rate", [8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000])
def test_mp3_without_a_tag_is_detected_at_every_rate(rate: int) -> None:
    made = convert(
        {}, f"-f lavfi -i sine=r={rate}:d=0.3 -id3v2_version 0 -write_xing 0 a.mp3", output="a.mp3"
    )
    assert sniff(made[:HEAD_BYTES]) is FileFormat.MP3
    with_checksum = bytes((made[0], made[1] & 0xFE)) + made[2:]
    assert sniff(with_checksum[:HEAD_BYTES]) is FileFormat.MP3


@pytest.mark.parametrize("second", [0xF0, 0xF1, 0xF8, 0xF9])
def test_aac_is_detected_in_mpeg_2_and_4_with_and_without_a_checksum(second: int) -> None:
    assert sniff(bytes((0xFF, second, 0x50, 0x80))) is FileFormat.AAC


@pytest.mark.parametrize("head", [b"\xff", b"\xff\xfe<\0h\0", b"\xff\xea\0\0", b"\xff\xe0\0\0", b"\xff\x00"])
def test_other_files_that_start_like_audio_are_not_taken_for_it(head: bytes) -> None:
    assert sniff(head) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("QuickTime", FileFormat.MOV),
        ("QuickTime without a brand", FileFormat.MOV),
        ("AVI without times", FileFormat.AVI),
        ("transport stream", FileFormat.TS),
        ("camera's transport stream", FileFormat.TS),
        ("fields in a transport stream", FileFormat.TS),
        ("fragmented MP4", FileFormat.MP4),
    ],
)
def test_the_format_of_a_video_of_another_program_is_detected(name: str, expected: FileFormat) -> None:
    assert sniff(KINDS[name].content()[:HEAD_BYTES]) is expected


@pytest.mark.parametrize("first", [b"moov", b"mdat", b"wide", b"pnot", b"skip", b"free"])
def test_quicktime_without_brands_is_detected(first: bytes) -> None:
    assert sniff(b"\0\0\x01\0" + first + bytes(400)) is FileFormat.MOV


@pytest.mark.parametrize(
    ("major", "further", "expected"),
    [
        (b"heic", b"mif1heic", FileFormat.HEIC),  # a photo of an iPhone
        (b"mif1", b"mif1heic", FileFormat.HEIC),
        (b"mif1", b"mif1avifmiaf", FileFormat.AVIF),
        (b"avif", b"avifmif1", FileFormat.AVIF),
        (b"hevc", b"msf1hevc", FileFormat.HEIC),  # a sequence of images
        (b"M4A ", b"M4A mp42isom", FileFormat.MP4),
        (b"isom", b"isomiso2avc1mp41", FileFormat.MP4),
        (b"mp42", b"mp42mif1", FileFormat.MP4),
    ],
)
def test_a_photo_is_told_from_a_video_by_its_brands(
    major: bytes, further: bytes, expected: FileFormat
) -> None:
    box = b"ftyp" + major + bytes(4) + further
    assert sniff((4 + len(box)).to_bytes(4, "big") + box + b"\0\0\0\x08avif") is expected


def test_text_that_starts_like_a_transport_stream_is_not_taken_for_one() -> None:
    assert sniff(b"Good morning. " * 40) is None
    assert sniff(b"G") is None


def test_each_format_has_its_media_type() -> None:
    formats = {
        media_type: {one for one in FileFormat if one.media_type is media_type} for media_type in MediaType
    }
    assert formats == {
        MediaType.VIDEO: {
            *(FileFormat.MP4, FileFormat.MOV, FileFormat.WEBM, FileFormat.AVI, FileFormat.TS),
            *(FileFormat.MPEG_PS, FileFormat.FLV, FileFormat.OGG),
        },
        MediaType.IMAGE: {
            *(FileFormat.PNG, FileFormat.JPEG, FileFormat.WEBP, FileFormat.GIF),
            *(FileFormat.HEIC, FileFormat.AVIF),
        },
        MediaType.AUDIO: {FileFormat.WAV, FileFormat.MP3, FileFormat.AAC},
    }


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"<",
        b"<!DOCTYPE html><html>",
        b'{"code":404,"message"',
        b"RIFF\0\0\0\0ACON",
        b"RIFF",
        b"%PDF-1.7",
        b"\0" * 16,
        b"ftypisom",
        b"\x89PNG\n",
    ],
)
def test_other_files_have_no_known_format(head: bytes) -> None:
    assert sniff(head) is None

"""The media type of a file, from its content, as real encoders write it."""

from __future__ import annotations

import io

import av
import pytest
from PIL import Image

from airflow_provider_kling.sandbox.modellix.service.media_type import media_type
from tests.sandbox.samples import encoded_tone


def _image(form: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(file, form)
    return file.getvalue()


def _video(container: str, codec: str) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=24, width=64, height=64, pix_fmt="yuv420p")
        output.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        output.mux(stream.encode(None))
    return file.getvalue()


@pytest.mark.parametrize(
    ("form", "name", "extension"),
    [("PNG", "png", "png"), ("JPEG", "jpeg", "jpg"), ("GIF", "gif", "gif"), ("WEBP", "webp", "webp")],
)
def test_images_are_known(form: str, name: str, extension: str):
    found = media_type(_image(form))
    assert found is not None
    assert (found.kind, found.name, found.extension) == ("image", f"image/{name}", extension)


@pytest.mark.parametrize(
    ("container", "codec", "name", "extension"),
    [
        ("mp4", "libx264", "mp4", "mp4"),
        ("mov", "libx264", "quicktime", "mov"),
        ("webm", "libvpx", "webm", "webm"),
        ("avi", "mpeg4", "x-msvideo", "avi"),
    ],
)
def test_videos_are_known(container: str, codec: str, name: str, extension: str):
    found = media_type(_video(container, codec))
    assert found is not None
    assert (found.kind, found.name, found.extension) == ("video", f"video/{name}", extension)


@pytest.mark.parametrize(
    ("container", "codec", "name", "extension"),
    [
        ("mp3", "libmp3lame", "mpeg", "mp3"),
        ("wav", "pcm_s16le", "wav", "wav"),
        ("ipod", "aac", "mp4", "m4a"),
        ("adts", "aac", "aac", "aac"),
        ("flac", "flac", "flac", "flac"),
        ("ogg", "libopus", "ogg", "ogg"),
    ],
)
def test_audio_files_are_known(container: str, codec: str, name: str, extension: str):
    found = media_type(encoded_tone(container, codec, rate=48_000))
    assert found is not None
    assert (found.kind, found.name, found.extension) == ("audio", f"audio/{name}", extension)


@pytest.mark.parametrize("data", [b"", b"<!doctype html>", b"%PDF-1.7", b"RIFF\0\0\0\0ACON", b"PK\x03\x04"])
def test_anything_else_is_unknown(data: bytes):
    assert media_type(data) is None

"""Measuring real files."""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from pathlib import Path

import av
import pytest
from PIL import Image

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.facts import MediaFacts, MediaType, SoundFacts
from airflow_provider_kling.media.probe import probe
from tests.media.clips import Clip, damaged, oriented, places, rotated, trimmed_by_edit_list


def facts(content: bytes) -> MediaFacts:
    return probe(io.BytesIO(content), name="scene.mp4")


def refusal(content: bytes) -> KlingMediaError:
    with pytest.raises(KlingMediaError) as caught:
        facts(content)
    assert "scene.mp4" in str(caught.value)
    return caught.value


def picture(format_name: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(file, format_name, **options)
    return file.getvalue()


def test_a_clip_is_described_in_full() -> None:
    clip = Clip(frames=36, fps=24, width=160, height=96, sound=True, sample_rate=44_100, layout="mono")
    assert facts(clip.made()) == MediaFacts(
        type=MediaType.VIDEO,
        container="mp4",
        width=160,
        height=96,
        codec="h264",
        pixel_format="yuv420p",
        seconds=1.5,
        frames=36,
        fps=24.0,
        variable_fps=False,
        cut_short=False,
        sound=SoundFacts(codec="aac", sample_rate=44_100, channels=1),
    )


def test_a_clip_without_sound_has_none() -> None:
    assert facts(Clip().made()).sound is None


@pytest.mark.parametrize(
    ("clip", "container", "codec", "sound"),
    [
        (Clip(container="webm", codec="libvpx", sound=True, sound_codec="libopus"), "webm", "vp8", "opus"),
        (Clip(container="avi", codec="mpeg4"), "avi", "mpeg4", None),
        (Clip(sound=True, sound_codec="libmp3lame"), "mp4", "h264", "mp3"),
        (Clip(container="mpegts", sound=True), "mpegts", "h264", "aac"),
        (Clip(container="mov", codec="mpeg4"), "mp4", "mpeg4", None),
    ],
)
def test_other_containers_are_measured_too(clip: Clip, container: str, codec: str, sound: str | None) -> None:
    found = facts(clip.made())
    assert (found.container, found.codec) == (container, codec)
    assert (found.sound.codec if found.sound else None) == sound
    assert found.frames == 24
    assert found.seconds == pytest.approx(1, abs=0.002)
    assert not found.variable_fps


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_the_size_is_the_one_that_is_shown(degrees: int) -> None:
    found = facts(rotated(Clip(width=160, height=96).made(), degrees))
    assert (found.width, found.height) == ((96, 160) if degrees % 180 else (160, 96))


def test_a_mirrored_picture_keeps_its_size() -> None:
    found = facts(oriented(Clip().made(), (-1, 0, 0, 1)))
    assert (found.width, found.height) == (160, 96)


def test_pixels_that_are_not_square_count_as_shown() -> None:
    clip = Clip(width=160, height=96, pixel_aspect=Fraction(4, 3)).made()
    assert (facts(clip).width, facts(clip).height) == (213, 96)
    assert (facts(rotated(clip, 90)).width, facts(rotated(clip, 90)).height) == (96, 213)


def test_a_varying_rate_is_noticed_and_averaged() -> None:
    times = (0, 40, 80, 500, 540, 1200, 1240, 1280)
    found = facts(Clip(frames=8, times=times).made())
    assert found.variable_fps is True
    assert found.frames == 8
    # How long the last frame stays is the container's to say; it is somewhere between the gaps before it.
    assert found.seconds is not None
    assert 1.28 < found.seconds < 2
    assert found.fps == pytest.approx(8 / found.seconds)


def test_the_length_is_measured_where_the_header_lies() -> None:
    clip = Clip(frames=48).made()
    lying = bytearray(clip)
    for box, offset in ((b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)):
        at = clip.index(box) + offset
        lying[at : at + 4] = struct.pack(">I", struct.unpack(">I", clip[at : at + 4])[0] // 3)
    with av.open(io.BytesIO(bytes(lying))) as container:
        assert container.duration is not None
        assert container.duration < 1_000_000  # so it does lie
    assert facts(bytes(lying)).seconds == 2.0
    assert facts(bytes(lying)).frames == 48


def test_frames_that_an_edit_list_hides_do_not_count() -> None:
    clip = trimmed_by_edit_list(
        Clip(frames=48).made(), skip=5, frames=20, ticks_a_frame=512, movie_ticks=1000 * 20 // 24
    )
    assert facts(clip).frames == 20
    assert facts(clip).seconds == pytest.approx(20 / 24)


def test_a_file_that_was_cut_off_says_so() -> None:
    clip = Clip(frames=48, in_front=True).made()
    assert not facts(clip).cut_short
    begin, size = places(clip)[24]
    for end in (begin, begin + size // 2):
        found = facts(clip[:end])
        assert found.cut_short
        assert found.frames == 24
        assert found.seconds == pytest.approx(1, abs=3 / 24)  # what was decoded ahead is shown later
    begin, size = places(clip)[-1]
    assert facts(clip[: begin + size // 2]).cut_short


@pytest.mark.parametrize(
    ("content", "container", "codec"),
    [
        (picture("PNG"), "png", "png"),
        (picture("JPEG"), "jpg", "mjpeg"),
        (picture("WEBP"), "webp", "webp"),
        (picture("GIF"), "gif", "gif"),
        (picture("BMP"), "bmp", "bmp"),
    ],
)
def test_a_picture_is_an_image_without_a_length(content: bytes, container: str, codec: str) -> None:
    found = facts(content)
    assert (found.type, found.container, found.codec) == (MediaType.IMAGE, container, codec)
    assert (found.width, found.height) == (40, 30)
    assert (found.seconds, found.frames, found.fps, found.variable_fps) == (None, None, None, None)


def test_a_clip_of_one_frame_is_a_video() -> None:
    assert facts(Clip(frames=1).made()).type is MediaType.VIDEO


def test_a_moving_gif_is_a_video() -> None:
    shades = [Image.new("RGB", (40, 30), (shade, 0, 0)) for shade in (0, 80, 160)]
    file = io.BytesIO()
    shades[0].save(file, "GIF", save_all=True, append_images=shades[1:], duration=200)
    assert facts(file.getvalue()).type is MediaType.VIDEO
    assert facts(file.getvalue()).seconds == pytest.approx(0.6)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<!DOCTYPE html><html><body>Sign in</body></html>",
        b"RIFF\0\0\0\0WAVEfmt ",
        Clip().made()[:2000],
        b"\x89PNG\r\n\x1a\n" + bytes(100),
    ],
)
def test_what_is_no_media_is_refused_for_good(content: bytes) -> None:
    assert not refusal(content).retryable


def test_a_file_none_of_whose_frames_can_be_decoded_is_refused() -> None:
    error = refusal(damaged(Clip(frames=12).made(), range(12)))
    assert "no frame that can be decoded" in str(error)
    assert not error.retryable


def test_sound_alone_is_refused() -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=48_000)
        frame = av.AudioFrame(format="fltp", layout="stereo", samples=4800)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.sample_rate = 48_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert "no pictures" in str(refusal(file.getvalue()))


def test_a_playlist_does_not_open_the_file_it_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inner.ts").write_bytes(Clip(container="mpegts").made())
    monkeypatch.chdir(tmp_path)
    for playlist in (
        "ffconcat version 1.0\nfile inner.ts\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\ninner.ts\n#EXT-X-ENDLIST\n",
    ):
        refusal(playlist.encode())


def test_a_files_name_is_never_opened(tmp_path: Path) -> None:
    # Some of FFmpeg's readers of pictures open by name what they are told, past the bytes they are given.
    (tmp_path / "frame.png").write_bytes(picture("PNG"))

    class Named(io.BytesIO):
        name = str(tmp_path / "frame.png")

    with pytest.raises(KlingMediaError):
        probe(Named(b"nothing that FFmpeg knows"), name="frame.png")


def test_a_picture_that_would_fill_the_memory_is_refused() -> None:
    huge = bytearray(picture("PNG"))
    huge[16:24] = struct.pack(">II", 50_000, 50_000)
    refusal(bytes(huge))


class Failing(io.BytesIO):
    """A file on a storage that gives little at a time, and fails after some reads."""

    def __init__(self, content: bytes, *, good_reads: int) -> None:
        super().__init__(content)
        self.left = good_reads

    def read(self, size: int | None = -1) -> bytes:
        if self.left == 0:
            raise ConnectionError("the bucket is gone")
        self.left -= 1
        return super().read(2000)


@pytest.mark.parametrize("good_reads", [0, 1, 5])
@pytest.mark.timeout(10)
def test_a_storage_that_fails_is_no_broken_file(good_reads: int) -> None:
    clip = Clip(frames=96).made()
    with pytest.raises(KlingMediaError, match=r"scene\.mp4 could not be read: the bucket is gone") as caught:
        probe(Failing(clip, good_reads=good_reads), name="scene.mp4")
    assert caught.value.retryable
    assert isinstance(caught.value.__cause__, ConnectionError)


def test_the_file_is_read_from_its_beginning_and_left_open() -> None:
    file = io.BytesIO(Clip().made())
    file.seek(100)
    assert probe(file, name="scene.mp4").frames == 24
    assert not file.closed

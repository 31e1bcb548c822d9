"""Probing real files."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import pytest
from PIL import Image

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.media_info import MediaInfo
from airflow_provider_kling.media.probe import probe
from airflow_provider_kling.media_type import MediaType
from tests.media.clips import (
    Clip,
    damaged,
    packet_positions,
    rotated,
    trimmed_by_edit_list,
    with_display_matrix,
)
from tests.media.ffmpeg import convert
from tests.media.kinds import KINDS, SOURCE, X264, converted


def info(content: bytes) -> MediaInfo:
    return probe(io.BytesIO(content), name="scene.mp4")


def error_of(content: bytes) -> KlingMediaError:
    with pytest.raises(KlingMediaError) as caught:
        info(content)
    assert "scene.mp4" in str(caught.value)
    return caught.value


def image(format_name: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(file, format_name, **options)
    return file.getvalue()


def test_a_clip_is_described_in_full() -> None:
    clip = Clip(frames=36, fps=24, width=160, height=96, audio=True, sample_rate=44_100, layout="mono")
    assert info(clip.encoded()) == MediaInfo(
        type=MediaType.VIDEO,
        width=160,
        height=96,
        codec="h264",
        duration_s=1.5,
        frames=36,
        fps=24.0,
        truncated=False,
        audio_codec="aac",
    )


def test_a_clip_without_audio_has_none() -> None:
    assert info(Clip().encoded()).audio_codec is None


@pytest.mark.parametrize(
    ("clip", "codec", "audio"),
    [
        (Clip(container="webm", codec="libvpx", audio=True, audio_codec="libopus"), "vp8", "opus"),
        (Clip(container="avi", codec="mpeg4"), "mpeg4", None),
        (Clip(audio=True, audio_codec="libmp3lame"), "h264", "mp3"),
        (Clip(container="mpegts", audio=True), "h264", "aac"),
        (Clip(container="mov", codec="mpeg4"), "mpeg4", None),
    ],
)
def test_other_containers_are_probed_too(clip: Clip, codec: str, audio: str | None) -> None:
    found = info(clip.encoded())
    assert (found.codec, found.audio_codec) == (codec, audio)
    assert found.frames == 24
    assert found.duration_s == pytest.approx(1, abs=0.002)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_the_size_is_the_displayed_one(degrees: int) -> None:
    found = info(rotated(Clip(width=160, height=96).encoded(), degrees))
    assert (found.width, found.height) == ((96, 160) if degrees % 180 else (160, 96))


def test_a_flipped_video_keeps_its_size() -> None:
    found = info(with_display_matrix(Clip().encoded(), (-1, 0, 0, 1)))
    assert (found.width, found.height) == (160, 96)


def test_the_size_includes_the_sample_aspect_ratio() -> None:
    clip = Clip(width=160, height=96, sample_aspect_ratio=Fraction(4, 3)).encoded()
    assert (info(clip).width, info(clip).height) == (213, 96)
    assert (info(rotated(clip, 90)).width, info(rotated(clip, 90)).height) == (96, 213)


def test_a_variable_frame_rate_is_averaged() -> None:
    times = (0, 40, 80, 500, 540, 1200, 1240, 1280)
    found = info(Clip(frames=8, times=times).encoded())
    assert found.frames == 8
    # The container says how long the last frame is: something between the gaps before it.
    assert found.duration_s is not None
    assert 1.28 < found.duration_s < 2
    assert found.fps == pytest.approx(8 / found.duration_s)


def test_the_duration_is_measured_where_the_header_is_wrong() -> None:
    clip = Clip(frames=48).encoded()
    wrong = bytearray(clip)
    for box, offset in ((b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)):
        at = clip.index(box) + offset
        wrong[at : at + 4] = struct.pack(">I", struct.unpack(">I", clip[at : at + 4])[0] // 3)
    with av.open(io.BytesIO(bytes(wrong))) as container:
        assert container.duration is not None
        assert container.duration < 1_000_000  # so the header is wrong
    assert info(bytes(wrong)).duration_s == 2.0
    assert info(bytes(wrong)).frames == 48


def test_frames_that_an_edit_list_discards_do_not_count() -> None:
    clip = trimmed_by_edit_list(
        Clip(frames=48).encoded(), skip=5, frames=20, ticks_a_frame=512, movie_ticks=1000 * 20 // 24
    )
    assert info(clip).frames == 20
    assert info(clip).duration_s == pytest.approx(20 / 24)


def test_a_truncated_file_is_recognised() -> None:
    clip = Clip(frames=48, faststart=True).encoded()
    assert not info(clip).truncated
    begin, size = packet_positions(clip)[24]
    for end in (begin, begin + size // 2):
        found = info(clip[:end])
        assert found.truncated
        assert found.frames == 24
        assert found.duration_s == pytest.approx(
            1, abs=3 / 24
        )  # some frames were decoded before their presentation
    begin, size = packet_positions(clip)[-1]
    assert info(clip[: begin + size // 2]).truncated


CUT = {
    "AVI": converted(f"{X264} -c:a libmp3lame", "out.avi"),
    "AVI with raw audio": converted("-c:v mpeg4 -bf 0 -c:a pcm_s16le", "out.avi"),
    "Matroska": converted(f"{X264} -c:a aac", "out.mkv"),
    "WebM": converted("-c:v libvpx -c:a libopus", "out.webm"),
}


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9, 0.98])
@pytest.mark.parametrize("make", CUT.values(), ids=CUT)
def test_a_file_that_announces_its_size_and_is_cut_off_is_recognised(
    make: Callable[[], bytes], share: float
) -> None:
    content = make()
    assert not info(content).truncated
    found = info(content[: round(share * len(content))])
    assert found.truncated
    assert found.frames is not None
    assert 0 < found.frames <= SOURCE.frames


@pytest.mark.parametrize("name", ["AVI from a pipe", "Matroska from a pipe", "WebM from a pipe"])
def test_a_file_that_announces_no_size_has_none_of_its_frames_missing(name: str) -> None:
    content = KINDS[name].content()
    assert not info(content).truncated
    assert info(content).frames == SOURCE.frames


@pytest.mark.parametrize(
    ("content", "codec"),
    [
        (image("PNG"), "png"),
        (image("JPEG"), "mjpeg"),
        (image("WEBP"), "webp"),
        (image("GIF"), "gif"),
        (image("BMP"), "bmp"),
    ],
)
def test_an_image_has_no_duration(content: bytes, codec: str) -> None:
    found = info(content)
    assert (found.type, found.codec) == (MediaType.IMAGE, codec)
    assert (found.width, found.height) == (40, 30)
    assert (found.duration_s, found.frames, found.fps) == (None, None, None)


@pytest.mark.parametrize(
    ("orientation", "size"), [(1, (40, 30)), (3, (40, 30)), (6, (30, 40)), (8, (30, 40))]
)
def test_a_photo_with_exif_is_measured_upright(orientation: int, size: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[0x112] = orientation
    found = info(image("JPEG", exif=exif))
    assert (found.width, found.height) == size


def test_a_clip_of_one_frame_is_a_video() -> None:
    assert info(Clip(frames=1).encoded()).type is MediaType.VIDEO


def test_an_animated_gif_is_a_video() -> None:
    shades = [Image.new("RGB", (40, 30), (shade, 0, 0)) for shade in (0, 80, 160)]
    file = io.BytesIO()
    shades[0].save(file, "GIF", save_all=True, append_images=shades[1:], duration=200)
    assert info(file.getvalue()).type is MediaType.VIDEO
    assert info(file.getvalue()).duration_s == pytest.approx(0.6)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<!DOCTYPE html><html><body>Sign in</body></html>",
        b"RIFF\0\0\0\0WAVEfmt ",
        Clip().encoded()[:2000],
        b"\x89PNG\r\n\x1a\n" + bytes(100),
    ],
)
def test_a_file_that_is_no_media_file_is_refused_for_good(content: bytes) -> None:
    assert not error_of(content).retryable


@pytest.mark.parametrize(
    ("container", "codec"),
    [("flv", "flv"), ("mpeg", "mpeg2video"), ("asf", "mpeg4"), ("mxf", "mpeg2video")],
)
def test_a_format_that_is_not_read_is_not_called_damaged(container: str, codec: str) -> None:
    error = error_of(Clip(container=container, codec=codec, b_frames=0).encoded())
    assert "its format is not among those that are read, which are MP4, QuickTime," in str(error)
    assert "damaged" not in str(error)
    assert not error.retryable


def test_ogg_is_not_called_damaged() -> None:
    made = convert({}, "-f lavfi -i testsrc=d=0.2:s=64x64 -c:v libtheora out.ogv", output="out.ogv")
    assert "its format is not among those that are read" in str(error_of(made))


def test_a_file_none_of_whose_frames_can_be_decoded_is_refused() -> None:
    error = error_of(damaged(Clip(frames=12).encoded(), range(12)))
    assert "no frame that can be decoded" in str(error)
    assert not error.retryable


def test_audio_alone_is_refused() -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=48_000)
        frame = av.AudioFrame(format="fltp", layout="stereo", samples=4800)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.sample_rate = 48_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert "no video stream" in str(error_of(file.getvalue()))


def test_a_playlist_does_not_open_the_file_it_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inner.ts").write_bytes(Clip(container="mpegts").encoded())
    monkeypatch.chdir(tmp_path)
    for playlist in (
        "ffconcat version 1.0\nfile inner.ts\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\ninner.ts\n#EXT-X-ENDLIST\n",
    ):
        error_of(playlist.encode())


def test_a_files_name_is_never_opened(tmp_path: Path) -> None:
    # Some of FFmpeg's image demuxers open a file by its name and ignore the given bytes.
    (tmp_path / "frame.png").write_bytes(image("PNG"))

    class Named(io.BytesIO):
        name = str(tmp_path / "frame.png")

    with pytest.raises(KlingMediaError):
        probe(Named(b"nothing that FFmpeg knows"), name="frame.png")


def test_an_image_that_would_fill_the_memory_is_refused() -> None:
    huge = bytearray(image("PNG"))
    huge[16:24] = struct.pack(">II", 50_000, 50_000)
    error_of(bytes(huge))


class Failing(io.BytesIO):
    """A file on a storage that returns little at a time and fails after some reads."""

    def __init__(self, content: bytes, *, good_reads: int) -> None:
        super().__init__(content)
        self.left = good_reads

    def read(self, size: int | None = -1) -> bytes:
        if self.left == 0:
            raise ConnectionError("the bucket is gone")
        self.left -= 1
        return super().read(2000)


@pytest.mark.parametrize("good_reads", [0, 1, 5])
def test_a_storage_error_is_not_reported_as_a_damaged_file(good_reads: int) -> None:
    clip = Clip(frames=96).encoded()
    with pytest.raises(KlingMediaError, match=r"scene\.mp4 could not be read: the bucket is gone") as caught:
        probe(Failing(clip, good_reads=good_reads), name="scene.mp4")
    assert caught.value.retryable
    assert isinstance(caught.value.__cause__, ConnectionError)


def test_the_file_is_read_from_its_start_and_stays_open() -> None:
    file = io.BytesIO(Clip().encoded())
    file.seek(100)
    assert probe(file, name="scene.mp4").frames == 24
    assert not file.closed


def test_an_avif_is_an_image() -> None:
    encode = "-i in.mkv -an -frames:v 1 -c:v libaom-av1 -cpu-used 8 out.avif"
    found = info(convert({"in.mkv": Clip(frames=1).encoded()}, encode, output="out.avif"))
    assert (found.type, found.width, found.height) == (MediaType.IMAGE, 160, 96)
    assert found.duration_s is None

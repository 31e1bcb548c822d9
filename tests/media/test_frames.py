"""Single frames of real files."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.file_format import FileFormat
from airflow_provider_kling.media.frames import first_bright, read_frame, read_poster
from airflow_provider_kling.media.still_image import Edge, StillImage
from tests.media.clips import (
    BLACK,
    RGB,
    Clip,
    Drawing,
    coloured,
    damaged,
    number_in,
    packet_positions,
    rotated,
    trimmed_by_edit_list,
    with_display_matrix,
)

CLIP = Clip(frames=48, first=100)
IMAGE_FORMATS = [FileFormat.PNG, FileFormat.JPEG]


def frame(content: bytes, at: Edge | float, **options: Any) -> StillImage:
    return read_frame(io.BytesIO(content), name="scene.mp4", at=at, **options)


def pixels(still: StillImage) -> npt.NDArray[np.uint8]:
    """Decode a still with another library than the one that made it."""
    with Image.open(io.BytesIO(still.content)) as opened:
        assert opened.format == {"png": "PNG", "jpg": "JPEG"}[still.format]
        assert opened.size == (still.width, still.height)
        return np.asarray(opened.convert("RGB"))


def number(still: StillImage) -> int:
    return number_in(pixels(still)[:, :, 1])


CLIPS = {
    "b-frames": CLIP,
    "no b-frames": replace(CLIP, b_frames=0),
    "open GOP": replace(CLIP, open_gop=True),
    "one key frame": replace(CLIP, gop_size=48),
    "only key frames": replace(CLIP, gop_size=1),
    "NTSC film rate": replace(CLIP, fps=Fraction(24000, 1001)),
    "variable rate": replace(CLIP, times=tuple(index * index * 3 for index in range(48))),
    "webm": replace(CLIP, container="webm", codec="libvpx"),
    "matroska": replace(CLIP, container="matroska"),
    "transport stream": replace(CLIP, container="mpegts"),
    "old transport stream": replace(CLIP, container="mpegts", codec="mpeg4"),
    "avi": replace(CLIP, container="avi", codec="mpeg4"),
    "late audio": replace(CLIP, audio=True, audio_delay_s=0.3),
}


@pytest.fixture(params=CLIPS.values(), ids=CLIPS.keys())
def clip(request: pytest.FixtureRequest) -> Clip:
    found: Clip = request.param
    return found


def test_the_first_frame_is_the_first(clip: Clip) -> None:
    still = frame(clip.encoded(), Edge.FIRST)
    assert (number(still), still.seconds) == (100, 0)


def test_the_last_frame_has_the_last_presentation_time(clip: Clip) -> None:
    still = frame(clip.encoded(), Edge.LAST)
    assert number(still) == 147
    assert still.seconds == pytest.approx(float(clip.when(47)), abs=0.002)


def test_every_frame_is_found_at_its_time(clip: Clip) -> None:
    rounded = clip.container in ("webm", "matroska")  # to milliseconds
    times = [round(float(clip.when(index)), 3) if rounded else float(clip.when(index)) for index in range(48)]
    assert [number(frame(clip.encoded(), at)) for at in times] == clip.numbers()


def test_a_frame_is_displayed_until_the_next_one(clip: Clip) -> None:
    for index in (0, 11, 12, 30, 46):
        just_before_the_next = float(clip.when(index + 1)) - 0.002
        assert number(frame(clip.encoded(), just_before_the_next)) == 100 + index


def test_the_last_frame_is_displayed_until_the_end() -> None:
    assert number(frame(CLIP.encoded(), 1.999)) == 147


@pytest.mark.parametrize("at", [2.0, 2.5, 3600.0])
def test_the_error_for_a_time_after_the_end_names_the_duration(at: float) -> None:
    with pytest.raises(KlingMediaError, match=r"scene\.mp4 lasts 2\.000 s, so it has no frame at") as caught:
        frame(CLIP.encoded(), at)
    assert not caught.value.retryable


def test_a_negative_time_is_refused() -> None:
    with pytest.raises(KlingMediaError, match=r"no frame at -0\.1 s"):
        frame(CLIP.encoded(), -0.1)


def test_an_edit_list_is_respected() -> None:
    clip = trimmed_by_edit_list(CLIP.encoded(), skip=5, frames=20, ticks_a_frame=512, movie_ticks=833)
    assert number(frame(clip, Edge.FIRST)) == 105
    assert frame(clip, Edge.FIRST).seconds == 0
    assert number(frame(clip, Edge.LAST)) == 124
    assert number(frame(clip, 10 / 24)) == 115
    with pytest.raises(KlingMediaError, match=r"lasts 0\.833 s"):
        frame(clip, 1.0)


@pytest.mark.parametrize("keep", [0, 12, 40])
@pytest.mark.parametrize("broken", [range(47, 48), range(43, 48), range(36, 48), range(13, 48)])
def test_the_last_frame_is_the_last_that_can_be_decoded(broken: range, keep: int) -> None:
    content = damaged(replace(CLIP, grain=20).encoded(), broken, keep=keep)
    whole = decodable(content)
    assert len(whole) < 48
    assert frame(content, Edge.LAST).seconds == pytest.approx(max(whole) / 24)


@pytest.mark.parametrize("packet", [5, 24, 30, 47])
def test_the_last_frame_of_a_truncated_file_is_the_last_complete_one(packet: int) -> None:
    made = replace(CLIP, faststart=True).encoded()
    begin, size = packet_positions(made)[packet]
    content = made[: begin + size // 2]
    assert number(frame(content, Edge.LAST)) == 100 + max(decodable(content))


def test_a_transport_stream_that_ends_in_zeros_has_a_last_frame() -> None:
    made = replace(CLIP, container="mpegts").encoded()
    half = len(made) // 2
    whole = [number for number, (begin, _) in enumerate(packet_positions(made)) if begin < half - 2000]
    assert whole[-1] <= number(frame(made[:half] + bytes(half), Edge.LAST)) - 100 < 47


def test_the_duration_of_a_truncated_file_is_that_of_its_frames() -> None:
    made = replace(CLIP, faststart=True, b_frames=0).encoded()
    content = made[: packet_positions(made)[24][0]]
    assert number(frame(content, 0.99)) == 123
    with pytest.raises(KlingMediaError, match=r"lasts 1\.000 s, so it has no frame at 1\.5 s"):
        frame(content, 1.5)


def decodable(content: bytes) -> list[int]:
    """Decode all packets, one after another, and return the indices of the undamaged frames."""
    found = []
    with av.open(io.BytesIO(content)) as container:
        for packet in container.demux(video=0):
            try:
                frames = packet.decode()
            except av.FFmpegError:
                continue
            found += [round(good.time * 24) for good in frames if not good.is_corrupt]
    return found


def test_the_first_frame_is_the_first_that_can_be_decoded() -> None:
    still = frame(damaged(CLIP.encoded(), range(12)), Edge.FIRST)
    assert number(still) == 112
    assert still.seconds == pytest.approx(0.5)


def test_a_time_in_a_damaged_part_gives_the_last_frame_before_it() -> None:
    content = damaged(CLIP.encoded(), range(12, 24))
    assert number(frame(content, 0.9)) == 100 + max(index for index in decodable(content) if index < 24)
    assert number(frame(content, 1.1)) == 126


class Counting(io.BytesIO):
    """A file that counts how much of it is read."""

    total = 0

    def read(self, size: int | None = -1) -> bytes:
        content = super().read(size)
        self.total += len(content)
        return content


LONG = Clip(frames=3000, fps=5, gop_size=25, grain=40, crf=35, faststart=True)


@pytest.mark.parametrize(
    ("at", "index", "container", "broken"),
    [
        (Edge.FIRST, 0, "mp4", range(0)),
        (300.0, 1500, "mp4", range(0)),
        (599.5, 2997, "mp4", range(0)),
        (Edge.LAST, 2999, "mp4", range(0)),
        (Edge.LAST, 2974, "mp4", range(2975, 3000)),
        (Edge.LAST, 2999, "matroska", range(0)),
    ],
)
def test_a_frame_of_a_long_video_is_found_without_reading_it_all(
    at: Edge | float, index: int, container: str, broken: range
) -> None:
    clip = LONG if container == "mp4" else replace(LONG, container=container, faststart=False)
    content = damaged(clip.encoded(), broken)
    file = Counting(content)
    assert number(read_frame(file, name="scene.mp4", at=at)) == index % 1024
    assert file.total < len(content) / 10


@pytest.mark.parametrize("image_format", IMAGE_FORMATS)
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_rotated_video_gives_an_upright_image(degrees: int, image_format: FileFormat) -> None:
    upright = pixels(frame(CLIP.encoded(), Edge.LAST, image_format=image_format)).astype(int)
    rotated_ = pixels(frame(rotated(CLIP.encoded(), degrees), Edge.LAST, image_format=image_format)).astype(
        int
    )
    expected = np.rot90(upright, -degrees // 90)  # NumPy rotates counter-clockwise
    assert rotated_.shape == expected.shape
    assert np.abs(rotated_ - expected).mean() < 3


@pytest.mark.parametrize(
    ("matrix", "change"),
    [
        ((-1, 0, 0, 1), np.fliplr),
        ((1, 0, 0, -1), np.flipud),
        ((0, 1, 1, 0), lambda image: np.transpose(image, (1, 0, 2))),
        ((0, -1, -1, 0), lambda image: np.transpose(np.rot90(image, 2), (1, 0, 2))),
    ],
)
def test_a_flipped_video_gives_a_flipped_image(
    matrix: tuple[int, int, int, int], change: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
) -> None:
    plain = pixels(frame(CLIP.encoded(), Edge.LAST)).astype(int)
    mirrored = pixels(frame(with_display_matrix(CLIP.encoded(), matrix), Edge.LAST)).astype(int)
    assert np.abs(mirrored - change(plain)).mean() < 3


@pytest.mark.parametrize("image_format", IMAGE_FORMATS)
@pytest.mark.parametrize(
    "content",
    [
        coloured(matrix=1, tagged=True, width=160, height=96),
        coloured(matrix=6, tagged=True, width=1280, height=720),
        coloured(matrix=6, tagged=False, width=160, height=96),
        coloured(matrix=1, tagged=False, width=1280, height=720),
        coloured(matrix=1, tagged=True, width=160, height=96, full=True),
    ],
    ids=["709", "601 in HD", "untagged small", "untagged HD", "full range"],
)
def test_the_colours_of_a_still_are_right(content: bytes, image_format: FileFormat) -> None:
    colour = pixels(frame(content, Edge.FIRST, image_format=image_format, quality=95))[40, 80]
    assert np.abs(colour.astype(int) - RGB).max() <= 3
    assert not pixels_are_tagged(content)


def pixels_are_tagged(content: bytes) -> bool:
    """Tell whether a PNG asks viewers to change its colours, which a JPEG of the same frame does not."""
    png = frame(content, Edge.FIRST).content
    return any(chunk in png for chunk in (b"gAMA", b"cHRM", b"cICP", b"iCCP"))


@pytest.mark.parametrize("size", [(161, 97), (160, 96), (2, 2)])
@pytest.mark.parametrize("image_format", IMAGE_FORMATS)
def test_any_size_can_be_encoded(size: tuple[int, int], image_format: FileFormat) -> None:
    width, height = size
    clip = Clip(frames=2, width=width, height=height, pixel_format="yuv444p")
    still = frame(clip.encoded(), Edge.LAST, image_format=image_format)
    assert pixels(still).shape == (height, width, 3)


def test_a_still_has_square_pixels() -> None:
    still = frame(replace(CLIP, sample_aspect_ratio=Fraction(2)).encoded(), Edge.LAST)
    assert pixels(still).shape == (96, 320, 3)
    assert number(still) == 147


def test_a_higher_quality_gives_a_larger_and_more_exact_file() -> None:
    content = replace(CLIP, grain=60, crf=10).encoded()
    exact = pixels(frame(content, Edge.FIRST)).astype(int)
    sizes, errors = [], []
    for quality in (1, 30, 60, 90, 100):
        still = frame(content, Edge.FIRST, image_format=FileFormat.JPEG, quality=quality)
        sizes.append(len(still.content))
        errors.append(np.abs(pixels(still) - exact).mean())
    assert sizes == sorted(sizes)
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 2


@pytest.mark.parametrize("quality", [0, 101, -5])
def test_a_quality_out_of_range_is_refused(quality: int) -> None:
    with pytest.raises(KlingMediaError, match="from 1 to 100"):
        frame(CLIP.encoded(), Edge.FIRST, image_format=FileFormat.JPEG, quality=quality)


@pytest.mark.parametrize("image_format", IMAGE_FORMATS)
def test_the_same_frame_gives_the_same_bytes_without_ffmpegs_version(image_format: FileFormat) -> None:
    stills = [frame(CLIP.encoded(), Edge.LAST, image_format=image_format) for _ in range(2)]
    assert stills[0] == stills[1]
    assert b"Lav" not in stills[0].content


def test_an_image_is_read_as_a_video_of_one_frame() -> None:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), RGB).save(file, "PNG")
    for at in (Edge.FIRST, Edge.LAST, 0.0):
        assert tuple(pixels(frame(file.getvalue(), at))[0, 0]) == RGB


@pytest.mark.parametrize(("orientation", "corner"), [(1, (0, 0)), (3, (1, 1)), (6, (1, 0)), (8, (0, 1))])
def test_a_photo_with_exif_gives_an_upright_image(orientation: int, corner: tuple[int, int]) -> None:
    photo = Image.new("RGB", (64, 48), "black")
    photo.paste("white", (0, 0, 32, 24))
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x112] = (
        orientation  # 6: the camera was held so that the top of the scene is at the right of the file
    )
    photo.save(file, "JPEG", exif=exif)
    upright = pixels(frame(file.getvalue(), Edge.FIRST))
    height, width, _ = upright.shape
    bright = {
        (right, low)
        for right in (0, 1)
        for low in (0, 1)
        if upright[height // 4 + low * height // 2, width // 4 + right * width // 2].mean() > 128
    }
    assert bright == {corner}


def test_a_damaged_file_is_named() -> None:
    for read in (lambda file: read_frame(file, name="scene.mp4", at=Edge.LAST), read_poster_of):
        with pytest.raises(KlingMediaError, match=r"scene\.mp4"):
            read(io.BytesIO(b"<html>"))


def read_poster_of(file: io.BytesIO) -> StillImage:
    return read_poster(file, name="scene.mp4")


def test_a_poster_is_the_first_frame_that_is_not_nearly_black() -> None:
    first = read_poster_of(io.BytesIO(CLIP.encoded()))
    assert (first.format, first.seconds) == (FileFormat.JPEG, 0)
    dark = Clip(frames=40, drawing=Drawing.NOTHING, shades=(BLACK,) * 9 + (120,) * 31)
    assert read_poster_of(io.BytesIO(dark.encoded())).seconds == pytest.approx(9 / 24)


def test_a_poster_of_a_dark_video_is_its_brightest_early_frame() -> None:
    shades = [BLACK] * 96
    shades[30], shades[50], shades[90] = 30, 32, 235
    dark = Clip(frames=96, drawing=Drawing.NOTHING, shades=tuple(shades))
    assert read_poster_of(io.BytesIO(dark.encoded())).seconds == pytest.approx(50 / 24)


def test_a_poster_is_made_although_the_first_seconds_are_damaged() -> None:
    content = damaged(Clip(frames=120).encoded(), range(84))
    assert read_poster_of(io.BytesIO(content)).seconds == pytest.approx(3.5)


def test_candidates_after_the_first_bright_one_are_not_read() -> None:
    def candidates() -> Iterator[tuple[float, str]]:
        yield 3.0, "black"
        yield 20.0, "nearly black"
        yield 90.0, "bright"
        raise AssertionError("no more frames may be decoded")

    assert first_bright(candidates()) == "bright"
    assert first_bright([(3.0, "black"), (20.0, "brighter"), (10.0, "dark")]) == "brighter"

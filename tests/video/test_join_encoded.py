"""Clips that differ, or are to be changed: all are brought to one form."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from airflow_provider_kling.media.frames import read_frame
from airflow_provider_kling.video.concat import JoinMethod
from tests.media.clips import (
    BLACK,
    RGB,
    WHITE,
    Box,
    Clip,
    Drawing,
    Luma,
    Seen,
    coloured,
    luma_of,
    oriented,
    rotated,
)
from tests.video.joining import Film, Join, joined

CLIP = Clip(frames=24, flashes=(6,), sound=True)
NEXT = replace(CLIP, first=100)
OTHER_RATE = replace(NEXT, frames=30, fps=30)
VARYING = replace(NEXT, times=tuple(index * 20 + index * index * 2 for index in range(24)))


@pytest.fixture
def film(tmp_path: Path) -> Join:
    def encoded(clips: Sequence[Clip | bytes], **options: Any) -> Film:
        made = joined(clips, tmp_path / "film.mp4", **options)
        assert made.result.method is JoinMethod.ENCODED
        return made

    return encoded


def pictures(path: Path) -> list[Luma]:
    with av.open(str(path)) as container:
        return [luma_of(frame).copy() for frame in container.decode(video=0)]


def follows(clip: Clip, seen: Sequence[Seen], *, fps: float) -> bool:
    """Tell whether frames of a film show, each, what the clip shows at the time, within half a frame."""
    half = 0.5 / fps + 0.001
    for place, frame in enumerate(seen):
        index, at = frame.number - clip.first, place / fps
        ends = clip.when(index + 1) if index + 1 < clip.frames else clip.seconds
        if not float(clip.when(index)) - half <= at <= float(ends) + half:
            return False
    return True


def test_every_frame_of_every_clip_is_there_in_order(film: Join) -> None:
    made = film([CLIP, replace(NEXT, width=320, height=192), replace(CLIP, first=200, crf=40)])
    assert made.numbers == [*range(24), *range(100, 124), *range(200, 224)]
    assert (made.result.width, made.result.height, made.result.fps) == (160, 96, 24)


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((96, 160), (51 / 160, 0, 58 / 160, 1)),  # tall: bars at the sides
        ((320, 96), (0, 24 / 96, 1, 48 / 96)),  # wide: bars above and below
        ((64, 64), (32 / 160, 0, 96 / 160, 1)),
    ],
)
def test_another_shape_is_padded_and_never_stretched(film: Join, size: tuple[int, int], box: Box) -> None:
    width, height = size
    other = Clip(frames=12, first=100, width=width, height=height)
    assert film([CLIP, other], box=box).numbers[24:] == other.numbers()
    made = film([CLIP, replace(other, drawing=Drawing.SQUARE)])
    last = pictures(made.path)[-1]
    lit = np.argwhere(last > 170)
    (top, left), (bottom, right) = lit.min(axis=0), lit.max(axis=0)
    assert abs((bottom - top) - (right - left)) <= 1
    assert abs((top + bottom) - 95) <= 2  # in the middle
    assert abs((left + right) - 159) <= 2
    bars = np.ones((96, 160), bool)
    bars[tuple(slice(max(0, round(begin) - 2), round(end) + 2) for begin, end in sides(box))] = False
    assert bars.any()
    assert np.abs(last[bars].astype(int) - BLACK).max() <= 3


def sides(box: Box) -> list[tuple[float, float]]:
    """Return where a part of a picture of 160 by 96 begins and ends, down and across."""
    left, top, width, height = box
    return [(top * 96, (top + height) * 96), (left * 160, (left + width) * 160)]


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_rotated_clip_is_upright_in_the_film(film: Join, degrees: int) -> None:
    clip = Clip(frames=6, width=160, height=96, first=37)
    with av.open(io.BytesIO(clip.made())) as container:
        upright = luma_of(next(container.decode(video=0))).copy()
    made = film([rotated(clip.made(), degrees)])
    expected = np.rot90(upright, -degrees // 90)
    assert (made.result.width, made.result.height) == expected.shape[::-1]
    assert np.abs(pictures(made.path)[0].astype(int) - expected).mean() < 4


def test_a_mirrored_clip_is_mirrored_in_the_film(film: Join) -> None:
    clip = Clip(frames=6, first=37)
    made = film([oriented(clip.made(), (-1, 0, 0, 1))])
    with av.open(io.BytesIO(clip.made())) as container:
        plain = luma_of(next(container.decode(video=0))).copy()
    assert np.abs(pictures(made.path)[0].astype(int) - np.fliplr(plain)).mean() < 4


def test_a_size_that_is_odd_is_made_even(film: Join) -> None:
    made = film([Clip(width=161, height=97, pixel_format="yuv444p"), NEXT])
    assert (made.result.width, made.result.height) == (160, 96)
    assert made.numbers == [*range(24), *range(100, 124)]


def test_pixels_that_are_not_square_become_so(film: Join) -> None:
    made = film([Clip(width=80, height=96, pixel_aspect=Fraction(2)), NEXT])
    assert (made.result.width, made.result.height) == (160, 96)
    assert made.numbers == [*range(24), *range(100, 124)]


def test_a_size_and_a_rate_can_be_asked_for(film: Join) -> None:
    made = film([CLIP, NEXT], size=(320, 192), fps=48)
    assert (made.result.width, made.result.height, made.result.fps) == (320, 192, 48)
    assert made.numbers == [number for number in [*range(24), *range(100, 124)] for _ in range(2)]


@pytest.mark.parametrize(
    "clip", [OTHER_RATE, replace(NEXT, fps=Fraction(30000, 1001)), replace(NEXT, fps=12), VARYING]
)
@pytest.mark.parametrize("fps", [None, 25, Fraction(30000, 1001)])
def test_frames_are_shown_at_their_time_whatever_the_rates(
    film: Join, clip: Clip, fps: Fraction | None
) -> None:
    made = film([CLIP, clip], fps=fps)
    rate = made.result.fps
    assert rate == pytest.approx(float(fps or 24))
    seam = round(1 * rate)
    assert follows(CLIP, made.seen[:seam], fps=rate)
    assert follows(clip, made.seen[seam:], fps=rate)
    assert made.seen[-1].number == clip.first + clip.frames - 1
    assert max(map(abs, made.apart())) < 0.04


def test_a_clip_of_varying_rate_first_makes_a_film_of_constant_rate(film: Join) -> None:
    made = film([replace(VARYING, first=0), NEXT])
    assert follows(replace(VARYING, first=0), made.seen[: -round(made.result.fps)], fps=made.result.fps)


def test_frames_rounded_to_milliseconds_are_neither_lost_nor_shown_twice(film: Join) -> None:
    clips = [replace(clip, container="matroska") for clip in (CLIP, NEXT)]
    assert film(clips).numbers == [*range(24), *range(100, 124)]


def test_sound_stays_with_the_pictures_whatever_the_clips_are(film: Join) -> None:
    clips = [
        CLIP,
        replace(OTHER_RATE, sample_rate=44_100, layout="mono"),
        replace(CLIP, width=320, height=192, sound_late_s=0.1),
        replace(VARYING, sample_rate=22_050),
        replace(CLIP, container="webm", codec="libvpx", sound_codec="libopus"),
        replace(CLIP, container="mpegts", layout="5.1"),
        replace(CLIP, container="avi", codec="mpeg4", sound_codec="pcm_s16le"),
    ]
    made = film([*clips, *clips])
    apart = made.apart()
    assert len(apart) == 14
    assert max(map(abs, apart)) < 0.03
    assert len(made.heard()) / 48_000 == pytest.approx(made.result.seconds, abs=1024 / 48_000)


def test_a_film_has_stereo_at_48_khz(film: Join) -> None:
    made = film([replace(CLIP, sample_rate=44_100, layout="mono"), OTHER_RATE])
    with av.open(str(made.path)) as container:
        (stream,) = container.streams.audio
        assert (stream.codec_context.name, stream.rate, stream.layout.name) == ("aac", 48_000, "stereo")


def test_a_clip_without_sound_is_silent(film: Join) -> None:
    loud = Clip(frames=24, sound=True, tone=0.5)
    for clips, silent in (
        ([loud, OTHER_RATE_SILENT], slice(50_000, 94_000)),
        ([OTHER_RATE_SILENT, loud], slice(0, 46_000)),
    ):
        heard = film(clips).heard()
        assert np.abs(heard[silent]).max() < 0.001
        assert np.abs(heard).max() > 0.4


OTHER_RATE_SILENT = Clip(frames=30, fps=30)


def test_a_gap_in_a_sound_track_stays_a_gap(film: Join) -> None:
    clip = with_gap()
    heard = film([clip, OTHER_RATE_SILENT]).heard()
    assert np.abs(heard[2000 : round(0.25 * 48_000)]).max() > 0.4
    assert np.abs(heard[round(0.4 * 48_000) : round(0.7 * 48_000)]).max() < 0.01
    assert np.abs(heard[round(0.8 * 48_000) : 46_000]).max() > 0.4


def with_gap() -> bytes:
    """Make a clip with a tone that pauses because its packets do."""
    clip = Clip(frames=24, sound=True, tone=0.5, container="matroska")
    file = io.BytesIO()
    with av.open(io.BytesIO(clip.made())) as source, av.open(file, "w", format="matroska") as target:
        streams = {
            stream.index: target.add_stream_from_template(stream, opaque=True) for stream in source.streams
        }
        for packet in source.demux():
            paused = (
                packet.stream.type == "audio" and packet.size and 0.3 < packet.pts * packet.time_base < 0.75
            )
            if packet.size and not paused:
                packet.stream = streams[packet.stream.index]
                target.mux(packet)
    return file.getvalue()


def plain(shade: int, *, tone: float = 0, frames: int = 48) -> Clip:
    return Clip(frames=frames, drawing=Drawing.NOTHING, shade=shade, sound=True, tone=tone)


def test_a_cross_fade_blends_pictures_step_by_step(film: Join) -> None:
    made = film([plain(40), plain(190)], fade_s=0.5)
    assert made.result.frames == 48 + 48 - 12
    shades = [frame.shade for frame in made.seen]
    assert shades[:36] == pytest.approx([40] * 36, abs=3)
    assert shades[48:] == pytest.approx([190] * 36, abs=3)
    assert shades[36:48] == pytest.approx([40 + 150 * step / 13 for step in range(1, 13)], abs=4)


def test_a_cross_fade_lets_one_sound_go_and_the_other_come(film: Join) -> None:
    going = film([plain(90, tone=0.6), plain(90)], fade_s=1).heard()
    coming = film([plain(90), plain(90, tone=0.6)], fade_s=1).heard()
    for at, share in ((0.5, 0), (1.25, 0.25), (1.5, 0.5), (1.75, 0.75), (2.5, 1)):
        around = slice(round((at - 0.02) * 48_000), round((at + 0.02) * 48_000))
        assert np.abs(coming[around]).max() == pytest.approx(0.6 * share, abs=0.04)
        assert np.abs(going[around]).max() == pytest.approx(0.6 * (1 - share), abs=0.04)
    assert len(going) / 48_000 == pytest.approx(3, abs=1024 / 48_000)


def test_cross_fades_do_not_pull_sound_and_pictures_apart(film: Join) -> None:
    clips = [replace(CLIP, flashes=(12,), first=100 * number) for number in range(8)]
    made = film([*clips, replace(OTHER_RATE, flashes=(15,))], fade_s=0.25)
    assert made.result.frames == 9 * 24 - 8 * 6
    assert max(map(abs, made.apart())) < 0.04
    for place, clip in enumerate(clips[1:], 1):  # between the fades
        assert made.numbers[18 * place + 6 : 18 * place + 18] == clip.numbers()[6:18]


def test_a_clip_may_be_nothing_but_fades(film: Join) -> None:
    made = film([plain(40), plain(190, frames=24), plain(40)], fade_s=0.5)
    assert made.result.frames == 48 + 24 + 48 - 24
    assert max(frame.shade for frame in made.seen) > 170


def test_trimming_leaves_out_the_first_frames_of_each_following_clip_and_their_sound(film: Join) -> None:
    clips = [replace(CLIP, first=100 * number) for number in range(4)]
    made = film(clips, trim_frames=4)
    assert made.numbers == [*range(24), *range(104, 124), *range(204, 224), *range(304, 324)]
    assert max(map(abs, made.apart())) < 0.005
    assert len(made.heard()) / 48_000 == pytest.approx((24 + 3 * 20) / 24, abs=1024 / 48_000)


def test_trimming_and_fading_go_together(film: Join) -> None:
    clips = [replace(CLIP, first=100 * number, flashes=(12,)) for number in range(3)]
    made = film(clips, trim_frames=4, fade_s=0.25)
    assert made.result.frames == 24 + 20 + 20 - 12
    assert made.numbers[:18] == list(range(18))
    assert made.numbers[-14:] == list(range(210, 224))
    assert max(map(abs, made.apart())) < 0.005


@pytest.mark.parametrize(
    "content",
    [
        coloured(matrix=6, tagged=False, width=160, height=96),
        coloured(matrix=6, tagged=True, width=160, height=96),
        coloured(matrix=1, tagged=True, width=160, height=96),
        coloured(matrix=1, tagged=True, width=160, height=96, full=True),
    ],
    ids=["untagged", "601", "709", "full range"],
)
def test_colours_stay_and_are_tagged(film: Join, content: bytes) -> None:
    made = film([content, CLIP])
    still = read_frame(io.BytesIO(made.path.read_bytes()), name="film", at=0.0)
    with Image.open(io.BytesIO(still.content)) as picture:
        assert np.abs(np.subtract(picture.getpixel((80, 48)), RGB)).max() <= 4
    with av.open(str(made.path)) as container:
        frame = next(container.decode(video=0))
        assert (int(frame.colorspace), int(frame.color_range)) == (1, 1)
        assert frame.format.name == "yuv420p"
        context = container.streams.video[0].codec_context
        assert (context.color_primaries, context.color_trc) == (1, 1)


def test_an_encoded_film_names_no_version_of_ffmpegs_libraries(film: Join) -> None:
    assert b"Lav" not in film([CLIP, OTHER_RATE], fade_s=0.2).path.read_bytes()


def test_the_encoder_takes_as_many_threads_on_every_machine(film: Join) -> None:
    # x264's own note says so; by itself it takes what suits the processors, and the more, the more memory.
    assert b" threads=4 " in film([CLIP], size=(640, 480)).path.read_bytes()


def test_the_encoder_chooses_its_own_key_frames(film: Join) -> None:
    made = film([replace(CLIP, key_every=1, flashes=()), replace(NEXT, key_every=1, fps=25, flashes=())])
    with av.open(str(made.path)) as container:
        keys = [packet.is_keyframe for packet in container.demux(video=0) if packet.size]
    assert sum(keys) < len(keys) / 4


def test_a_white_picture_stays_white(film: Join) -> None:
    made = film([plain(WHITE), replace(plain(BLACK), fps=25)])
    assert abs(made.seen[0].shade - WHITE) <= 2
    assert abs(made.seen[-1].shade - BLACK) <= 2


@pytest.mark.parametrize("fps", [4, 8], ids=["copied", "encoded"])
def test_progress_is_told_after_every_clip_and_every_few_seconds(tmp_path: Path, fps: int) -> None:
    told: list[tuple[int, int, float, float]] = []
    clips = [Clip(frames=50, fps=4), Clip(frames=fps, fps=fps)]
    joined(clips, tmp_path / "film.mp4", progress=lambda *report: told.append(report))
    assert [(number, clips) for number, clips, _, _ in told] == [(1, 2), (1, 2), (1, 2), (2, 2)]
    assert [seconds for _, _, seconds, _ in told] == [5, 10, 12.5, 13.5]
    assert {seconds for *_, seconds in told} == {13.5}


@pytest.mark.parametrize("fps", [None, 12], ids=["copied", "encoded"])
def test_progress_is_told_once_at_the_end_of_a_clip(tmp_path: Path, fps: int | None) -> None:
    told: list[float] = []
    five = Clip(frames=50, fps=10, width=64, height=48)
    joined([five, five], tmp_path / "film.mp4", fps=fps, progress=lambda *report: told.append(report[2]))
    assert told == [5, 10]


def test_a_clip_of_more_frames_a_second_than_a_film_may_have_is_thinned_out(film: Join) -> None:
    made = film([Clip(frames=48, fps=240)])
    assert made.result.fps == 120
    assert made.numbers == list(range(0, 48, 2))


def test_a_rate_may_come_from_a_number_with_a_point(film: Join) -> None:
    made = film([CLIP], fps=Fraction(30000 / 1001))
    assert made.result.fps == 30000 / 1001


def test_one_clip_alone_is_brought_into_form(film: Join) -> None:
    made = film([Clip(container="webm", codec="libvpx", sound=True, sound_codec="libopus", flashes=(6,))])
    assert made.numbers == list(range(24))
    assert max(map(abs, made.apart())) < 0.03

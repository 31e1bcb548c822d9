"""Clips that differ, or options that change frames: everything is encoded."""

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
from airflow_provider_kling.video.options import ConcatMethod
from tests.media.clips import (
    BLACK,
    RGB,
    WHITE,
    Box,
    Clip,
    DecodedFrame,
    Drawing,
    Luma,
    coloured,
    luma_of,
    rotated,
    with_display_matrix,
)
from tests.video.concatenation import Concatenate, Output, concatenated

CLIP = Clip(frames=24, flashes=(6,), audio=True)
NEXT = replace(CLIP, first=100)
OTHER_RATE = replace(NEXT, frames=30, fps=30)
VARYING = replace(NEXT, times=tuple(index * 20 + index * index * 2 for index in range(24)))


@pytest.fixture
def concatenate(tmp_path: Path) -> Concatenate:
    def encoded(clips: Sequence[Clip | bytes], **options: Any) -> Output:
        output = concatenated(clips, tmp_path / "output.mp4", **options)
        assert output.result.method is ConcatMethod.ENCODED
        return output

    return encoded


def lumas(path: Path) -> list[Luma]:
    with av.open(str(path)) as container:
        return [luma_of(frame).copy() for frame in container.decode(video=0)]


def follows(clip: Clip, frames: Sequence[DecodedFrame], *, fps: float) -> bool:
    """Tell whether each frame of an output is the one that the clip displays then, within half a frame."""
    half = 0.5 / fps + 0.001
    for position, frame in enumerate(frames):
        index, at = frame.number - clip.first, position / fps
        ends = clip.when(index + 1) if index + 1 < clip.frames else clip.seconds
        if not float(clip.when(index)) - half <= at <= float(ends) + half:
            return False
    return True


def test_every_frame_of_every_clip_is_there_in_order(concatenate: Concatenate) -> None:
    output = concatenate([CLIP, replace(NEXT, width=320, height=192), replace(CLIP, first=200, crf=40)])
    assert output.numbers == [*range(24), *range(100, 124), *range(200, 224)]
    assert (output.result.info.width, output.result.info.height, output.result.info.fps) == (160, 96, 24)


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((96, 160), (51 / 160, 0, 58 / 160, 1)),  # tall: bars left and right
        ((320, 96), (0, 24 / 96, 1, 48 / 96)),  # wide: bars above and below
        ((64, 64), (32 / 160, 0, 96 / 160, 1)),
    ],
)
def test_another_aspect_ratio_is_padded_and_never_distorted(
    concatenate: Concatenate, size: tuple[int, int], box: Box
) -> None:
    width, height = size
    other = Clip(frames=12, first=100, width=width, height=height)
    assert concatenate([CLIP, other], box=box).numbers[24:] == other.numbers()
    output = concatenate([CLIP, replace(other, drawing=Drawing.SQUARE)])
    last = lumas(output.path)[-1]
    lit = np.argwhere(last > 170)
    (top, left), (bottom, right) = lit.min(axis=0), lit.max(axis=0)
    assert abs((bottom - top) - (right - left)) <= 1
    assert abs((top + bottom) - 95) <= 2  # in the middle
    assert abs((left + right) - 159) <= 2
    bars = np.ones((96, 160), bool)
    bars[tuple(slice(max(0, round(begin) - 2), round(end) + 2) for begin, end in edges(box))] = False
    assert bars.any()
    assert np.abs(last[bars].astype(int) - BLACK).max() <= 3


def edges(box: Box) -> list[tuple[float, float]]:
    """Return start and end of a part of a frame of 160x96, vertically and horizontally."""
    left, top, width, height = box
    return [(top * 96, (top + height) * 96), (left * 160, (left + width) * 160)]


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_rotated_clip_is_upright_in_the_output(concatenate: Concatenate, degrees: int) -> None:
    clip = Clip(frames=6, width=160, height=96, first=37)
    with av.open(io.BytesIO(clip.encoded())) as container:
        upright = luma_of(next(container.decode(video=0))).copy()
    output = concatenate([rotated(clip.encoded(), degrees)])
    expected = np.rot90(upright, -degrees // 90)
    assert (output.result.info.width, output.result.info.height) == expected.shape[::-1]
    assert np.abs(lumas(output.path)[0].astype(int) - expected).mean() < 4


def test_a_flipped_clip_is_flipped_in_the_output(concatenate: Concatenate) -> None:
    clip = Clip(frames=6, first=37)
    output = concatenate([with_display_matrix(clip.encoded(), (-1, 0, 0, 1))])
    with av.open(io.BytesIO(clip.encoded())) as container:
        plain = luma_of(next(container.decode(video=0))).copy()
    assert np.abs(lumas(output.path)[0].astype(int) - np.fliplr(plain)).mean() < 4


def test_an_odd_size_is_made_even(concatenate: Concatenate) -> None:
    output = concatenate([Clip(width=161, height=97, pixel_format="yuv444p"), NEXT])
    assert (output.result.info.width, output.result.info.height) == (160, 96)
    assert output.numbers == [*range(24), *range(100, 124)]


def test_the_output_has_square_pixels(concatenate: Concatenate) -> None:
    output = concatenate([Clip(width=80, height=96, sample_aspect_ratio=Fraction(2)), NEXT])
    assert (output.result.info.width, output.result.info.height) == (160, 96)
    assert output.numbers == [*range(24), *range(100, 124)]


def test_the_size_and_the_frame_rate_can_be_chosen(concatenate: Concatenate) -> None:
    output = concatenate([CLIP, NEXT], size=(320, 192), fps=48)
    assert (output.result.info.width, output.result.info.height, output.result.info.fps) == (320, 192, 48)
    assert output.numbers == [number for number in [*range(24), *range(100, 124)] for _ in range(2)]


@pytest.mark.parametrize(
    "clip", [OTHER_RATE, replace(NEXT, fps=Fraction(30000, 1001)), replace(NEXT, fps=12), VARYING]
)
@pytest.mark.parametrize("fps", [None, 25, Fraction(30000, 1001)])
def test_frames_keep_their_presentation_time_at_any_rate(
    concatenate: Concatenate, clip: Clip, fps: Fraction | None
) -> None:
    output = concatenate([CLIP, clip], fps=fps)
    rate = output.result.info.fps
    assert rate == pytest.approx(float(fps or 24))
    seam = round(1 * rate)
    assert follows(CLIP, output.frames[:seam], fps=rate)
    assert follows(clip, output.frames[seam:], fps=rate)
    assert output.frames[-1].number == clip.first + clip.frames - 1
    assert max(map(abs, output.av_offsets())) < 0.04


def test_a_first_clip_of_variable_rate_gives_an_output_of_constant_rate(concatenate: Concatenate) -> None:
    output = concatenate([replace(VARYING, first=0), NEXT])
    assert follows(
        replace(VARYING, first=0), output.frames[: -round(output.result.info.fps)], fps=output.result.info.fps
    )


def test_frames_with_rounded_timestamps_are_neither_lost_nor_repeated(concatenate: Concatenate) -> None:
    clips = [replace(clip, container="matroska") for clip in (CLIP, NEXT)]
    assert concatenate(clips).numbers == [*range(24), *range(100, 124)]


def test_audio_stays_in_sync_whatever_the_clips_are(concatenate: Concatenate) -> None:
    clips = [
        CLIP,
        replace(OTHER_RATE, sample_rate=44_100, layout="mono"),
        replace(CLIP, width=320, height=192, audio_delay_s=0.1),
        replace(VARYING, sample_rate=22_050),
        replace(CLIP, container="webm", codec="libvpx", audio_codec="libopus"),
        replace(CLIP, container="mpegts", layout="5.1"),
        replace(CLIP, container="avi", codec="mpeg4", audio_codec="pcm_s16le"),
    ]
    output = concatenate([*clips, *clips])
    offsets = output.av_offsets()
    assert len(offsets) == 14
    assert max(map(abs, offsets)) < 0.03
    assert len(output.audio()) / 48_000 == pytest.approx(output.result.info.duration_s, abs=1024 / 48_000)


def test_the_output_has_stereo_audio_at_48_khz(concatenate: Concatenate) -> None:
    output = concatenate([replace(CLIP, sample_rate=44_100, layout="mono"), OTHER_RATE])
    with av.open(str(output.path)) as container:
        (stream,) = container.streams.audio
        assert (stream.codec_context.name, stream.rate, stream.layout.name) == ("aac", 48_000, "stereo")


def test_a_clip_without_audio_is_silent(concatenate: Concatenate) -> None:
    loud = Clip(frames=24, audio=True, tone=0.5)
    for clips, silent in (
        ([loud, OTHER_RATE_SILENT], slice(50_000, 94_000)),
        ([OTHER_RATE_SILENT, loud], slice(0, 46_000)),
    ):
        samples = concatenate(clips).audio()
        assert np.abs(samples[silent]).max() < 0.001
        assert np.abs(samples).max() > 0.4


OTHER_RATE_SILENT = Clip(frames=30, fps=30)


def test_a_gap_in_an_audio_stream_stays_a_gap(concatenate: Concatenate) -> None:
    clip = with_gap()
    samples = concatenate([clip, OTHER_RATE_SILENT]).audio()
    assert np.abs(samples[2000 : round(0.25 * 48_000)]).max() > 0.4
    assert np.abs(samples[round(0.4 * 48_000) : round(0.7 * 48_000)]).max() < 0.01
    assert np.abs(samples[round(0.8 * 48_000) : 46_000]).max() > 0.4


def with_gap() -> bytes:
    """Make a clip with a tone that pauses because audio packets are missing."""
    clip = Clip(frames=24, audio=True, tone=0.5, container="matroska")
    file = io.BytesIO()
    with av.open(io.BytesIO(clip.encoded())) as source, av.open(file, "w", format="matroska") as target:
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
    return Clip(frames=frames, drawing=Drawing.NOTHING, shade=shade, audio=True, tone=tone)


def test_a_cross_fade_blends_frames_step_by_step(concatenate: Concatenate) -> None:
    output = concatenate([plain(40), plain(190)], fade_s=0.5)
    assert output.result.info.frames == 48 + 48 - 12
    shades = [frame.shade for frame in output.frames]
    assert shades[:36] == pytest.approx([40] * 36, abs=3)
    assert shades[48:] == pytest.approx([190] * 36, abs=3)
    assert shades[36:48] == pytest.approx([40 + 150 * step / 13 for step in range(1, 13)], abs=4)


def test_a_cross_fade_fades_one_audio_out_and_the_other_in(concatenate: Concatenate) -> None:
    going = concatenate([plain(90, tone=0.6), plain(90)], fade_s=1).audio()
    coming = concatenate([plain(90), plain(90, tone=0.6)], fade_s=1).audio()
    for at, share in ((0.5, 0), (1.25, 0.25), (1.5, 0.5), (1.75, 0.75), (2.5, 1)):
        around = slice(round((at - 0.02) * 48_000), round((at + 0.02) * 48_000))
        assert np.abs(coming[around]).max() == pytest.approx(0.6 * share, abs=0.04)
        assert np.abs(going[around]).max() == pytest.approx(0.6 * (1 - share), abs=0.04)
    assert len(going) / 48_000 == pytest.approx(3, abs=1024 / 48_000)


def test_cross_fades_keep_audio_and_video_in_sync(concatenate: Concatenate) -> None:
    clips = [replace(CLIP, flashes=(12,), first=100 * number) for number in range(8)]
    output = concatenate([*clips, replace(OTHER_RATE, flashes=(15,))], fade_s=0.25)
    assert output.result.info.frames == 9 * 24 - 8 * 6
    assert max(map(abs, output.av_offsets())) < 0.04
    for number, clip in enumerate(clips[1:], 1):  # between the cross-fades
        assert output.numbers[18 * number + 6 : 18 * number + 18] == clip.numbers()[6:18]


def test_a_clip_may_consist_of_cross_fades_only(concatenate: Concatenate) -> None:
    output = concatenate([plain(40), plain(190, frames=24), plain(40)], fade_s=0.5)
    assert output.result.info.frames == 48 + 24 + 48 - 24
    assert max(frame.shade for frame in output.frames) > 170


def test_trimming_leaves_out_the_first_frames_of_each_following_clip_with_their_audio(
    concatenate: Concatenate,
) -> None:
    clips = [replace(CLIP, first=100 * number) for number in range(4)]
    output = concatenate(clips, trim_frames=4)
    assert output.numbers == [*range(24), *range(104, 124), *range(204, 224), *range(304, 324)]
    assert max(map(abs, output.av_offsets())) < 0.005
    assert len(output.audio()) / 48_000 == pytest.approx((24 + 3 * 20) / 24, abs=1024 / 48_000)


def test_trimming_and_fading_go_together(concatenate: Concatenate) -> None:
    clips = [replace(CLIP, first=100 * number, flashes=(12,)) for number in range(3)]
    output = concatenate(clips, trim_frames=4, fade_s=0.25)
    assert output.result.info.frames == 24 + 20 + 20 - 12
    assert output.numbers[:18] == list(range(18))
    assert output.numbers[-14:] == list(range(210, 224))
    assert max(map(abs, output.av_offsets())) < 0.005


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
def test_the_colours_of_the_output_are_right_and_tagged(concatenate: Concatenate, content: bytes) -> None:
    output = concatenate([content, CLIP])
    still = read_frame(io.BytesIO(output.path.read_bytes()), name="output", at=0.0)
    with Image.open(io.BytesIO(still.content)) as image:
        assert np.abs(np.subtract(image.getpixel((80, 48)), RGB)).max() <= 4
    with av.open(str(output.path)) as container:
        frame = next(container.decode(video=0))
        assert (int(frame.colorspace), int(frame.color_range)) == (1, 1)
        assert frame.format.name == "yuv420p"
        context = container.streams.video[0].codec_context
        assert (context.color_primaries, context.color_trc) == (1, 1)


def test_an_encoded_output_contains_no_version_of_ffmpeg(concatenate: Concatenate) -> None:
    assert b"Lav" not in concatenate([CLIP, OTHER_RATE], fade_s=0.2).path.read_bytes()


def test_the_encoder_uses_the_same_number_of_threads_on_every_machine(concatenate: Concatenate) -> None:
    # x264 writes it into the file; by default it uses a number that suits the processors.
    assert b" threads=4 " in concatenate([CLIP], size=(640, 480)).path.read_bytes()


def test_the_encoder_chooses_its_own_key_frames(concatenate: Concatenate) -> None:
    output = concatenate(
        [replace(CLIP, gop_size=1, flashes=()), replace(NEXT, gop_size=1, fps=25, flashes=())]
    )
    with av.open(str(output.path)) as container:
        keys = [packet.is_keyframe for packet in container.demux(video=0) if packet.size]
    assert sum(keys) < len(keys) / 4


def test_a_white_frame_stays_white(concatenate: Concatenate) -> None:
    output = concatenate([plain(WHITE), replace(plain(BLACK), fps=25)])
    assert abs(output.frames[0].shade - WHITE) <= 2
    assert abs(output.frames[-1].shade - BLACK) <= 2


@pytest.mark.parametrize("fps", [4, 8], ids=["copied", "encoded"])
def test_progress_is_reported_after_every_clip_and_every_few_seconds(tmp_path: Path, fps: int) -> None:
    reports: list[tuple[int, int, float, float]] = []
    clips = [Clip(frames=50, fps=4), Clip(frames=fps, fps=fps)]
    concatenated(clips, tmp_path / "output.mp4", progress=lambda *report: reports.append(report))
    assert [(number, clips) for number, clips, _, _ in reports] == [(1, 2), (1, 2), (1, 2), (2, 2)]
    assert [seconds for _, _, seconds, _ in reports] == [5, 10, 12.5, 13.5]
    assert {seconds for *_, seconds in reports} == {13.5}


@pytest.mark.parametrize("fps", [None, 12], ids=["copied", "encoded"])
def test_progress_is_reported_once_at_the_end_of_a_clip(tmp_path: Path, fps: int | None) -> None:
    reports: list[float] = []
    five = Clip(frames=50, fps=10, width=64, height=48)
    concatenated(
        [five, five], tmp_path / "output.mp4", fps=fps, progress=lambda *report: reports.append(report[2])
    )
    assert reports == [5, 10]


def test_a_clip_over_the_highest_frame_rate_loses_frames(concatenate: Concatenate) -> None:
    output = concatenate([Clip(frames=48, fps=240)])
    assert output.result.info.fps == 120
    assert output.numbers == list(range(0, 48, 2))


def test_a_frame_rate_may_be_a_rounded_float(concatenate: Concatenate) -> None:
    output = concatenate([CLIP], fps=Fraction(30000 / 1001))
    assert output.result.info.fps == 30000 / 1001


def test_a_single_clip_that_cannot_be_copied_is_encoded(concatenate: Concatenate) -> None:
    output = concatenate(
        [Clip(container="webm", codec="libvpx", audio=True, audio_codec="libopus", flashes=(6,))]
    )
    assert output.numbers == list(range(24))
    assert max(map(abs, output.av_offsets())) < 0.03

"""Clips that are alike: their video packets are copied."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from airflow_provider_kling.video.options import ConcatMethod
from tests.media.clips import (
    Clip,
    beeps,
    decode_audio,
    decode_video,
    packet_payloads,
    rotated,
    trimmed_by_edit_list,
)
from tests.video.concatenation import Concatenate, Output, concat, concatenated, files

# 25 frames at 24 frames a second are no whole number of AAC packets, at any sample rate.
CLIP = Clip(frames=25, flashes=(6,), audio=True)


def scenes(count: int, clip: Clip = CLIP) -> list[Clip]:
    """Return clips that differ only in their numbers."""
    return [replace(clip, first=50 * number % 1000) for number in range(count)]


def numbers(clips: list[Clip]) -> list[int]:
    return [number for clip in clips for number in clip.numbers()]


@pytest.fixture
def concatenate(tmp_path: Path) -> Concatenate:
    return partial(concatenated, path=tmp_path / "output.mp4")


def test_every_video_packet_is_copied_unchanged_and_in_order(concatenate: Concatenate) -> None:
    clips = scenes(3)
    output = concatenate(clips)
    assert output.result.method is ConcatMethod.COPIED
    assert packet_payloads(output.path) == [
        packet for clip in clips for packet in packet_payloads(clip.encoded())
    ]
    assert output.numbers == numbers(clips)


def test_the_result_describes_the_output(concatenate: Concatenate) -> None:
    output = concatenate(scenes(3)).result.info
    assert (output.frames, output.width, output.height) == (75, 160, 96)
    assert (output.fps, output.audio_codec) == (24.0, "aac")
    assert output.duration_s == pytest.approx(75 / 24)


@pytest.mark.parametrize(
    "audio", [{"sample_rate": 44_100, "layout": "mono"}, {}, {"audio_codec": "libmp3lame"}]
)
def test_audio_stays_in_sync_over_many_clips(concatenate: Concatenate, audio: dict[str, Any]) -> None:
    output = concatenate(10 * scenes(2, replace(CLIP, **audio)))
    assert output.result.method is ConcatMethod.COPIED
    offsets = output.av_offsets()
    assert len(offsets) == 20
    assert max(map(abs, offsets)) < 0.005
    assert len(output.audio()) / 48_000 == pytest.approx(output.result.info.duration_s, abs=1024 / 48_000)


def test_audio_that_starts_late_stays_late(concatenate: Concatenate) -> None:
    # The beep stays in sync with the flash although the audio stream starts later.
    clips = scenes(4, replace(CLIP, audio_delay_s=0.2))
    assert max(map(abs, concatenate(clips).av_offsets())) < 0.005


def test_audio_after_the_last_frame_is_left_out(concatenate: Concatenate, tmp_path: Path) -> None:
    clip = with_longer_audio(Clip(frames=24, flashes=(6,), audio=True), seconds=0.7)
    output = concatenate([clip, clip, clip])
    assert max(map(abs, output.av_offsets())) < 0.005
    assert output.result.info.frames == 72
    assert len(output.audio()) / 48_000 == pytest.approx(3, abs=1024 / 48_000)


def with_longer_audio(clip: Clip, *, seconds: float) -> bytes:
    """Make a clip whose audio continues, with a beep, after the last frame."""
    longer = replace(clip, frames=clip.frames + round(seconds * 24), flashes=(*clip.flashes, clip.frames + 6))
    file = io.BytesIO()
    with (
        av.open(io.BytesIO(clip.encoded())) as video,
        av.open(io.BytesIO(longer.encoded())) as audio,
        av.open(file, "w", format="mp4") as container,
    ):
        streams = {
            kind: container.add_stream_from_template(stream, opaque=True)
            for kind, stream in (("video", video.streams.video[0]), ("audio", audio.streams.audio[0]))
        }
        for packet in [*video.demux(video=0), *audio.demux(audio=0)]:
            if packet.size:
                packet.stream = streams[packet.stream.type]
                container.mux(packet)
    return file.getvalue()


def test_a_clip_without_audio_is_silent_and_still_copied(concatenate: Concatenate) -> None:
    loud = Clip(frames=24, audio=True, tone=0.5)
    output = concatenate([loud, Clip(frames=24), loud])
    assert output.result.method is ConcatMethod.COPIED
    samples = output.audio()
    assert np.abs(samples[48_000 + 2000 : 96_000 - 2000]).max() < 0.001
    assert loudness(samples[:46_000]) == pytest.approx(0.5 / 2**0.5, rel=0.1)
    assert loudness(samples[98_000:142_000]) == pytest.approx(0.5 / 2**0.5, rel=0.1)


def loudness(samples: np.ndarray[Any, np.dtype[np.float32]]) -> float:
    return float(np.sqrt(np.mean(samples**2)))


def test_without_any_audio_there_is_no_audio_stream(concatenate: Concatenate) -> None:
    output = concatenate(scenes(2, Clip()))
    assert output.result.info.audio_codec is None
    with av.open(str(output.path)) as container:
        assert [stream.type for stream in container.streams] == ["video"]


def test_one_clip_is_copied(concatenate: Concatenate) -> None:
    output = concatenate([CLIP])
    assert output.result.method is ConcatMethod.COPIED
    assert packet_payloads(output.path) == packet_payloads(CLIP.encoded())
    assert max(map(abs, output.av_offsets())) < 0.005


@pytest.mark.parametrize(
    "change", [{"b_frames": 0}, {"fps": Fraction(24000, 1001)}, {"fps": 25}, {"gop_size": 1}]
)
def test_other_kinds_of_clips_are_copied_too(concatenate: Concatenate, change: dict[str, Any]) -> None:
    clips = scenes(3, replace(CLIP, **change))
    output = concatenate(clips)
    assert output.result.method is ConcatMethod.COPIED
    assert output.numbers == numbers(clips)
    assert output.result.info.fps == pytest.approx(float(clips[0].fps))
    assert max(map(abs, output.av_offsets())) < 0.005


def test_options_that_change_nothing_do_not_prevent_copying(concatenate: Concatenate) -> None:
    output = concatenate(scenes(2), size=(160, 96), fps=24, fade_s=0, trim_frames=0)
    assert output.result.method is ConcatMethod.COPIED
    assert (
        concatenate([CLIP], fade_s=0.5, trim_frames=3).result.method is ConcatMethod.COPIED
    )  # there is nothing to fade or trim


DIFFERENT: dict[str, Callable[[], list[Clip | bytes]]] = {
    "size": lambda: [CLIP, replace(CLIP, first=50, width=320, height=192)],
    "rate": lambda: [CLIP, replace(CLIP, first=50, fps=25)],
    "reorder delay": lambda: [CLIP, replace(CLIP, first=50, b_frames=0)],
    "rotation": lambda: [rotated(CLIP.encoded(), 180), rotated(replace(CLIP, first=50).encoded(), 180)],
    "variable rate": lambda: [
        CLIP,
        replace(CLIP, first=50, times=(0, *(40 * at + 20 for at in range(1, 25)))),
    ],
    "codec": lambda: [replace(clip, codec="mpeg4") for clip in scenes(2)],
    "pixel format": lambda: [replace(clip, pixel_format="yuv444p") for clip in scenes(2)],
    "container": lambda: [replace(clip, container="matroska") for clip in scenes(2)],
    "discarded frames": lambda: [CLIP, with_edit_list()],
}


def with_edit_list() -> bytes:
    """Return a clip whose edit list displays the frames from the sixth on."""
    clip = Clip(frames=30, first=45)
    return trimmed_by_edit_list(clip.encoded(), skip=5, frames=25, ticks_a_frame=512, movie_ticks=1042)


@pytest.mark.parametrize("clips", DIFFERENT.values(), ids=DIFFERENT.keys())
def test_clips_that_are_not_alike_are_encoded(
    concatenate: Concatenate, clips: Callable[[], list[Clip | bytes]]
) -> None:
    assert concatenate(clips()).result.method is ConcatMethod.ENCODED


@pytest.mark.parametrize("option", [{"size": (320, 192)}, {"fps": 30}, {"fade_s": 0.2}, {"trim_frames": 1}])
def test_an_option_that_changes_frames_requires_encoding(
    concatenate: Concatenate, option: dict[str, Any]
) -> None:
    assert concatenate(scenes(2), **option).result.method is ConcatMethod.ENCODED


def test_the_index_is_at_the_start_so_that_the_output_can_be_streamed(concatenate: Concatenate) -> None:
    for output in (concatenate(scenes(2)), concatenate(scenes(2), fps=30)):
        content = output.path.read_bytes()
        assert 0 < content.index(b"moov") < content.index(b"mdat")


def test_decoding_times_are_ascending(concatenate: Concatenate) -> None:
    output = concatenate(scenes(3))
    with av.open(str(output.path)) as container:
        order = [packet.dts for packet in container.demux(video=0) if packet.size]
    assert order == sorted(set(order))


def test_an_output_can_be_concatenated_again(concatenate: Concatenate, tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    parts: list[Output] = []
    for number in range(2):
        folder = tmp_path / "parts" / str(number)
        folder.mkdir()
        parts.append(concatenated(scenes(2), folder / "output.mp4"))
    (tmp_path / "whole").mkdir()
    output = concatenated([part.path.read_bytes() for part in parts], tmp_path / "whole" / "output.mp4")
    assert output.result.method is ConcatMethod.COPIED
    assert output.numbers == 2 * numbers(scenes(2))
    assert max(map(abs, output.av_offsets())) < 0.005


def test_the_same_clips_give_the_same_bytes_without_ffmpegs_version(concatenate: Concatenate) -> None:
    # Not so for encoded video: x264 with AVX-512 reads uninitialised memory.
    first, second = [concatenate(scenes(3)).path.read_bytes() for _ in range(2)]
    assert first == second
    assert b"Lav" not in first


def test_an_existing_target_is_replaced(concatenate: Concatenate, tmp_path: Path) -> None:
    (tmp_path / "output.mp4").write_bytes(b"an older video")
    assert concatenate([CLIP]).numbers == CLIP.numbers()


def test_a_colon_in_a_file_name_is_no_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    concat(files([CLIP]), Path("output:1.mp4"))
    assert packet_payloads(tmp_path / "output:1.mp4") == packet_payloads(CLIP.encoded())


def test_the_helpers_of_these_tests_decode_what_they_encode() -> None:
    assert [frame.number for frame in decode_video(CLIP.encoded())] == CLIP.numbers()
    assert beeps(decode_audio(CLIP.encoded())) == pytest.approx([0.25], abs=0.001)

"""Clips that are alike: their pictures are taken over as they are."""

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

from airflow_provider_kling.video.concat import JoinMethod, join
from tests.media.clips import Clip, beeps, hear, payloads, rotated, trimmed_by_edit_list, watch
from tests.video.joining import Film, Join, files, joined

# 25 frames at 24 a second are no whole number of AAC's packets, at any sample rate.
CLIP = Clip(frames=25, flashes=(6,), sound=True)


def scenes(count: int, clip: Clip = CLIP) -> list[Clip]:
    """Return clips that are alike but for the numbers in them."""
    return [replace(clip, first=50 * number % 1000) for number in range(count)]


def numbers(clips: list[Clip]) -> list[int]:
    return [number for clip in clips for number in clip.numbers()]


@pytest.fixture
def film(tmp_path: Path) -> Join:
    return partial(joined, path=tmp_path / "film.mp4")


def test_every_picture_is_kept_to_the_bit_and_in_order(film: Join) -> None:
    clips = scenes(3)
    made = film(clips)
    assert made.result.method is JoinMethod.COPIED
    assert payloads(made.path) == [packet for clip in clips for packet in payloads(clip.made())]
    assert made.numbers == numbers(clips)


def test_the_result_says_what_was_made(film: Join) -> None:
    made = film(scenes(3)).result
    assert (made.frames, made.width, made.height, made.fps, made.has_sound) == (75, 160, 96, 24.0, True)
    assert made.seconds == pytest.approx(75 / 24)


@pytest.mark.parametrize(
    "sound", [{"sample_rate": 44_100, "layout": "mono"}, {}, {"sound_codec": "libmp3lame"}]
)
def test_sound_stays_with_the_pictures_over_many_clips(film: Join, sound: dict[str, Any]) -> None:
    made = film(10 * scenes(2, replace(CLIP, **sound)))
    assert made.result.method is JoinMethod.COPIED
    apart = made.apart()
    assert len(apart) == 20
    assert max(map(abs, apart)) < 0.005
    assert len(made.heard()) / 48_000 == pytest.approx(made.result.seconds, abs=1024 / 48_000)


def test_sound_that_begins_late_stays_late(film: Join) -> None:
    # The beep is a frame of 1/24 s; it comes where the picture flashes although the track begins later.
    clips = scenes(4, replace(CLIP, sound_late_s=0.2))
    assert max(map(abs, film(clips).apart())) < 0.005


def test_sound_that_goes_on_behind_the_pictures_is_left_out(film: Join, tmp_path: Path) -> None:
    clip = with_longer_sound(Clip(frames=24, flashes=(6,), sound=True), seconds=0.7)
    made = film([clip, clip, clip])
    assert max(map(abs, made.apart())) < 0.005
    assert made.result.frames == 72
    assert len(made.heard()) / 48_000 == pytest.approx(3, abs=1024 / 48_000)


def with_longer_sound(clip: Clip, *, seconds: float) -> bytes:
    """Make a clip whose sound goes on with a beep of its own after the last picture."""
    longer = replace(clip, frames=clip.frames + round(seconds * 24), flashes=(*clip.flashes, clip.frames + 6))
    file = io.BytesIO()
    with (
        av.open(io.BytesIO(clip.made())) as pictures,
        av.open(io.BytesIO(longer.made())) as sounds,
        av.open(file, "w", format="mp4") as container,
    ):
        streams = {
            kind: container.add_stream_from_template(stream, opaque=True)
            for kind, stream in (("video", pictures.streams.video[0]), ("audio", sounds.streams.audio[0]))
        }
        for packet in [*pictures.demux(video=0), *sounds.demux(audio=0)]:
            if packet.size:
                packet.stream = streams[packet.stream.type]
                container.mux(packet)
    return file.getvalue()


def test_a_clip_without_sound_is_silent_and_still_copied(film: Join) -> None:
    loud = Clip(frames=24, sound=True, tone=0.5)
    made = film([loud, Clip(frames=24), loud])
    assert made.result.method is JoinMethod.COPIED
    heard = made.heard()
    assert np.abs(heard[48_000 + 2000 : 96_000 - 2000]).max() < 0.001
    assert loudness(heard[:46_000]) == pytest.approx(0.5 / 2**0.5, rel=0.1)
    assert loudness(heard[98_000:142_000]) == pytest.approx(0.5 / 2**0.5, rel=0.1)


def loudness(samples: np.ndarray[Any, np.dtype[np.float32]]) -> float:
    return float(np.sqrt(np.mean(samples**2)))


def test_without_any_sound_there_is_no_track(film: Join) -> None:
    made = film(scenes(2, Clip()))
    assert not made.result.has_sound
    with av.open(str(made.path)) as container:
        assert [stream.type for stream in container.streams] == ["video"]


def test_one_clip_is_copied(film: Join) -> None:
    made = film([CLIP])
    assert made.result.method is JoinMethod.COPIED
    assert payloads(made.path) == payloads(CLIP.made())
    assert max(map(abs, made.apart())) < 0.005


@pytest.mark.parametrize(
    "change", [{"b_frames": 0}, {"fps": Fraction(24000, 1001)}, {"fps": 25}, {"key_every": 1}]
)
def test_other_kinds_of_clips_are_copied_too(film: Join, change: dict[str, Any]) -> None:
    clips = scenes(3, replace(CLIP, **change))
    made = film(clips)
    assert made.result.method is JoinMethod.COPIED
    assert made.numbers == numbers(clips)
    assert made.result.fps == pytest.approx(float(clips[0].fps))
    assert max(map(abs, made.apart())) < 0.005


def test_what_is_asked_and_there_already_changes_nothing(film: Join) -> None:
    made = film(scenes(2), size=(160, 96), fps=24, fade_s=0, trim_frames=0)
    assert made.result.method is JoinMethod.COPIED
    assert film([CLIP], fade_s=0.5, trim_frames=3).result.method is JoinMethod.COPIED  # no seam


DIFFERENT: dict[str, Callable[[], list[Clip | bytes]]] = {
    "size": lambda: [CLIP, replace(CLIP, first=50, width=320, height=192)],
    "rate": lambda: [CLIP, replace(CLIP, first=50, fps=25)],
    "decoding order": lambda: [CLIP, replace(CLIP, first=50, b_frames=0)],
    "rotation": lambda: [rotated(CLIP.made(), 180), rotated(replace(CLIP, first=50).made(), 180)],
    "varying rate": lambda: [
        CLIP,
        replace(CLIP, first=50, times=(0, *(40 * at + 20 for at in range(1, 25)))),
    ],
    "codec": lambda: [replace(clip, codec="mpeg4") for clip in scenes(2)],
    "pixel format": lambda: [replace(clip, pixel_format="yuv444p") for clip in scenes(2)],
    "container": lambda: [replace(clip, container="matroska") for clip in scenes(2)],
    "hidden frames": lambda: [CLIP, hidden()],
}


def hidden() -> bytes:
    """Return a clip that shows its frames from the sixth on."""
    clip = Clip(frames=30, first=45)
    return trimmed_by_edit_list(clip.made(), skip=5, frames=25, ticks_a_frame=512, movie_ticks=1042)


@pytest.mark.parametrize("clips", DIFFERENT.values(), ids=DIFFERENT.keys())
def test_clips_that_are_not_alike_are_encoded(film: Join, clips: Callable[[], list[Clip | bytes]]) -> None:
    assert film(clips()).result.method is JoinMethod.ENCODED


@pytest.mark.parametrize("option", [{"size": (320, 192)}, {"fps": 30}, {"fade_s": 0.2}, {"trim_frames": 1}])
def test_what_changes_the_pictures_has_them_encoded(film: Join, option: dict[str, Any]) -> None:
    assert film(scenes(2), **option).result.method is JoinMethod.ENCODED


def test_the_index_lies_in_front_so_that_the_film_plays_while_it_is_loaded(film: Join) -> None:
    for made in (film(scenes(2)), film(scenes(2), fps=30)):
        content = made.path.read_bytes()
        assert 0 < content.index(b"moov") < content.index(b"mdat")


def test_packets_are_decoded_in_rising_order(film: Join) -> None:
    made = film(scenes(3))
    with av.open(str(made.path)) as container:
        order = [packet.dts for packet in container.demux(video=0) if packet.size]
    assert order == sorted(set(order))


def test_a_film_can_be_joined_again(film: Join, tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    parts: list[Film] = []
    for number in range(2):
        folder = tmp_path / "parts" / str(number)
        folder.mkdir()
        parts.append(joined(scenes(2), folder / "film.mp4"))
    (tmp_path / "whole").mkdir()
    made = joined([part.path.read_bytes() for part in parts], tmp_path / "whole" / "film.mp4")
    assert made.result.method is JoinMethod.COPIED
    assert made.numbers == 2 * numbers(scenes(2))
    assert max(map(abs, made.apart())) < 0.005


def test_the_same_clips_make_the_same_bytes_without_a_version(film: Join) -> None:
    # Not so where pictures are encoded: x264 with AVX-512 decides by memory that nobody has written to.
    first, second = [film(scenes(3)).path.read_bytes() for _ in range(2)]
    assert first == second
    assert b"Lav" not in first


def test_what_was_under_the_target_is_replaced(film: Join, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"an older film")
    assert film([CLIP]).numbers == CLIP.numbers()


def test_a_colon_in_a_name_is_no_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    join(files([CLIP]), Path("film:1.mp4"))
    assert payloads(tmp_path / "film:1.mp4") == payloads(CLIP.made())


def test_the_clip_maker_and_the_measures_agree() -> None:
    assert [frame.number for frame in watch(CLIP.made())] == CLIP.numbers()
    assert beeps(hear(CLIP.made())) == pytest.approx([0.25], abs=0.001)

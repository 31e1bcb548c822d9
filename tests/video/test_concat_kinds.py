"""Clips of every kind are concatenated frame by frame as the independent program ``ffmpeg`` decodes them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from airflow_provider_kling.video.concatenator import Concatenator
from airflow_provider_kling.video.options import ClipWarning, ConcatOptions
from tests.media.ffmpeg import decode
from tests.media.kinds import KINDS, X264, Kind, converted
from tests.video.concatenation import concatenated, files


@pytest.fixture(params=KINDS.values(), ids=KINDS.keys())
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


def test_each_frame_of_each_clip_is_in_the_output(kind: Kind, tmp_path: Path) -> None:
    output = concatenated([kind.content(), kind.content()], tmp_path / "output.mp4")
    assert output.numbers == 2 * list(decode(kind.content()).numbers)
    told = [ClipWarning.SILENT] * kind.silent + [ClipWarning.HDR] * kind.hdr
    assert output.result.warnings == tuple((number, each) for number in (0, 1) for each in told)


UNEVEN = "-vf select='lt(n,10)+not(mod(n,3))' -fps_mode vfr"
VARIABLE = {
    "Matroska": converted(f"{UNEVEN} {X264} -an", "out.mkv"),
    "MP4": converted(f"{UNEVEN} {X264} -an", "out.mp4"),
    "a frame is the unit": converted(f"{UNEVEN} {X264} -an -video_track_timescale 24", "out.mp4"),
    "GIF": converted(f"{UNEVEN} -an -loop -1", "out.gif"),
}


@pytest.mark.parametrize("make", VARIABLE.values(), ids=VARIABLE)
def test_at_a_variable_rate_no_frame_is_left_out(make: Callable[[], bytes], tmp_path: Path) -> None:
    content = make()
    output = concatenated([content, content], tmp_path / "output.mp4")
    shown = [number for number, _ in groupby(output.numbers)]
    assert shown == 2 * list(decode(content).numbers)


def test_a_child_process_tells_which_clip_is_silent(tmp_path: Path) -> None:
    contents = [KINDS["MP4"].content(), KINDS["undecodable audio"].content()]
    with Concatenator() as concatenator:
        result = concatenator.concat(
            files(contents), tmp_path / "output.mp4", options=ConcatOptions(), progress=lambda *_: None
        )
    assert result.warnings == ((1, ClipWarning.SILENT),)


def test_the_audio_lasts_as_long_as_the_frames(kind: Kind, tmp_path: Path) -> None:
    output = concatenated([kind.content(), kind.content()], tmp_path / "output.mp4")
    assert output.result.info.has_audio is (kind.audio_codec is not None)
    if kind.audio_codec is not None:
        seconds = len(output.frames) / kind.fps
        samples = output.audio()
        assert len(samples) / 48_000 == pytest.approx(seconds, abs=1024 / 48_000)
        # Everywhere a tone, but for what an encoder leaves out at the ends of a clip.
        loud = [np.abs(piece).max() > 0.2 for piece in np.array_split(samples, round(seconds * 10))]
        assert sum(loud) >= len(loud) - 4

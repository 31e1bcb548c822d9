"""Concatenating test clips, and decoding every frame of the output."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_kling.media.source_file import SourceFile
from airflow_provider_kling.video import concat as video_concat
from airflow_provider_kling.video.options import ConcatOptions, ConcatResult, Progress
from tests.media.clips import (
    WHOLE,
    Box,
    Clip,
    DecodedFrame,
    Samples,
    beeps,
    decode_audio,
    decode_video,
    flashes,
)


@dataclass(frozen=True, kw_only=True)
class Output:
    """A concatenated video: its path, the returned result, and its decoded frames."""

    path: Path
    result: ConcatResult
    frames: list[DecodedFrame]

    @property
    def numbers(self) -> list[int]:
        """Return the numbers in its frames."""
        return [frame.number for frame in self.frames]

    def audio(self) -> Samples:
        """Return its audio, one channel at 48 kHz."""
        return decode_audio(self.path)

    def av_offsets(self) -> list[float]:
        """Return by how many seconds each beep starts after its flash."""
        flash_times, beep_times = flashes(self.frames), beeps(self.audio())
        assert len(flash_times) == len(beep_times)
        return [beep - flash for flash, beep in zip(flash_times, beep_times, strict=True)]


Concatenate = Callable[..., Output]
"""Concatenates clips and decodes the output."""


def files(clips: Sequence[Clip | bytes]) -> list[SourceFile]:
    """Return clips as :func:`concat` takes them; their names are ``scene 1`` and so on."""
    contents = [clip.encoded() if isinstance(clip, Clip) else clip for clip in clips]
    return [
        SourceFile(name=f"scene {number}", open=partial(io.BytesIO, content))
        for number, content in enumerate(contents, 1)
    ]


def concat(
    clips: Sequence[SourceFile], target: Path, *, progress: Progress = lambda *_: None, **options: Any
) -> ConcatResult:
    """Concatenate clips, with the fields of ``ConcatOptions`` as arguments."""
    return video_concat.concat(clips, target, options=ConcatOptions(**options), progress=progress)


def concatenated(clips: Sequence[Clip | bytes], path: Path, *, box: Box = WHOLE, **options: Any) -> Output:
    """Concatenate clips into a path, and check what holds for every output.

    :param box: the part of the output's frames that shows the clips.
    """
    result = concat(files(clips), path, **options)
    info = result.info
    frames = decode_video(path, box=box)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert info.frames == len(frames)
    assert info.fps is not None
    assert info.duration_s == pytest.approx(len(frames) / info.fps)
    # The presentation times are those of a constant rate, from zero on.
    assert all(abs(float(frame.time) * info.fps - number) < 0.01 for number, frame in enumerate(frames))
    return Output(path=path, result=result, frames=frames)

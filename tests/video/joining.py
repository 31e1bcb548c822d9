"""Joining made clips, and looking at every frame of what comes out."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from airflow_provider_kling.video.clip import ClipFile
from airflow_provider_kling.video.concat import Joined, join
from tests.media.clips import WHOLE, Box, Clip, Samples, Seen, beeps, flashes, hear, watch


@dataclass(frozen=True, kw_only=True)
class Film:
    """A film that was joined: where it is, what was said of it, and what it really is."""

    path: Path
    result: Joined
    seen: list[Seen]

    @property
    def numbers(self) -> list[int]:
        """Return the numbers in its frames."""
        return [frame.number for frame in self.seen]

    def heard(self) -> Samples:
        """Return its sound, one channel at 48 kHz."""
        return hear(self.path)

    def apart(self) -> list[float]:
        """Return by how many seconds each beep comes after its flash."""
        shown, heard = flashes(self.seen), beeps(self.heard())
        assert len(shown) == len(heard)
        return [sound - picture for picture, sound in zip(shown, heard, strict=True)]


Join = Callable[..., Film]
"""Joins clips and looks at the film."""


def files(clips: Sequence[Clip | bytes]) -> list[ClipFile]:
    """Return clips as they are given to be joined; they are called ``scene 1`` and so on."""
    contents = [clip.made() if isinstance(clip, Clip) else clip for clip in clips]
    return [
        ClipFile(name=f"scene {number}", open=partial(io.BytesIO, content))
        for number, content in enumerate(contents, 1)
    ]


def joined(clips: Sequence[Clip | bytes], path: Path, *, box: Box = WHOLE, **options: Any) -> Film:
    """Join clips into a path, and check what holds for every film.

    :param box: the part of the film's picture that shows the clips as they were made.
    """
    result = join(files(clips), path, **options)
    seen = watch(path, box=box)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert result.frames == len(seen)
    assert result.size == path.stat().st_size
    assert abs(result.seconds - result.frames / result.fps) < 1e-6
    # Every frame at its place of a constant rate, beginning at zero.
    assert all(abs(float(frame.time) * result.fps - number) < 0.01 for number, frame in enumerate(seen))
    return Film(path=path, result=result, seen=seen)

"""What a video file really is, found by playing it to the end."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av


class NotAVideoError(ValueError):
    """The file can't be played to its end."""


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A video file; ``seconds`` is frames by frame rate, so what a player would show."""

    path: Path
    bytes: int
    seconds: float
    width: int
    height: int
    codec: str

    def __str__(self) -> str:
        megabytes = self.bytes / 1_000_000
        return f"{megabytes:.1f} MB  {self.seconds:.1f} s  {self.width}x{self.height} {self.codec}"


def play(path: Path) -> Clip:
    """Decode every frame of a file's video; raise NotAVideoError when that fails or there is none."""
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            frames = sum(1 for _ in container.decode(stream))
            rate = stream.average_rate or Fraction(1)
            found = Clip(
                path=path,
                bytes=path.stat().st_size,
                seconds=float(frames / rate),
                width=stream.width,
                height=stream.height,
                codec=stream.codec_context.name,
            )
    except (OSError, IndexError, av.FFmpegError) as error:
        raise NotAVideoError(f"{path} is no playable video: {error}") from error
    if not frames:
        raise NotAVideoError(f"{path} holds no frame")
    return found

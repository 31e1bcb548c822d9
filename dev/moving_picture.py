"""A film as a picture that moves, for pages that show no videos: an animated WebP."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image

WIDTH = 640
FRAMES_PER_SECOND = 6  # enough to see that it moves; the file's size grows with it
QUALITY = 45


def frames(film: Path) -> list[Image.Image]:
    """Return some of a film's frames, evenly spaced in time, made small."""
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        step = (stream.average_rate or Fraction(24)) / FRAMES_PER_SECOND
        taken = [frame for number, frame in enumerate(container.decode(stream)) if number % step < 1]
        small = [one.reformat(WIDTH, one.height * WIDTH // one.width, format="rgb24") for one in taken]
        return [Image.fromarray(one.to_ndarray()) for one in small]


def main(film: Path, picture: Path) -> None:
    """Write the picture."""
    first, *others = frames(film)
    first.save(
        picture,
        save_all=True,
        append_images=others,
        duration=round(1000 / FRAMES_PER_SECOND),
        loop=0,
        quality=QUALITY,
        method=6,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

"""A clip begins with the whole picture it was made from, and ends with the whole last one."""

from __future__ import annotations

import io
import itertools
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageOps

from tests.sandbox.film import decoded, made, png

CLEAR = slice(60, 560)  # rows of a 720p frame that no words stand in

Luma = npt.NDArray[np.uint8]


def _mosaic(seed: int, size: tuple[int, int] = (640, 480)) -> bytes:
    """A picture that is like no other, and not like itself moved."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return png(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC))


def _whole(picture: bytes, *, width: int, height: int) -> Luma:
    """The luma of a picture that fills a frame, as video has it."""
    image = ImageOps.fit(Image.open(io.BytesIO(picture)), (width, height), Image.Resampling.BICUBIC)
    red, green, blue = np.moveaxis(np.asarray(image, np.float32), -1, 0)
    return (16 + (0.2126 * red + 0.7152 * green + 0.0722 * blue) * 219 / 255).astype(np.uint8)


def _apart(first: Luma, second: Luma) -> float:
    return float(np.abs(first[CLEAR].astype(int) - second[CLEAR].astype(int)).mean())


@pytest.mark.parametrize(("shape", "width"), [("16:9", 1280), ("1:1", 720)])
@pytest.mark.parametrize("multi_shot", [False, True])
def test_the_first_frame_is_the_whole_first_picture(tmp_path, shape: str, width: int, multi_shot: bool):
    pictures = (_mosaic(1), _mosaic(2))
    clip = made(tmp_path / "clip.mp4", images=pictures, seconds=2, aspect_ratio=shape, multi_shot=multi_shot)
    frames = decoded(clip.path).luma
    whole = _whole(pictures[0], width=width, height=720)
    assert _apart(frames[0], whole) < 3
    assert _apart(frames[12], whole) > 10  # by then the camera moves over it
    assert max(_apart(before, after) for before, after in itertools.pairwise(frames[:12])) < 10


def test_with_a_tail_the_last_frame_is_the_whole_last_picture(tmp_path: Path):
    pictures = (_mosaic(1), _mosaic(2))
    frames = decoded(made(tmp_path / "clip.mp4", images=pictures, seconds=2, tail=True).path).luma
    whole = _whole(pictures[1], width=720, height=720)
    assert _apart(frames[0], _whole(pictures[0], width=720, height=720)) < 3
    assert _apart(frames[-1], whole) < 3
    assert _apart(frames[-13], whole) > 10


def test_without_a_tail_the_camera_moves_to_the_end(tmp_path: Path):
    pictures = (_mosaic(1), _mosaic(2))
    frames = decoded(made(tmp_path / "clip.mp4", images=pictures, seconds=2).path).luma
    assert _apart(frames[-1], _whole(pictures[1], width=720, height=720)) > 10


def test_a_clip_made_from_the_last_frame_of_another_begins_where_that_ended(tmp_path: Path):
    first = decoded(made(tmp_path / "a.mp4", images=(_mosaic(1), _mosaic(2)), tail=True).path)
    last = png(Image.fromarray(first.last))
    second = decoded(made(tmp_path / "b.mp4", images=(last,)).path)
    assert _apart(first.luma[-1], second.luma[0]) < 3

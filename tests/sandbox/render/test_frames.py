"""A video begins with the complete first image, and can end with the complete last one."""

from __future__ import annotations

import io
import itertools
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageOps

from tests.sandbox.samples import decoded, png, rendered

CLEAR = slice(60, 560)  # rows of a 720p frame without text

Luma = npt.NDArray[np.uint8]


def _mosaic(seed: int, size: tuple[int, int] = (640, 480)) -> bytes:
    """An image that differs from any other, and from itself after a move."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return png(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC))


def _cropped(data: bytes, *, width: int, height: int) -> Luma:
    """The luma of an image that fills a frame."""
    image = ImageOps.fit(Image.open(io.BytesIO(data)), (width, height), Image.Resampling.BICUBIC)
    red, green, blue = np.moveaxis(np.asarray(image, np.float32), -1, 0)
    return (16 + (0.2126 * red + 0.7152 * green + 0.0722 * blue) * 219 / 255).astype(np.uint8)


def _difference(first: Luma, second: Luma) -> float:
    return float(np.abs(first[CLEAR].astype(int) - second[CLEAR].astype(int)).mean())


@pytest.mark.parametrize(("shape", "width"), [("16:9", 1280), ("1:1", 720)])
@pytest.mark.parametrize("multi_shot", [False, True])
def test_the_first_frame_is_the_complete_first_image(tmp_path, shape: str, width: int, multi_shot: bool):
    images = (_mosaic(1), _mosaic(2))
    clip = rendered(
        tmp_path / "clip.mp4", images=images, seconds=2, aspect_ratio=shape, multi_shot=multi_shot
    )
    frames = decoded(clip.path).luma
    cropped = _cropped(images[0], width=width, height=720)
    assert _difference(frames[0], cropped) < 3
    assert _difference(frames[12], cropped) > 10  # by then the camera moves
    assert max(_difference(before, after) for before, after in itertools.pairwise(frames[:12])) < 10


def test_with_a_last_frame_the_video_ends_with_the_complete_last_image(tmp_path: Path):
    images = (_mosaic(1), _mosaic(2))
    frames = decoded(
        rendered(tmp_path / "clip.mp4", images=images, seconds=2, ends_with_last_image=True).path
    ).luma
    cropped = _cropped(images[1], width=720, height=720)
    assert _difference(frames[0], _cropped(images[0], width=720, height=720)) < 3
    assert _difference(frames[-1], cropped) < 3
    assert _difference(frames[-13], cropped) > 10


def test_without_a_last_frame_the_camera_moves_to_the_end(tmp_path: Path):
    images = (_mosaic(1), _mosaic(2))
    frames = decoded(rendered(tmp_path / "clip.mp4", images=images, seconds=2).path).luma
    assert _difference(frames[-1], _cropped(images[1], width=720, height=720)) > 10


def test_a_video_made_from_the_last_frame_of_another_begins_where_that_ends(tmp_path: Path):
    first = decoded(
        rendered(tmp_path / "a.mp4", images=(_mosaic(1), _mosaic(2)), ends_with_last_image=True).path
    )
    last = png(Image.fromarray(first.last))
    second = decoded(rendered(tmp_path / "b.mp4", images=(last,)).path)
    assert _difference(first.luma[-1], second.luma[0]) < 3

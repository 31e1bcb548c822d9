"""A picture as luma and chroma planes, as video is encoded: painting there needs no conversion."""

from __future__ import annotations

from typing import Final

import av
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

Plane = npt.NDArray[np.uint8]

FPS: Final = 24

# Width and height of the landscape form, by resolution (docs: kling-video-o1; upstream Kling's sizes).
FRAME_SIZES: Final = {"720p": (1280, 720), "1080p": (1920, 1080), "4k": (3840, 2160)}
FRAME_RATIOS: Final = {"16:9": 16 / 9, "9:16": 9 / 16, "1:1": 1.0}


def frame_size(resolution: str, aspect_ratio: str) -> tuple[int, int]:
    """Return width and height in pixels; the short side is the resolution's."""
    width, height = FRAME_SIZES[resolution]
    return {"16:9": (width, height), "9:16": (height, width), "1:1": (height, height)}[aspect_ratio]


def nearest_ratio(width: int, height: int) -> str:
    """Return the offered aspect ratio that is closest to a picture's."""
    return min(FRAME_RATIOS, key=lambda name: abs(np.log(FRAME_RATIOS[name] * height / width)))


class Planes:
    """A yuv420p picture: ``y`` of height by width, ``u`` and ``v`` of half of each; all views of ``data``.

    Sides are even. ``data`` has the layout that PyAV takes: the three planes one after another.
    """

    def __init__(self, *, width: int, height: int, data: Plane | None = None) -> None:
        self.width, self.height = width, height
        self.data = np.empty((height * 3 // 2, width), np.uint8) if data is None else data
        flat = self.data.reshape(-1)
        luma, chroma = width * height, width * height // 4
        self.y: Plane = flat[:luma].reshape(height, width)
        self.u: Plane = flat[luma : luma + chroma].reshape(height // 2, width // 2)
        self.v: Plane = flat[luma + chroma :].reshape(height // 2, width // 2)

    @classmethod
    def of_frame(cls, frame: av.VideoFrame, *, width: int, height: int) -> Planes:
        """Return a frame scaled to a size."""
        scaled = frame.reformat(
            width=width,
            height=height,
            format="yuv420p",
            dst_colorspace="ITU709",  # by name, as every version of PyAV takes it
            interpolation="BILINEAR",
        )
        return cls(width=width, height=height, data=np.asarray(scaled.to_ndarray(), np.uint8))

    @classmethod
    def of_image(cls, image: Image.Image, *, width: int, height: int) -> Planes:
        """Return an RGB image that fills a size, cut at its longer side."""
        picture = ImageOps.fit(image, (width, height), Image.Resampling.BICUBIC)
        frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
        return cls.of_frame(frame, width=width, height=height)

    def paste(self, other: Planes, *, from_x: int = 0, from_y: int = 0) -> None:
        """Fill this picture with the part of a larger one that begins at an (even) corner."""
        x, y = from_x // 2, from_y // 2
        self.y[:] = other.y[2 * y : 2 * y + self.height, 2 * x : 2 * x + self.width]
        self.u[:] = other.u[y : y + self.height // 2, x : x + self.width // 2]
        self.v[:] = other.v[y : y + self.height // 2, x : x + self.width // 2]

    def inset(self, other: Planes, *, x: int, y: int) -> None:
        """Put a smaller picture on this one, its corner at an (even) place."""
        column, row = x // 2, y // 2
        self.y[2 * row : 2 * row + other.height, 2 * column : 2 * column + other.width] = other.y
        self.u[row : row + other.height // 2, column : column + other.width // 2] = other.u
        self.v[row : row + other.height // 2, column : column + other.width // 2] = other.v


def covering(from_width: int, from_height: int, *, width: int, height: int) -> tuple[int, int]:
    """Return the smallest even size of the same shape that covers another."""
    scale = max(width / from_width, height / from_height)
    return max(width, round(from_width * scale / 2) * 2), max(height, round(from_height * scale / 2) * 2)

"""A frame as luma and chroma planes, the form that is encoded: painting on it needs no conversion."""

from __future__ import annotations

from typing import Final

import av
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

Plane = npt.NDArray[np.uint8]

FPS: Final = 24

# Width and height in landscape by resolution (docs: kling-video-o1; sizes of Kling's own platform).
FRAME_SIZES: Final = {"720p": (1280, 720), "1080p": (1920, 1080), "4k": (3840, 2160)}
ASPECT_RATIOS: Final = {"16:9": 16 / 9, "9:16": 9 / 16, "1:1": 1.0}


def frame_size(resolution: str, aspect_ratio: str) -> tuple[int, int]:
    """Return width and height in pixels; the short side is that of the resolution."""
    width, height = FRAME_SIZES[resolution]
    return {"16:9": (width, height), "9:16": (height, width), "1:1": (height, height)}[aspect_ratio]


def nearest_aspect_ratio(width: int, height: int) -> str:
    """Return the documented aspect ratio that is closest to that of an image."""
    return min(ASPECT_RATIOS, key=lambda name: abs(np.log(ASPECT_RATIOS[name] * height / width)))


class YuvFrame:
    """A yuv420p frame with even sides.

    ``y`` has the frame's height and width, ``u`` and ``v`` have half of each. All three are views of
    ``data``, which has the layout of PyAV: the three planes one after another.
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
    def from_av_frame(cls, frame: av.VideoFrame, *, width: int, height: int) -> YuvFrame:
        """Return a decoded frame, scaled to a size."""
        scaled = frame.reformat(
            width=width,
            height=height,
            format="yuv420p",
            dst_colorspace="ITU709",  # by name, which every version of PyAV accepts
            interpolation="BILINEAR",
        )
        return cls(width=width, height=height, data=np.asarray(scaled.to_ndarray(), np.uint8))

    @classmethod
    def from_image(cls, image: Image.Image, *, width: int, height: int) -> YuvFrame:
        """Return an RGB image that fills a size, cropped on its longer side."""
        fitted = ImageOps.fit(image, (width, height), Image.Resampling.BICUBIC)
        frame = av.VideoFrame.from_ndarray(np.asarray(fitted), format="rgb24")
        return cls.from_av_frame(frame, width=width, height=height)

    def copy_crop(self, other: YuvFrame, *, x: int = 0, y: int = 0) -> None:
        """Fill this frame with a part of a larger one; ``x`` and ``y`` are its corner there, and even."""
        column, row = x // 2, y // 2
        self.y[:] = other.y[2 * row : 2 * row + self.height, 2 * column : 2 * column + self.width]
        self.u[:] = other.u[row : row + self.height // 2, column : column + self.width // 2]
        self.v[:] = other.v[row : row + self.height // 2, column : column + self.width // 2]

    def inset(self, other: YuvFrame, *, x: int, y: int) -> None:
        """Put a smaller frame on this one; ``x`` and ``y`` are its corner here, and even."""
        column, row = x // 2, y // 2
        self.y[2 * row : 2 * row + other.height, 2 * column : 2 * column + other.width] = other.y
        self.u[row : row + other.height // 2, column : column + other.width // 2] = other.u
        self.v[row : row + other.height // 2, column : column + other.width // 2] = other.v


def cover_size(from_width: int, from_height: int, *, width: int, height: int) -> tuple[int, int]:
    """Return the smallest even size with the same aspect ratio that covers a frame."""
    scale = max(width / from_width, height / from_height)
    return max(width, round(from_width * scale / 2) * 2), max(height, round(from_height * scale / 2) * 2)

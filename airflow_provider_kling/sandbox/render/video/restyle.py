"""The look of an edited video: fewer tones, dark outlines, rotated hues. The prompt decides which."""

from __future__ import annotations

from random import Random
from typing import Final

import av
import numpy as np
import numpy.typing as npt

from airflow_provider_kling.sandbox.render.video.yuv_frame import YuvFrame, cover_size

_EDGE: Final = 14  # difference in luma between neighbours that is drawn as an outline


class Restyler:
    """Turns frames of a source video into frames of the result, all in one look."""

    def __init__(self, *, rng: Random) -> None:
        levels = rng.randint(5, 8)
        ramp = np.arange(256)
        self._tones = np.clip((ramp * levels // 256) * (215 // (levels - 1)) + 20, 16, 235).astype(np.uint8)
        self._quarter_turns = rng.randint(1, 3)

    def paint(self, frame: av.VideoFrame, canvas: YuvFrame) -> None:
        """Paint a source frame on the canvas: scaled to fill it, cropped on the longer side, restyled."""
        width, height = cover_size(frame.width, frame.height, width=canvas.width, height=canvas.height)
        source = YuvFrame.from_av_frame(frame, width=width, height=height)
        canvas.copy_crop(source, x=(width - canvas.width) // 2, y=(height - canvas.height) // 2)
        outline = _outline(canvas)
        canvas.y[:] = self._tones[canvas.y]
        canvas.y[outline] = 24
        self._rotate_hue(canvas)

    def _rotate_hue(self, canvas: YuvFrame) -> None:
        # A quarter turn of the hue swaps the chroma planes and inverts one; no arithmetic is needed.
        u, v = canvas.u.copy(), canvas.v.copy()
        match self._quarter_turns:
            case 1:
                canvas.u[:], canvas.v[:] = v, 255 - u
            case 2:
                canvas.u[:], canvas.v[:] = 255 - u, 255 - v
            case _:
                canvas.u[:], canvas.v[:] = 255 - v, u


def _outline(frame: YuvFrame) -> npt.NDArray[np.bool_]:
    luma = frame.y.astype(np.int16)
    edges = np.zeros(luma.shape, np.bool_)
    edges[:, 1:] = np.abs(luma[:, 1:] - luma[:, :-1]) > _EDGE
    edges[1:] |= np.abs(luma[1:] - luma[:-1]) > _EDGE
    return edges

"""The look of an edited video: fewer tones, dark outlines, turned hues; which, depends on the prompt."""

from __future__ import annotations

from random import Random
from typing import Final

import av
import numpy as np
import numpy.typing as npt

from airflow_provider_kling.sandbox.video.planes import Planes, covering

_EDGE: Final = 14  # luma steps between neighbours that are drawn as an outline


class Restyle:
    """Turns source frames into frames of the clip's size, in one look."""

    def __init__(self, *, rng: Random) -> None:
        levels = rng.randint(5, 8)
        ramp = np.arange(256)
        self._tones = np.clip((ramp * levels // 256) * (215 // (levels - 1)) + 20, 16, 235).astype(np.uint8)
        self._turn = rng.randint(1, 3)

    def paint(self, frame: av.VideoFrame, canvas: Planes) -> None:
        """Paint a source frame on the canvas: scaled to fill it, cut at the longer side, restyled."""
        width, height = covering(frame.width, frame.height, width=canvas.width, height=canvas.height)
        source = Planes.of_frame(frame, width=width, height=height)
        canvas.paste(source, from_x=(width - canvas.width) // 2, from_y=(height - canvas.height) // 2)
        outline = _outline(canvas)
        canvas.y[:] = self._tones[canvas.y]
        canvas.y[outline] = 24
        self._turn_hue(canvas)

    def _turn_hue(self, canvas: Planes) -> None:
        # A quarter turn of the colour plane swaps the chroma planes and inverts one; no arithmetic is needed.
        u, v = canvas.u.copy(), canvas.v.copy()
        match self._turn:
            case 1:
                canvas.u[:], canvas.v[:] = v, 255 - u
            case 2:
                canvas.u[:], canvas.v[:] = 255 - u, 255 - v
            case _:
                canvas.u[:], canvas.v[:] = 255 - v, u


def _outline(picture: Planes) -> npt.NDArray[np.bool_]:
    luma = picture.y.astype(np.int16)
    edges = np.zeros(luma.shape, np.bool_)
    edges[:, 1:] = np.abs(luma[:, 1:] - luma[:, :-1]) > _EDGE
    edges[1:] |= np.abs(luma[1:] - luma[:-1]) > _EDGE
    return edges

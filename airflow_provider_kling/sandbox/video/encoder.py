"""Writing an MP4: H.264 and AAC, the index in front, the same bytes for the same frames."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import av
import numpy as np

from airflow_provider_kling.sandbox.video.planes import FPS, Planes
from airflow_provider_kling.sandbox.video.source import SAMPLE_RATE, Samples

_BT709: Final = 1  # in all three of H.264's colour tables
_LIMITED: Final = 1
_SAMPLES_PER_FRAME: Final = SAMPLE_RATE // FPS


class Encoder:
    """A file being written; a context manager. ``sound`` is two channels of samples, or None for no track."""

    def __init__(self, path: Path, *, width: int, height: int, sound: Samples | None) -> None:
        # Bit-exact flags keep versions and times out of the file.
        self._container = av.open(
            str(path), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}
        )
        self._video = self._container.add_stream("libx264", rate=FPS)
        context = self._video.codec_context
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.time_base = Fraction(1, FPS)
        # One thread: bytes that do not depend on the machine's cores, and a core left for the answers.
        context.thread_count = 1
        context.options = {"preset": "ultrafast", "crf": "24", "flags": "+bitexact"}
        context.color_primaries = context.color_trc = context.colorspace = _BT709
        context.color_range = _LIMITED
        self._sound = sound
        self._audio = None
        if sound is not None:
            self._audio = self._container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
            self._audio.codec_context.options = {"flags": "+bitexact"}
        self._frames = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._container.mux(self._video.encode(None))
                if self._audio is not None:
                    self._container.mux(self._audio.encode(None))
        finally:
            self._container.close()

    def add(self, picture: Planes) -> None:
        """Write the next frame, and the sound that belongs to it."""
        frame = av.VideoFrame.from_ndarray(picture.data, format="yuv420p")
        frame.pts = self._frames
        frame.time_base = Fraction(1, FPS)
        self._container.mux(self._video.encode(frame))
        if self._audio is not None and self._sound is not None:
            begin = self._frames * _SAMPLES_PER_FRAME
            samples = np.ascontiguousarray(self._sound[:, begin : begin + _SAMPLES_PER_FRAME])
            heard = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
            heard.sample_rate = SAMPLE_RATE
            heard.pts = begin
            heard.time_base = Fraction(1, SAMPLE_RATE)
            self._container.mux(self._audio.encode(heard))
        self._frames += 1


def tone(*, samples: int, pitch_hz: float) -> Samples:
    """Return a quiet tone that swells once a second, in two channels."""
    time = np.arange(samples) / SAMPLE_RATE
    wave = 0.08 * np.sin(2 * np.pi * pitch_hz * time) * (0.6 + 0.4 * np.sin(2 * np.pi * time))
    return np.repeat(wave.astype(np.float32)[None], 2, axis=0)

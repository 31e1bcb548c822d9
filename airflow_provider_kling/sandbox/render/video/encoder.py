"""Encodes an MP4 file: H.264 and AAC, index first, the same bytes for the same frames."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import av
import numpy as np

from airflow_provider_kling.sandbox.render.video.source import SAMPLE_RATE, Samples
from airflow_provider_kling.sandbox.render.video.yuv_frame import FPS, YuvFrame

_BT709: Final = 1  # in all three of H.264's colour tables
_LIMITED_RANGE: Final = 1
_SAMPLES_PER_FRAME: Final = SAMPLE_RATE // FPS


class Encoder:
    """Writes a video file; a context manager.

    :param audio: the samples of the audio track; None for a video without one.
    """

    def __init__(self, path: Path, *, width: int, height: int, audio: Samples | None) -> None:
        # The bit-exact flags keep versions and times out of the file.
        self._container = av.open(
            str(path), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}
        )
        self._video_stream = self._container.add_stream("libx264", rate=FPS)
        context = self._video_stream.codec_context
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.time_base = Fraction(1, FPS)
        # One thread: the bytes do not depend on the number of cores, and a core is left for the server.
        context.thread_count = 1
        context.options = {"preset": "ultrafast", "crf": "24", "flags": "+bitexact"}
        context.color_primaries = context.color_trc = context.colorspace = _BT709
        context.color_range = _LIMITED_RANGE
        self._audio = audio
        self._audio_stream = None
        if audio is not None:
            self._audio_stream = self._container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
            self._audio_stream.codec_context.options = {"flags": "+bitexact"}
        self._frames = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._container.mux(self._video_stream.encode(None))
                if self._audio_stream is not None:
                    self._container.mux(self._audio_stream.encode(None))
        finally:
            self._container.close()

    def add(self, picture: YuvFrame) -> None:
        """Write the next frame, and the audio that belongs to it."""
        frame = av.VideoFrame.from_ndarray(picture.data, format="yuv420p")
        frame.pts = self._frames
        frame.time_base = Fraction(1, FPS)
        self._container.mux(self._video_stream.encode(frame))
        if self._audio_stream is not None and self._audio is not None:
            begin = self._frames * _SAMPLES_PER_FRAME
            samples = np.ascontiguousarray(self._audio[:, begin : begin + _SAMPLES_PER_FRAME])
            audio_frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
            audio_frame.sample_rate = SAMPLE_RATE
            audio_frame.pts = begin
            audio_frame.time_base = Fraction(1, SAMPLE_RATE)
            self._container.mux(self._audio_stream.encode(audio_frame))
        self._frames += 1


def tone(*, samples: int, pitch_hz: float) -> Samples:
    """Return a quiet tone in stereo that swells once per second."""
    time = np.arange(samples) / SAMPLE_RATE
    wave = 0.08 * np.sin(2 * np.pi * pitch_hz * time) * (0.6 + 0.4 * np.sin(2 * np.pi * time))
    return np.repeat(wave.astype(np.float32)[None], 2, axis=0)

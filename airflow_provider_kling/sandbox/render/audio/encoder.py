"""Makes the audio of a spec, and encodes it as MP3 and WAV."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final, cast

import av
import numpy as np

from airflow_provider_kling.sandbox.render.render_spec import AudioSpec
from airflow_provider_kling.sandbox.render.video.encoder import tone
from airflow_provider_kling.sandbox.render.video.source import SAMPLE_RATE, Samples

if TYPE_CHECKING:
    from av.audio.stream import AudioStream

_PITCHES_HZ: Final = (196.0, 220.0, 261.6, 293.7)
# The codec, the format of its samples, and how many of them a frame has, by the file extension.
_CODECS: Final = {"mp3": ("libmp3lame", "fltp", 1152), "wav": ("pcm_s16le", "s16", 4800)}


def make_audio(spec: AudioSpec, stem: Path, *, rng: Random) -> None:
    """Write the audio of a spec as ``<stem>.mp3`` and ``<stem>.wav``: a quiet tone, 48 kHz, stereo."""
    samples = tone(samples=round(spec.seconds * SAMPLE_RATE), pitch_hz=rng.choice(_PITCHES_HZ))
    for extension in _CODECS:
        _encode(samples, stem.with_suffix(f".{extension}"), *_CODECS[extension])


def _encode(samples: Samples, path: Path, codec: str, sample_format: str, size: int) -> None:
    options = {"fflags": "+bitexact"}
    with av.open(str(path), "w", format=path.suffix.removeprefix("."), options=options) as container:
        stream = cast(
            "AudioStream",
            container.add_stream(codec, rate=SAMPLE_RATE, layout="stereo", format=sample_format),
        )
        stream.codec_context.options = {"flags": "+bitexact"}
        resampler = av.AudioResampler(
            format=sample_format, layout="stereo", rate=SAMPLE_RATE, frame_size=size
        )
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout="stereo")
        frame.sample_rate = SAMPLE_RATE
        frame.pts = 0
        frame.time_base = Fraction(1, SAMPLE_RATE)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))

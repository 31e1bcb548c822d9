"""The audio of a clip, from decoded frames."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np

from airflow_provider_kling.video.audio import read_samples, resample

SECOND = 48_000


def loud(at: int, *, samples: int = SECOND // 10) -> av.AudioFrame:
    """Return a tenth of a second of one value, from a sample on."""
    frame = av.AudioFrame.from_ndarray(np.full((2, samples), 0.5, np.float32), format="fltp", layout="stereo")
    frame.sample_rate, frame.time_base, frame.pts = SECOND, Fraction(1, SECOND), at
    return frame


def read(*frames: av.AudioFrame) -> np.ndarray:
    """Return half a second of audio, one channel."""
    resampled = resample(iter(frames), start=Fraction(0), samples=SECOND // 2)
    return read_samples(resampled, av.AudioFifo(), SECOND // 2).to_ndarray()[0]


def test_a_broken_timestamp_does_not_hide_the_audio_after_it() -> None:
    # The silence before it is not generated in memory: for half an hour, that is more than a gigabyte.
    samples = read(loud(0), loud(60 * SECOND), loud(SECOND // 10))
    assert np.flatnonzero(samples).tolist() == list(range(SECOND // 5))


def test_a_missing_packet_does_not_shift_the_audio_after_it() -> None:
    samples = read(loud(0), loud(SECOND // 10 + 1024))
    assert np.flatnonzero(samples).tolist() == [
        *range(SECOND // 10),
        *range(SECOND // 10 + 1024, SECOND // 5 + 1024),
    ]


def test_a_clip_whose_audio_starts_after_its_frames_is_silent() -> None:
    assert not read(loud(SECOND // 2)).any()


def test_audio_before_the_start_is_left_out() -> None:
    assert not read(loud(-SECOND)).any()

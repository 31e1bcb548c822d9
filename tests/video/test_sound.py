"""The sound of a clip, from frames alone."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np

from airflow_provider_kling.video.audio import Sound

SECOND = 48_000


def loud(at: int, *, samples: int = SECOND // 10) -> av.AudioFrame:
    """Return a tenth of a second of the same value, from a sample on."""
    frame = av.AudioFrame.from_ndarray(np.full((2, samples), 0.5, np.float32), format="fltp", layout="stereo")
    frame.sample_rate, frame.time_base, frame.pts = SECOND, Fraction(1, SECOND), at
    return frame


def read(*frames: av.AudioFrame) -> np.ndarray:
    """Return half a second of sound, one channel."""
    sound = Sound(iter(frames), begin=Fraction(0), samples=SECOND // 2)
    return sound.read(SECOND // 2).to_ndarray()[0]


def test_sound_that_is_to_be_heard_long_after_the_pictures_does_not_cover_what_follows() -> None:
    # Nor is the silence before it laid out in memory, which for half an hour takes more than a gigabyte.
    heard = read(loud(0), loud(60 * SECOND), loud(SECOND // 10))
    assert np.flatnonzero(heard).tolist() == list(range(SECOND // 5))


def test_a_packet_that_is_missing_does_not_pull_forward_what_follows() -> None:
    heard = read(loud(0), loud(SECOND // 10 + 1024))
    assert np.flatnonzero(heard).tolist() == [
        *range(SECOND // 10),
        *range(SECOND // 10 + 1024, SECOND // 5 + 1024),
    ]


def test_a_clip_whose_sound_comes_after_its_pictures_is_silent() -> None:
    assert not read(loud(SECOND // 2)).any()


def test_sound_that_was_over_before_the_beginning_leaves_silence() -> None:
    assert not read(loud(-SECOND)).any()

"""Where the audio of a lip-sync is in the video, and how loud."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from airflow_provider_kling.sandbox.kling.service.lip_sync import place_audio
from airflow_provider_kling.sandbox.render.media_input import InvalidMediaError, MediaInput
from airflow_provider_kling.sandbox.render.render_spec import AudioSource, MediaKind
from airflow_provider_kling.sandbox.render.video.source import SAMPLE_RATE, Samples, decode_audio
from tests.sandbox.samples import encoded_tone, rendered

FACE = {"face_id": "0", "sound_start_time": 500, "sound_end_time": 2500, "sound_insert_time": 1000}
AUDIO = MediaInput(name="sound_file", kind=MediaKind.AUDIO, data=encoded_tone("wav", "pcm_s16le"))


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> dict[AudioSource, MediaInput]:
    """A video of four seconds without audio, and one with a tone."""
    found = {}
    for audio in (AudioSource.NONE, AudioSource.TONE):
        path: Path = tmp_path_factory.mktemp("video") / "video.mp4"
        rendered(path, seconds=4, audio=audio)
        found[audio] = MediaInput(name="session_id", kind=MediaKind.VIDEO, data=path.read_bytes())
    return found


def loudness(track: Samples, begin: float, end: float) -> float:
    part = track[:, round(begin * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
    return float(np.sqrt(np.mean(part.astype(np.float64) ** 2)))


def placed(video: MediaInput, **changes: Any) -> Samples:
    return decode_audio(place_audio(FACE | changes, audio=AUDIO, video=video, limits={}), limits={})


def test_audio_is_where_it_was_inserted_and_as_long_as_it_was_cropped(videos):
    track = placed(videos[AudioSource.NONE])
    assert track.shape[1] / SAMPLE_RATE == pytest.approx(4, abs=0.05)
    assert loudness(track, 0, 0.95) < 0.001
    assert loudness(track, 1.05, 2.95) > 0.1
    assert loudness(track, 3.05, 3.95) < 0.001


def test_a_volume_changes_how_loud_it_is(videos):
    loud = loudness(placed(videos[AudioSource.NONE]), 1.05, 2.95)
    quiet = loudness(placed(videos[AudioSource.NONE], sound_volume=0.5), 1.05, 2.95)
    assert quiet == pytest.approx(loud / 2, rel=0.05)


def test_the_audio_of_the_video_stays_unless_it_is_turned_down(videos):
    video = videos[AudioSource.TONE]
    assert loudness(placed(video), 3.05, 3.9) > 0.01
    assert loudness(placed(video, original_audio_volume=0), 3.05, 3.9) < 0.001


def test_audio_that_ends_too_early_is_an_error(videos):
    with pytest.raises(InvalidMediaError, match="later than the end of the audio"):
        placed(videos[AudioSource.NONE], sound_end_time=4000)


def test_audio_that_would_end_after_the_video_is_cut(videos):
    track = placed(videos[AudioSource.NONE], sound_insert_time=3000)
    assert track.shape[1] / SAMPLE_RATE == pytest.approx(4, abs=0.05)
    assert loudness(track, 3.05, 3.95) > 0.1

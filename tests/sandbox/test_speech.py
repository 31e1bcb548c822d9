"""A portrait that speaks: the sound file is heard, and the clip is as long as it."""

from __future__ import annotations

import base64
import io
import wave
from pathlib import Path
from random import Random

import av
import httpx
import numpy as np
import numpy.typing as npt
import pytest

from airflow_provider_kling.sandbox.material import UnusableMediaError
from airflow_provider_kling.sandbox.order import ClipOrder, Medium, Sound
from airflow_provider_kling.sandbox.video.painter import paint_clip
from airflow_provider_kling.sandbox.video.source import SAMPLE_RATE, recording
from tests.sandbox.conftest import Client
from tests.sandbox.film import ORDER, PITCH_HZ, decoded, encoded_tone, material, picture, tone
from tests.sandbox.model_table import AVATAR

DOCUMENTED = {"min_seconds": 2, "max_seconds": 300, "max_bytes": 5 * 2**20}


def _wav(seconds: float) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, 22_050, 0, "NONE", "NONE"))
        sound.writeframes(tone(seconds).tobytes())
    return file.getvalue()


def _pitch(sound: npt.NDArray[np.float32]) -> float:
    """The loudest frequency of the first two seconds."""
    heard = sound[0, : 2 * SAMPLE_RATE]
    return float(np.argmax(np.abs(np.fft.rfft(heard))) / 2)


@pytest.mark.parametrize("seconds", [2, 2.5])
def test_the_clip_is_as_long_as_the_sound_file_and_speaks_it(tmp_path: Path, seconds: float):
    order = ClipOrder(**ORDER | {"seconds": None, "sound": Sound.GIVEN})
    portrait, voice = material(Medium.IMAGE, picture("crimson")), material(Medium.SOUND, _wav(seconds))
    paint_clip(order, tmp_path / "clip.mp4", materials=portrait + voice, limits={}, rng=Random("test"))
    seen = decoded(tmp_path / "clip.mp4")
    assert len(seen.luma) == round(24 * seconds)
    assert seen.seconds["video"] == seconds
    assert seen.seconds["audio"] == pytest.approx(seconds, abs=1 / 24)
    assert seen.sound is not None
    assert _pitch(seen.sound) == PITCH_HZ
    red, green, blue = seen.rgb[100:300, 20:60].reshape(-1, 3).mean(axis=0)
    assert red > 150 > 90 > max(green, blue)


@pytest.mark.parametrize(("container", "codec"), [("mp3", "libmp3lame"), ("ipod", "aac"), ("adts", "aac")])
def test_the_other_documented_formats_are_heard_too(container: str, codec: str):
    (voice,) = material(Medium.SOUND, encoded_tone(container, codec))
    sound = recording(voice, limits=DOCUMENTED)
    assert sound.shape[1] == pytest.approx(3 * SAMPLE_RATE, rel=0.05)  # encoders pad
    assert _pitch(sound) == PITCH_HZ


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (_wav(1.5), "must last 2 to 300 seconds"),
        (b"hello", "is not a sound"),
        (picture("red"), "is not a sound"),
    ],
)
def test_what_is_no_speech_of_the_documented_length_is_refused(data: bytes, complaint: str):
    (voice,) = material(Medium.SOUND, data)
    with pytest.raises(UnusableMediaError, match=complaint):
        recording(voice, limits=DOCUMENTED)


def test_an_avatar_is_paid_by_the_second_of_its_sound(lifelike: Client):
    body = {"image": _base64(picture("crimson", (400, 400))), "sound_file": _base64(_wav(2))}
    data = lifelike.finished(body, AVATAR)
    (clip,) = data["result"]["resources"]
    assert (clip["duration"], clip["width"], clip["height"]) == (2.0, 720, 720)
    assert data["billing"] == {"amount": 0.0896}  # 2 s of std at $0.0448
    file = io.BytesIO(httpx.get(clip["url"]).content)
    with av.open(file) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]


def test_a_voice_that_is_only_named_is_a_tone_of_five_seconds(lifelike: Client):
    body = {"image": _base64(picture("crimson", (400, 400))), "audio_id": "any"}
    (clip,) = lifelike.finished(body, AVATAR)["result"]["resources"]
    assert clip["duration"] == 5.0
    with av.open(io.BytesIO(httpx.get(clip["url"]).content)) as container:
        assert container.streams.audio


@pytest.mark.parametrize("data", [_wav(1.5), bytes(5 * 2**20 + 1)])
def test_a_sound_file_beyond_the_documented_limits_fails_the_task(lifelike: Client, data: bytes):
    body = {"image": _base64(picture("crimson")), "sound_file": _base64(data)}
    ended = lifelike.finished(body, AVATAR)
    assert (ended["status"], ended["error"]["code"]) == ("failed", "InvalidMedia")
    assert "sound_file" in ended["error"]["message"]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()

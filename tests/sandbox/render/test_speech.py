"""Avatars: the video has the audio of the sound file, and its length."""

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

from airflow_provider_kling.sandbox.render.media_input import InvalidMediaError
from airflow_provider_kling.sandbox.render.render_spec import AudioSource, MediaKind, VideoSpec
from airflow_provider_kling.sandbox.render.video.painter import paint_video
from airflow_provider_kling.sandbox.render.video.source import SAMPLE_RATE, decode_audio
from tests.sandbox.conftest import Client
from tests.sandbox.paths import april
from tests.sandbox.samples import PITCH_HZ, SPEC, decoded, encoded_tone, media_inputs, sample_image, tone

AVATAR = april("kling-avatar")
DOCUMENTED = {"min_seconds": 2, "max_seconds": 300, "max_bytes": 5 * 2**20}


def _wav(seconds: float) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, 22_050, 0, "NONE", "NONE"))
        sound.writeframes(tone(seconds).tobytes())
    return file.getvalue()


def _pitch(sound: npt.NDArray[np.float32]) -> float:
    """The loudest frequency of the first two seconds."""
    first = sound[0, : 2 * SAMPLE_RATE]
    return float(np.argmax(np.abs(np.fft.rfft(first))) / 2)


@pytest.mark.parametrize("seconds", [2, 2.5])
def test_the_video_is_as_long_as_the_sound_file_and_has_its_audio(tmp_path: Path, seconds: float):
    spec = VideoSpec(**SPEC | {"seconds": None, "audio": AudioSource.AUDIO_FILE})
    portrait, voice = (
        media_inputs(MediaKind.IMAGE, sample_image("crimson")),
        media_inputs(MediaKind.AUDIO, _wav(seconds)),
    )
    paint_video(spec, tmp_path / "clip.mp4", inputs=portrait + voice, limits={}, rng=Random("test"))
    video = decoded(tmp_path / "clip.mp4")
    assert len(video.luma) == round(24 * seconds)
    assert video.seconds["video"] == seconds
    assert video.seconds["audio"] == pytest.approx(seconds, abs=1 / 24)
    assert video.audio is not None
    assert _pitch(video.audio) == PITCH_HZ
    red, green, blue = video.rgb[100:300, 20:60].reshape(-1, 3).mean(axis=0)
    assert red > 150 > 90 > max(green, blue)


@pytest.mark.parametrize(("container", "codec"), [("mp3", "libmp3lame"), ("ipod", "aac"), ("adts", "aac")])
def test_the_other_documented_formats_are_decoded_too(container: str, codec: str):
    (voice,) = media_inputs(MediaKind.AUDIO, encoded_tone(container, codec))
    sound = decode_audio(voice, limits=DOCUMENTED)
    assert sound.shape[1] == pytest.approx(3 * SAMPLE_RATE, rel=0.05)  # encoders add padding
    assert _pitch(sound) == PITCH_HZ


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (_wav(1.5), "must last 2 to 300 seconds"),
        (b"hello", "is not an audio file"),
        (sample_image("red"), "is not an audio file"),
    ],
)
def test_a_file_without_audio_of_the_documented_length_is_rejected(data: bytes, message: str):
    (voice,) = media_inputs(MediaKind.AUDIO, data)
    with pytest.raises(InvalidMediaError, match=message):
        decode_audio(voice, limits=DOCUMENTED)


def test_an_avatar_is_billed_by_the_second_of_its_audio(lifelike: Client):
    body = {"image": _base64(sample_image("crimson", (400, 400))), "sound_file": _base64(_wav(2))}
    data = lifelike.finished(body, AVATAR)
    (clip,) = data["result"]["resources"]
    assert (clip["duration"], clip["width"], clip["height"]) == (2.0, 720, 720)
    assert data["billing"]["amount"] == "0.0896"  # 2 s of std at $0.0448
    file = io.BytesIO(httpx.get(clip["url"]).content)
    with av.open(file) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]


def test_with_an_audio_id_there_is_a_tone_of_five_seconds(lifelike: Client):
    body = {"image": _base64(sample_image("crimson", (400, 400))), "audio_id": "any"}
    (clip,) = lifelike.finished(body, AVATAR)["result"]["resources"]
    assert clip["duration"] == 5.0
    with av.open(io.BytesIO(httpx.get(clip["url"]).content)) as container:
        assert container.streams.audio


@pytest.mark.parametrize("data", [_wav(1.5), bytes(5 * 2**20 + 1)])
def test_a_sound_file_over_the_documented_limits_fails_the_task(lifelike: Client, data: bytes):
    body = {"image": _base64(sample_image("crimson")), "sound_file": _base64(data)}
    ended = lifelike.finished(body, AVATAR)
    assert (ended["status"], ended["error"]["code"]) == ("failed", "InvalidMedia")
    assert "sound_file" in ended["error"]["message"]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()

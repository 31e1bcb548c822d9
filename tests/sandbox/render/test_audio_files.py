"""Audio files: real MP3 and WAV, as long as asked for."""

from __future__ import annotations

from pathlib import Path
from random import Random

import av
import numpy as np
import pytest

from airflow_provider_kling.sandbox.render.audio.encoder import make_audio
from airflow_provider_kling.sandbox.render.render_spec import AudioSpec
from airflow_provider_kling.sandbox.render.result import read_result

SPEC = AudioSpec(label="sound", prompt="rain", seconds=3.5)


@pytest.fixture
def stem(tmp_path: Path) -> Path:
    make_audio(SPEC, tmp_path / "result", rng=Random("test"))
    return tmp_path / "result"


@pytest.mark.parametrize(("extension", "codec"), [("mp3", "mp3"), ("wav", "pcm_s16le")])
def test_both_files_can_be_decoded_and_can_be_heard(stem: Path, extension: str, codec: str):
    with av.open(str(stem.with_suffix(f".{extension}"))) as container:
        stream = container.streams.audio[0]
        samples = np.concatenate([frame.to_ndarray() for frame in container.decode(stream)], axis=1)
        assert stream.codec_context.name.startswith(codec)
        assert (stream.rate, stream.codec_context.channels) == (48_000, 2)
    assert np.abs(samples.astype(float)).max() > 0


def test_a_wav_is_exactly_as_long_as_asked_for(stem: Path):
    assert read_result(stem.with_suffix(".wav")).seconds == 3.5


def test_an_mp3_is_as_long_but_for_its_padding(stem: Path):
    result = read_result(stem.with_suffix(".mp3"))
    assert result.seconds == pytest.approx(3.5, abs=0.1)
    assert (result.type, result.format, result.width, result.height) == ("audio", "mp3", 0, 0)


def test_the_same_spec_makes_the_same_bytes(stem: Path, tmp_path: Path):
    again = tmp_path / "again"
    make_audio(SPEC, again, rng=Random("test"))
    for extension in (".mp3", ".wav"):
        assert again.with_suffix(extension).read_bytes() == stem.with_suffix(extension).read_bytes()

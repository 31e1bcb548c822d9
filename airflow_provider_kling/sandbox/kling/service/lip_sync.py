"""The audio track of a lip-sync: part of an audio file, at its place in the video (docs: lip-sync)."""

from __future__ import annotations

import io
import wave
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from airflow_provider_kling.sandbox.render.media_input import InvalidMediaError, MediaInput
from airflow_provider_kling.sandbox.render.video.source import (
    SAMPLE_RATE,
    Samples,
    decode_audio,
    decode_soundtrack,
    probe,
)

_TOLERANCE_S: Final = 0.05  # containers round
_LOUDEST: Final = 32_767


def place_audio(
    face: Mapping[str, Any], *, audio: MediaInput, video: MediaInput, limits: Mapping[str, Any]
) -> MediaInput:
    """Return the audio track of a video in which a face speaks, as a WAV file as long as the video.

    :param face: the entry of ``face_choose``, with its times in milliseconds and its volumes.
    :param limits: the documented bounds of the audio file.
    :raises InvalidMediaError: a file cannot be used, or the audio ends too early.
    """
    spoken = decode_audio(audio, limits=limits)
    begin, end, at = (
        _samples(face[name]) for name in ("sound_start_time", "sound_end_time", "sound_insert_time")
    )
    if end > spoken.shape[1] + _TOLERANCE_S * SAMPLE_RATE:
        raise InvalidMediaError("sound_end_time is later than the end of the audio")
    total = round(probe(video, limits={"max_seconds": float("inf")}).seconds * SAMPLE_RATE)
    original = decode_soundtrack(video, samples=total)
    track = np.zeros((2, total), np.float32)
    if original is not None:
        track += original * float(face.get("original_audio_volume", 1))
    part = spoken[:, begin:end][:, : max(0, total - at)] * float(face.get("sound_volume", 1))
    track[:, at : at + part.shape[1]] += part
    return MediaInput(name=audio.name, kind=audio.kind, data=_wav(track))


def _samples(milliseconds: int) -> int:
    return milliseconds * SAMPLE_RATE // 1000


def _wav(track: Samples) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(2)
        writer.setsampwidth(2)
        writer.setframerate(SAMPLE_RATE)
        writer.writeframes((np.clip(track, -1, 1).T * _LOUDEST).astype("<i2").tobytes())
    return file.getvalue()

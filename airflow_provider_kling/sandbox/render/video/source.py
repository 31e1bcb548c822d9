"""Reads the video and audio files that a request brings: checks them, and decodes what is needed."""

from __future__ import annotations

import contextlib
import io
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer

from airflow_provider_kling.sandbox.render.media_input import InvalidMediaError, MediaInput
from airflow_provider_kling.sandbox.render.render_spec import MediaKind
from airflow_provider_kling.sandbox.render.video.yuv_frame import FPS

SAMPLE_RATE: Final = 48_000
# The sandbox's own bounds, where the fact file has none.
_MAX_VIDEO_S: Final = 60.0
_MAX_AUDIO_S: Final = 300.0
_MAX_ASPECT_RATIO: Final = 10
# Containers only: a playlist would make the decoder open other addresses and local files.
_CONTAINERS: Final = {
    MediaKind.VIDEO: "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi",
    MediaKind.AUDIO: "mp3,wav,mov,mp4,m4a,3gp,3g2,mj2,aac",
}
_NOUNS: Final = {MediaKind.VIDEO: "a video file", MediaKind.AUDIO: "an audio file"}
_TOLERANCE: Final = 0.05  # in seconds, and in frames per second: containers round

Samples = npt.NDArray[np.float32]  # two channels at SAMPLE_RATE


@dataclass(frozen=True, kw_only=True)
class VideoInfo:
    """The properties of a video."""

    width: int
    height: int
    seconds: float
    fps: float

    @property
    def frames(self) -> int:
        """Return the number of frames of a result that is as long as this video."""
        return max(1, round(self.seconds * FPS))

    @property
    def rounded_seconds(self) -> float:
        """Return the length in seconds, rounded to frames of a result."""
        return self.frames / FPS


def probe(video: MediaInput, *, limits: Mapping[str, Any]) -> VideoInfo:
    """Return the properties of a video, read from its packets.

    :param limits: the documented bounds; see ``media_limits`` in ``models/facts/README.md``.
    :raises InvalidMediaError: it cannot be decoded, or exceeds a limit.
    """
    with _open(video) as container:
        stream = container.streams.video[0]
        ends = [
            (packet.pts + (packet.duration or 0)) * packet.time_base
            for packet in container.demux(stream)
            if packet.pts is not None
        ]
        info = VideoInfo(
            width=stream.width,
            height=stream.height,
            seconds=float(max(ends, default=0) - (stream.start_time or 0) * (stream.time_base or 0)),
            fps=float(stream.average_rate or 0),
        )
    _check(video.name, info, limits)
    return info


@contextlib.contextmanager
def _open(media: MediaInput) -> Iterator[InputContainer]:
    """Open a video or audio file; an error of the decoder becomes an InvalidMediaError."""
    options = {"format_whitelist": _CONTAINERS[media.kind]}
    try:
        with av.open(io.BytesIO(media.data), "r", options=options) as container:
            yield container
    except (av.FFmpegError, IndexError) as error:
        message = f"{media.name} is not {_NOUNS[media.kind]} that can be decoded"
        raise InvalidMediaError(message) from error


def _check(name: str, info: VideoInfo, limits: Mapping[str, Any]) -> None:
    _check_length(name, info.seconds, limits, default_max=_MAX_VIDEO_S)
    low, high = limits.get("min_side", 1), limits.get("max_side", 8192)
    if not all(low <= side <= high for side in (info.width, info.height)):
        size = f"{info.width}x{info.height}"
        raise InvalidMediaError(f"{name} must have {low} to {high} px per side, got {size}")
    if max(info.width, info.height) > _MAX_ASPECT_RATIO * min(info.width, info.height):
        raise InvalidMediaError(f"{name} must have an aspect ratio of at most {_MAX_ASPECT_RATIO}:1")
    if info.width * info.height > limits.get("max_area", float("inf")):
        raise InvalidMediaError(f"{name} must have at most {limits['max_area']} px in all")
    shape = info.width / info.height
    if not limits.get("min_aspect", 0) <= shape <= limits.get("max_aspect", float("inf")):
        raise InvalidMediaError(
            f"{name} must be {limits['min_aspect']} to {limits['max_aspect']} times as wide as high"
        )
    low, high = limits.get("min_fps", 0), limits.get("max_fps", 240)
    if not low - _TOLERANCE <= info.fps <= high + _TOLERANCE:
        raise InvalidMediaError(f"{name} must have {low} to {high} frames per second, got {info.fps:.2f}")


def _check_length(name: str, seconds: float, limits: Mapping[str, Any], *, default_max: float) -> None:
    low, high = limits.get("min_seconds", 0), limits.get("max_seconds", default_max)
    if not low - _TOLERANCE <= seconds <= high + _TOLERANCE:
        raise InvalidMediaError(f"{name} must last {low} to {high} seconds, got {seconds:.2f}")


def sample_frames(video: MediaInput, info: VideoInfo, *, frames: int) -> Iterator[av.VideoFrame]:
    """Yield the frame of a video for each frame of the result. A video that is too short is repeated.

    :raises InvalidMediaError: it cannot be decoded.
    """
    done = 0
    while done < frames:
        begin = done
        end = min(frames, begin + info.frames)
        current: av.VideoFrame | None = None
        first: float | None = None
        with _open(video) as container:
            for frame in container.decode(video=0):
                time = frame.time or 0.0
                first = time if first is None else first
                while current is not None and done < min(end, begin + round((time - first) * FPS)):
                    yield current
                    done += 1
                current = frame
                if done == end:
                    break
        if current is None:
            raise InvalidMediaError(f"{video.name} has no frame that can be decoded")
        for _ in range(end - done):
            yield current
        done = end


def decode_soundtrack(video: MediaInput, *, samples: int) -> Samples | None:
    """Return the audio track of a video, repeated if it is too short; None if there is none."""
    with _open(video) as container:
        if not container.streams.audio:
            return None
        track = _samples(container)
    if not track.size:
        return None
    times = -(-samples // track.shape[1])
    return np.ascontiguousarray(np.tile(track, times)[:, :samples], dtype=np.float32)


def decode_audio(audio: MediaInput, *, limits: Mapping[str, Any]) -> Samples:
    """Return the samples of an audio file.

    :raises InvalidMediaError: it cannot be decoded, or exceeds a limit.
    """
    with _open(audio) as container:
        samples = _samples(container)
    if not samples.size:
        raise InvalidMediaError(f"{audio.name} has no audio that can be decoded")
    _check_length(audio.name, samples.shape[1] / SAMPLE_RATE, limits, default_max=_MAX_AUDIO_S)
    return samples


def audio_seconds(audio: MediaInput) -> float:
    """Return the length of an audio file, counted in samples.

    :raises InvalidMediaError: it cannot be decoded.
    """
    with _open(audio) as container:
        stream = container.streams.audio[0]
        return sum(frame.samples for frame in container.decode(stream)) / (stream.rate or SAMPLE_RATE)


def _samples(container: InputContainer) -> Samples:
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=SAMPLE_RATE)
    frames = itertools.chain(container.decode(audio=0), [None])  # None flushes the resampler
    parts = [part.to_ndarray() for frame in frames for part in resampler.resample(frame)]
    return np.concatenate(parts, axis=1) if parts else np.empty((2, 0), np.float32)

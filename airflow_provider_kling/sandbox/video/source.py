"""Reading the videos and sounds that a request brings: are they usable, how long, what is in them."""

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

from airflow_provider_kling.sandbox.material import Material, UnusableMediaError
from airflow_provider_kling.sandbox.video.planes import FPS

SAMPLE_RATE: Final = 48_000
_LONGEST_VIDEO_S: Final = 60.0  # the sandbox's own bounds, where a contract names none
_LONGEST_SOUND_S: Final = 300.0
_MOST_OBLONG: Final = 10
# Containers only: a playlist would have the decoder open further addresses and local files.
_VIDEO_FORMATS: Final = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi"
_SOUND_FORMATS: Final = "mp3,wav,mov,mp4,m4a,3gp,3g2,mj2,aac"
_SLACK: Final = 0.05  # seconds, and frames a second: containers round

Samples = npt.NDArray[np.float32]  # two channels, at the sample rate


@dataclass(frozen=True, kw_only=True)
class VideoFacts:
    """What a source video is; ``frames`` counts the frames of this length at the output's rate."""

    width: int
    height: int
    seconds: float
    fps: float

    @property
    def frames(self) -> int:
        """Return the length in output frames."""
        return max(1, round(self.seconds * FPS))

    @property
    def length(self) -> float:
        """Return the length in seconds, of whole output frames."""
        return self.frames / FPS


def probe(video: Material, *, limits: Mapping[str, Any]) -> VideoFacts:
    """Read a video's facts from its packets. Raises UnusableMediaError."""
    with _opened(video) as container:
        stream = container.streams.video[0]
        ends = [
            (packet.pts + (packet.duration or 0)) * packet.time_base
            for packet in container.demux(stream)
            if packet.pts is not None
        ]
        facts = VideoFacts(
            width=stream.width,
            height=stream.height,
            seconds=float(max(ends, default=0) - (stream.start_time or 0) * (stream.time_base or 0)),
            fps=float(stream.average_rate or 0),
        )
    _check(video.name, facts, limits)
    return facts


@contextlib.contextmanager
def _opened(material: Material, *, formats: str = _VIDEO_FORMATS) -> Iterator[InputContainer]:
    """Open a video or a sound; what the decoder complains of while it is open is an UnusableMediaError."""
    try:
        with av.open(io.BytesIO(material.data), "r", options={"format_whitelist": formats}) as container:
            yield container
    except (av.FFmpegError, IndexError) as error:
        kind = "video" if formats is _VIDEO_FORMATS else "sound"
        raise UnusableMediaError(f"{material.name} is not a {kind} that can be decoded") from error


def _check(name: str, facts: VideoFacts, limits: Mapping[str, Any]) -> None:
    _check_length(name, facts.seconds, limits, otherwise=_LONGEST_VIDEO_S)
    low, high = limits.get("min_side", 1), limits.get("max_side", 8192)
    if not all(low <= side <= high for side in (facts.width, facts.height)):
        size = f"{facts.width}x{facts.height}"
        raise UnusableMediaError(f"{name} must have {low} to {high} px per side, got {size}")
    if max(facts.width, facts.height) > _MOST_OBLONG * min(facts.width, facts.height):
        raise UnusableMediaError(f"{name} must be at most {_MOST_OBLONG} times as long as wide")
    low, high = limits.get("min_fps", 0), limits.get("max_fps", 240)
    if not low - _SLACK <= facts.fps <= high + _SLACK:
        raise UnusableMediaError(f"{name} must have {low} to {high} frames a second, got {facts.fps:.2f}")


def _check_length(name: str, seconds: float, limits: Mapping[str, Any], *, otherwise: float) -> None:
    low, high = limits.get("min_seconds", 0), limits.get("max_seconds", otherwise)
    if not low - _SLACK <= seconds <= high + _SLACK:
        raise UnusableMediaError(f"{name} must last {low} to {high} seconds, got {seconds:.2f}")


def sampled(video: Material, facts: VideoFacts, *, frames: int) -> Iterator[av.VideoFrame]:
    """Yield what the video shows at each output frame; past its end it begins again.

    Raises UnusableMediaError where it cannot be decoded.
    """
    done = 0
    while done < frames:
        begin = done
        end = min(frames, begin + facts.frames)
        shown: av.VideoFrame | None = None
        first: float | None = None
        with _opened(video) as container:
            for frame in container.decode(video=0):
                time = frame.time or 0.0
                first = time if first is None else first
                while shown is not None and done < min(end, begin + round((time - first) * FPS)):
                    yield shown
                    done += 1
                shown = frame
                if done == end:
                    break
        if shown is None:
            raise UnusableMediaError(f"{video.name} has no frame that can be decoded")
        for _ in range(end - done):
            yield shown
        done = end


def soundtrack(video: Material, *, samples: int) -> Samples | None:
    """Return a video's sound, begun again past its end; None if it has none."""
    with _opened(video) as container:
        if not container.streams.audio:
            return None
        sound = _heard(container)
    if not sound.size:
        return None
    times = -(-samples // sound.shape[1])
    return np.ascontiguousarray(np.tile(sound, times)[:, :samples], dtype=np.float32)


def recording(sound: Material, *, limits: Mapping[str, Any]) -> Samples:
    """Return a sound file from beginning to end. Raises UnusableMediaError."""
    with _opened(sound, formats=_SOUND_FORMATS) as container:
        heard = _heard(container)
    if not heard.size:
        raise UnusableMediaError(f"{sound.name} has no sound that can be decoded")
    _check_length(sound.name, heard.shape[1] / SAMPLE_RATE, limits, otherwise=_LONGEST_SOUND_S)
    return heard


def _heard(container: InputContainer) -> Samples:
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=SAMPLE_RATE)
    frames = itertools.chain(container.decode(audio=0), [None])  # None: what the resampler still holds
    parts = [part.to_ndarray() for frame in frames for part in resampler.resample(frame)]
    return np.concatenate(parts, axis=1) if parts else np.empty((2, 0), np.float32)

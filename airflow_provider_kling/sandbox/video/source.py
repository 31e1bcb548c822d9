"""Reading the media that a request brings: is it usable, how long is it, what does it show at a time."""

from __future__ import annotations

import contextlib
import io
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from PIL import Image, ImageOps

from airflow_provider_kling.sandbox.video.planes import FPS

SAMPLE_RATE: Final = 48_000
LONGEST_S: Final = 60.0  # the sandbox's own bounds, where a contract names none
_MOST_OBLONG: Final = 10
# Containers only: a playlist would have the decoder open further addresses and local files.
_FORMATS: Final = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi"
_SLACK: Final = 0.05  # seconds, and frames a second: containers round


class UnusableMediaError(ValueError):
    """An input that cannot be decoded, or that breaks a documented limit."""


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


def open_image(data: bytes, *, name: str, limits: Mapping[str, float]) -> Image.Image:
    """Decode an image to RGB, upright. Raises UnusableMediaError."""
    try:
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UnusableMediaError(f"{name} is not an image that can be decoded") from error
    short, long = sorted(image.size)
    if short < limits.get("min_side", 1):
        raise UnusableMediaError(f"{name} must be at least {limits['min_side']} px per side, got {short}")
    if long / short > limits.get("max_ratio", float("inf")):
        raise UnusableMediaError(f"{name} must be at most {limits['max_ratio']} times as long as wide")
    return image


def probe(data: bytes, *, name: str, limits: Mapping[str, float]) -> VideoFacts:
    """Read a video's facts from its packets. Raises UnusableMediaError."""
    with _opened(data, name=name) as container:
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
    _check(name, facts, limits)
    return facts


@contextlib.contextmanager
def _opened(data: bytes, *, name: str) -> Iterator[InputContainer]:
    """Open a video; what the decoder complains of while it is open is an UnusableMediaError."""
    try:
        with av.open(io.BytesIO(data), "r", options={"format_whitelist": _FORMATS}) as container:
            yield container
    except (av.FFmpegError, IndexError) as error:
        raise UnusableMediaError(f"{name} is not a video that can be decoded") from error


def _check(name: str, facts: VideoFacts, limits: Mapping[str, float]) -> None:
    low, high = limits.get("min_seconds", 0), limits.get("max_seconds", LONGEST_S)
    if not low - _SLACK <= facts.seconds <= high + _SLACK:
        raise UnusableMediaError(f"{name} must last {low} to {high} seconds, got {facts.seconds:.2f}")
    low, high = limits.get("min_side", 1), limits.get("max_side", 8192)
    if not all(low <= side <= high for side in (facts.width, facts.height)):
        size = f"{facts.width}x{facts.height}"
        raise UnusableMediaError(f"{name} must have {low} to {high} px per side, got {size}")
    if max(facts.width, facts.height) > _MOST_OBLONG * min(facts.width, facts.height):
        raise UnusableMediaError(f"{name} must be at most {_MOST_OBLONG} times as long as wide")
    low, high = limits.get("min_fps", 0), limits.get("max_fps", 240)
    if not low - _SLACK <= facts.fps <= high + _SLACK:
        raise UnusableMediaError(f"{name} must have {low} to {high} frames a second, got {facts.fps:.2f}")


def sampled(data: bytes, facts: VideoFacts, *, name: str, frames: int) -> Iterator[av.VideoFrame]:
    """Yield what the video shows at each output frame; past its end it begins again.

    Raises UnusableMediaError where it cannot be decoded.
    """
    done = 0
    while done < frames:
        begin = done
        end = min(frames, begin + facts.frames)
        shown: av.VideoFrame | None = None
        first: float | None = None
        with _opened(data, name=name) as container:
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
            raise UnusableMediaError(f"{name} has no frame that can be decoded")
        for _ in range(end - done):
            yield shown
        done = end


def soundtrack(data: bytes, *, name: str, samples: int) -> npt.NDArray[np.float32] | None:
    """Return a video's sound in two channels, begun again past its end; None if it has none."""
    with _opened(data, name=name) as container:
        if not container.streams.audio:
            return None
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=SAMPLE_RATE)
        frames = itertools.chain(container.decode(audio=0), [None])  # None: what the resampler still holds
        parts = [part.to_ndarray() for frame in frames for part in resampler.resample(frame)]
    if not parts:
        return None
    sound = np.concatenate(parts, axis=1)
    times = -(-samples // sound.shape[1])
    return np.ascontiguousarray(np.tile(sound, times)[:, :samples], dtype=np.float32)

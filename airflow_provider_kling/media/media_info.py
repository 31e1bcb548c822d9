"""The properties of a video or an image, and how they differ from a request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from airflow_provider_kling.media_type import MediaType

# A service rounds: 5 s may come as 121 frames at 24 frames a second, and 16:9 as 1364x768.
_DURATION_TOLERANCE_S: Final = 0.5
_DURATION_TOLERANCE: Final = 0.05
_RATIO_TOLERANCE: Final = 0.02


@dataclass(frozen=True, kw_only=True)
class MediaInfo:
    """The measured properties of a file. What only a video has is None for an image.

    :param type: a video or an image.
    :param width: pixels, as displayed: after the rotation that the file asks for, with square pixels.
    :param height: pixels, likewise.
    :param codec: FFmpeg's name, such as ``h264``.
    :param duration_s: from the start of the first frame to the end of the last.
    :param frames: how many are displayed.
    :param fps: frames a second, on average.
    :param truncated: the file ends before what its own index or size announces.
    :param audio_codec: FFmpeg's name, such as ``aac``, of the audio that can be decoded; None without any.
    :param hdr: it has a high dynamic range (PQ or HLG), so stills and encoded copies look pale.
    :param undecodable_audio: there is audio, and no decoder here knows its codec.
    """

    type: MediaType
    width: int
    height: int
    codec: str
    duration_s: float | None = None
    frames: int | None = None
    fps: float | None = None
    truncated: bool = False
    audio_codec: str | None = None
    undecodable_audio: bool = False
    hdr: bool = False

    @property
    def has_audio(self) -> bool:
        """Whether there is audio, of a known codec or not."""
        return self.audio_codec is not None or self.undecodable_audio


def differences(
    info: MediaInfo,
    *,
    aspect_ratio: str | None = None,
    duration_s: float | None = None,
    audio: bool | None = None,
) -> Iterator[str]:
    """Yield in what a file differs from a request, as phrases. None was not requested and is not compared.

    :param aspect_ratio: of width to height, as ``"16:9"``; it may differ by 2 %.
    :param duration_s: seconds; it may differ by half a second or by 5 %, whichever is more.
    :param audio: whether an audio stream is wanted.
    """
    yield from _peculiarities(info)
    if aspect_ratio is not None:
        width, height = map(float, aspect_ratio.split(":"))
        if abs(info.width * height / (info.height * width) - 1) > _RATIO_TOLERANCE:
            yield f"it is {info.width}x{info.height}, which is not {aspect_ratio}"
    if duration_s is not None:
        if info.duration_s is None:
            yield f"it is an image, not a video of {duration_s:g} s"
        elif abs(info.duration_s - duration_s) > max(_DURATION_TOLERANCE_S, duration_s * _DURATION_TOLERANCE):
            yield f"it lasts {info.duration_s:.2f} s, not {duration_s:g} s"
    if audio is True and not info.has_audio:
        yield "it has no audio"
    if audio is False and info.has_audio:
        yield "it has audio, which was not requested"


def _peculiarities(info: MediaInfo) -> Iterator[str]:
    """Yield what is in no request, and matters to those who use the file."""
    if info.truncated:
        yield "it ends before what its own index announces"
    if info.hdr:
        yield "it has a high dynamic range"
    if info.undecodable_audio:
        yield "it has audio of a codec that cannot be decoded here"

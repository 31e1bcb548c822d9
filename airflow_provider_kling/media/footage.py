"""Finding a frame in a video without decoding all of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.library import av
from airflow_provider_kling.media.source import picture_stream

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_SLACK_S: Final = Fraction(1, 1_000_000)  # a time that was rounded still finds the frame it means


@dataclass(frozen=True, kw_only=True)
class Found:
    """A decoded frame, and when it is shown: seconds from the video's first frame."""

    frame: VideoFrame
    seconds: Fraction


class Footage:
    """The pictures of an opened video, for those who want one of them: ask once.

    Frames that are damaged are passed over. To find a frame, decoding begins at a key frame before it. Where
    that yields nothing, because the file is damaged there or its index misleads, it begins ever farther back.

    :param name: what messages call the file.
    """

    def __init__(self, container: InputContainer, *, name: str) -> None:
        self.stream: VideoStream = picture_stream(container, name=name)
        self._container = container
        self._name = name
        self._time_base = self.stream.time_base or Fraction(1)
        self._end = 0  # of what was read so far, in ticks
        self._opening = self._decoded()
        first = next(self._opening, None)
        if first is None:
            raise KlingMediaError(f"{name} holds no frame that can be decoded", retryable=False)
        self._begin = self._ticks(first) if self.stream.start_time is None else self.stream.start_time
        self._first = first

    def first(self) -> Found:
        """Return the first frame that can be decoded."""
        return self._found(self._first)

    def last(self) -> Found:
        """Return the frame that is shown last, of those that can be decoded."""
        for frames in self._closer_and_closer_to_the_beginning(self._begin + self._promised_ticks()):
            last = max(frames, key=self._ticks, default=None)
            if last is not None:
                return self._found(last)
        return self.first()

    def at(self, seconds: float) -> Found:
        """Return the frame that is shown at a time, counted from the first frame.

        :raises KlingMediaError: the video does not last so long.
        """
        if seconds < 0:
            raise KlingMediaError(f"{self._name} has no frame at {seconds:g} s", retryable=False)
        wanted = self._begin + (Fraction(seconds) + _SLACK_S) / self._time_base
        for frames in self._closer_and_closer_to_the_beginning(int(wanted)):
            shown: VideoFrame | None = None
            for frame in frames:
                if self._ticks(frame) > wanted:
                    break
                shown = frame
            else:
                if shown is not None:  # so it was read to the end, and it is known where that is
                    self._check_length(wanted, seconds=seconds)
            if shown is not None:
                return self._found(shown)
        return self.first()

    def from_the_beginning(self) -> Iterator[Found]:
        """Yield all frames that can be decoded."""
        yield self.first()
        yield from map(self._found, self._opening)

    def _decoded(self) -> Iterator[VideoFrame]:
        """Decode from here on, in the order of showing."""
        for packet in self._packets():
            try:
                frames = self.stream.decode(packet)
            except av.FFmpegError:
                continue
            yield from (frame for frame in frames if frame.pts is not None and not frame.is_corrupt)

    def _packets(self) -> Iterator[Packet[VideoStream] | None]:
        """Read from here on; None, at the end, has the decoder give what it holds back."""
        with suppress(av.FFmpegError):  # nothing can be read from there on
            for packet in self._container.demux(self.stream):
                if packet.size == 0:
                    break
                if packet.pts is not None and not packet.is_corrupt and not packet.is_discard:
                    self._end = max(self._end, packet.pts + (packet.duration or 1))
                yield packet
        yield None

    def _closer_and_closer_to_the_beginning(self, ticks: int) -> Iterator[Iterator[VideoFrame]]:
        """Yield the frames from the last key frame before a time on, then from ever earlier ones on."""
        second = int(1 / self._time_base)
        back, at = 0, ticks
        while at > self._begin:
            if self._seek(at):
                yield self._from_a_key_frame()
            back = max(2 * back, second)
            at = ticks - back
        # A container may seek by when a frame is decoded, which for the first is before it is shown.
        if self._seek(self._begin - second) or self._seek(self._begin):
            yield self._decoded()

    def _from_a_key_frame(self) -> Iterator[VideoFrame]:
        # What is shown before the key frame refers to frames that were not decoded.
        frames = self._decoded()
        for frame in frames:
            if frame.key_frame:
                yield frame
                break
        yield from frames

    def _seek(self, ticks: int) -> bool:
        try:
            self._container.seek(ticks, stream=self.stream)
        except av.FFmpegError:
            return False
        return True

    def _promised_ticks(self) -> int:
        if self.stream.duration is not None:
            return self.stream.duration
        microseconds = self._container.duration or 0
        return int(Fraction(microseconds, 1_000_000) / self._time_base)

    def _check_length(self, wanted: Fraction, *, seconds: float) -> None:
        if wanted >= self._end:
            length = float((self._end - self._begin) * self._time_base)
            raise KlingMediaError(
                f"{self._name} lasts {length:.3f} s, so it has no frame at {seconds:g} s", retryable=False
            )

    def _found(self, frame: VideoFrame) -> Found:
        return Found(frame=frame, seconds=(self._ticks(frame) - self._begin) * self._time_base)

    def _ticks(self, frame: VideoFrame) -> int:
        return frame.pts or 0

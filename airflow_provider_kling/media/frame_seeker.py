"""Finding a frame in a video without decoding all of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.container import video_stream
from airflow_provider_kling.media.pyav import av

_TOLERANCE_S: Final = Fraction(1, 1_000_000)  # a time that was rounded still finds its frame


@dataclass(frozen=True, kw_only=True)
class TimedFrame:
    """A decoded frame, and its presentation time in seconds from the first frame of the video."""

    frame: av.VideoFrame
    seconds: Fraction


class FrameSeeker:
    """Finds one frame of an opened video. Only one of its methods may be called, and only once.

    Damaged frames are skipped. To find a frame, decoding starts at a key frame before it. Where that finds
    nothing, because the file is damaged there or its index is wrong, decoding starts earlier and earlier.

    :param name: what messages call the file.
    """

    def __init__(self, container: av.container.InputContainer, *, name: str) -> None:
        self.stream: av.VideoStream = video_stream(container, name=name)
        self._container = container
        self._name = name
        self._time_base = self.stream.time_base or Fraction(1)
        self._end = 0  # of the packets that were read so far, in units of the time base
        self._frames = self._decode()
        first = next(self._frames, None)
        if first is None:
            raise KlingMediaError(f"{name} has no frame that can be decoded", retryable=False)
        self._start = _pts(first) if self.stream.start_time is None else self.stream.start_time
        self._first = first

    def first(self) -> TimedFrame:
        """Return the first frame that can be decoded."""
        return self._timed(self._first)

    def last(self) -> TimedFrame:
        """Return the frame with the last presentation time, of those that can be decoded."""
        duration = self.stream.duration
        if duration is None:
            duration = int(Fraction(self._container.duration or 0, 1_000_000) / self._time_base)
        for frames in self._from_earlier_and_earlier(self._start + duration):
            last = max(frames, key=_pts, default=None)
            if last is not None:
                return self._timed(last)
        return self.first()

    def at(self, seconds: float) -> TimedFrame:
        """Return the frame that is displayed at a time, counted from the first frame.

        :raises KlingMediaError: the video is shorter.
        """
        if seconds < 0:
            raise KlingMediaError(f"{self._name} has no frame at {seconds:g} s", retryable=False)
        wanted = self._start + (Fraction(seconds) + _TOLERANCE_S) / self._time_base
        for frames in self._from_earlier_and_earlier(int(wanted)):
            displayed: av.VideoFrame | None = None
            for frame in frames:
                if _pts(frame) > wanted:
                    break
                displayed = frame
            else:
                if displayed is not None and wanted >= self._end:  # which is known: it was read
                    duration = float((self._end - self._start) * self._time_base)
                    message = f"{self._name} lasts {duration:.3f} s, so it has no frame at {seconds:g} s"
                    raise KlingMediaError(message, retryable=False)
            if displayed is not None:
                return self._timed(displayed)
        return self.first()

    def all(self) -> Iterator[TimedFrame]:
        """Yield all frames that can be decoded."""
        yield self.first()
        yield from map(self._timed, self._frames)

    def _decode(self) -> Iterator[av.VideoFrame]:
        """Decode from the current position on, in presentation order."""
        for packet in self._packets():
            try:
                frames = self.stream.decode(packet)
            except av.FFmpegError:
                continue
            yield from (frame for frame in frames if frame.pts is not None and not frame.is_corrupt)

    def _packets(self) -> Iterator[av.Packet[av.VideoStream] | None]:
        """Demux from the current position on; None, at the end, flushes the decoder."""
        with suppress(av.FFmpegError):  # nothing can be read from there on
            for packet in self._container.demux(self.stream):
                if packet.size == 0:
                    break
                if packet.pts is not None and not packet.is_corrupt and not packet.is_discard:
                    self._end = max(self._end, packet.pts + (packet.duration or 1))
                yield packet
        yield None

    def _from_earlier_and_earlier(self, pts: int) -> Iterator[Iterator[av.VideoFrame]]:
        """Yield the frames from the last key frame before a presentation time on, then from earlier ones."""
        second = int(1 / self._time_base)
        back, at = 0, pts
        while at > self._start:
            if self._seek(at):
                yield self._from_key_frame()
            back = max(2 * back, second)
            at = pts - back
        # A container may seek by decoding time, which for the first frame is before its presentation time.
        if self._seek(self._start - second) or self._seek(self._start):
            yield self._decode()

    def _from_key_frame(self) -> Iterator[av.VideoFrame]:
        # Frames that are displayed before the key frame depend on frames that were not decoded.
        frames = self._decode()
        for frame in frames:
            if frame.key_frame:
                yield frame
                break
        yield from frames

    def _seek(self, pts: int) -> bool:
        with suppress(av.FFmpegError):
            self._container.seek(pts, stream=self.stream)
            return True
        return False

    def _timed(self, frame: av.VideoFrame) -> TimedFrame:
        return TimedFrame(frame=frame, seconds=(_pts(frame) - self._start) * self._time_base)


def _pts(frame: av.VideoFrame) -> int:
    return frame.pts or 0

"""Decoding a video stream, with a presentation time for each frame."""

from __future__ import annotations

from typing import Any

from airflow_provider_kling.media.pyav import av


class FrameDecoder:
    """Decodes the packets of one video stream, which come in the order of the file.

    The times are those that FFmpeg's programs find. A frame whose packet has no presentation time is
    displayed at the decoding time of the packet with which it comes out of the decoder, so that it may come
    later than its own packet, and a packet without a frame takes its time. Those that come out at the end
    follow one another.
    """

    def __init__(self, stream: av.VideoStream) -> None:
        self._stream = stream
        self._last: int | None = None
        self._step = 1

    def decode(self, packet: av.Packet[Any] | None) -> list[av.VideoFrame]:
        """Return the frames that are complete with a packet; None or an empty packet flushes the decoder.

        Each has a presentation time, in units of the stream's time base.

        :raises FFmpegError: the packet is damaged. The next ones may be decodable.
        """
        frames = self._stream.decode(packet)
        for frame in frames:
            frame.pts = self._time_of(frame)
        return frames

    def _time_of(self, frame: av.VideoFrame) -> int:
        time = frame.dts if frame.pts is None else frame.pts
        if time is None:
            time = 0 if self._last is None else self._last + (frame.duration or self._step)
        if self._last is not None:
            self._step = max(1, time - self._last)
        self._last = time
        return time

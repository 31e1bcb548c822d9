"""Decoding a video stream, with a presentation time for each frame."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Any

from airflow_provider_kling.media.pyav import av


class FrameDecoder:
    """Decodes the packets of one video stream, which come in the order of the file.

    Where packets have no presentation times, the decoder's order is that of presentation: the first frame
    gets the earliest decoding time, and so on.
    """

    def __init__(self, stream: av.VideoStream) -> None:
        self._stream = stream
        self._times: list[int] = []  # a heap; of the packets without a presentation time
        self._untimed = False

    def decode(self, packet: av.Packet[Any] | None) -> list[av.VideoFrame]:
        """Return the frames that are complete with a packet; None or an empty packet flushes the decoder.

        :raises FFmpegError: the packet is damaged. The next ones may be decodable.
        """
        time = None
        if packet is not None and packet.size and packet.pts is None and packet.dts is not None:
            self._untimed, time = True, packet.dts
            heappush(self._times, time)
        try:
            frames = self._stream.decode(packet)
        except av.FFmpegError:
            if time is not None:
                self._times.remove(time)
                self._times.sort()  # which keeps it a heap
            raise
        if self._untimed:
            for frame in frames:
                frame.pts = heappop(self._times) if self._times else None
        return frames

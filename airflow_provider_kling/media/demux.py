"""Demuxing packets with times that are presentation times, and that never begin again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO, Final

from airflow_provider_kling.media.container import open_container, video_stream
from airflow_provider_kling.media.pyav import av

_TRANSPORT_STREAM: Final = "mpegts"
# Without the times of all frames in an index, a search may end beside what is looked for.
_NOT_SEEKABLE: Final = ("avi",)
# Where times go back, another file begins. So it is where they leap; ffmpeg, the program, sees it the same.
_LEAP_S: Final = 10


def demux(
    container: av.container.InputContainer, video: av.VideoStream, *others: Any
) -> Iterator[av.Packet[Any]]:
    """Yield the packets of streams; at the end, an empty one for each.

    The presentation time of a packet is None where the container has none; see
    :class:`~airflow_provider_kling.media.frame_decoder.FrameDecoder`. Transport streams that were joined are
    one video, whose parts follow one another.

    :param others: further streams, such as audio.
    """
    if container.format.name != _TRANSPORT_STREAM:
        return _packets(container, [video, *others])
    wanted = {stream.index for stream in (video, *others)}
    return (packet for packet in _time_keeper(container, video) if packet.stream.index in wanted)


def is_seekable(file: BinaryIO, *, name: str) -> bool:
    """Tell whether a frame can be found by its presentation time, without decoding all before it.

    A transport stream is read whole, because a time is in it twice if it was joined. Of other files, only the
    head is read.

    :raises KlingMediaError: as :func:`~airflow_provider_kling.media.container.open_container`.
    """
    with open_container(file, name=name) as container:
        if container.format.name == _TRANSPORT_STREAM:
            keeper = _time_keeper(container, video_stream(container, name=name))
            with suppress(av.FFmpegError):  # what is before the damage can still be read
                return all(keeper.parts == 1 for _ in keeper)
        return container.format.name not in _NOT_SEEKABLE


def _packets(container: av.container.InputContainer, streams: list[Any]) -> Iterator[av.Packet[Any]]:
    # A stream that begins late is none of PyAV's, and yet, after the last packet of all, it may look for it.
    with suppress(IndexError):
        yield from container.demux(streams)


def _time_keeper(container: av.container.InputContainer, video: av.VideoStream) -> _TimeKeeper:
    # With the audio, which tells a leap of the times from a picture that is displayed for long.
    packets = _packets(container, [video, *container.streams.audio])
    leap = round(_LEAP_S / video.time_base) if video.time_base else 0
    return _TimeKeeper(packets, video=video.index, leap=leap)


class _TimeKeeper:
    """Gives packets the times that they would have if the parts of a file were one.

    A part begins after the last video packet of the part before. The packets of other streams, which may come
    earlier in the file than the video of the same part, wait for it.

    :param packets: of a transport stream, whose streams have one time base.
    :param leap: how much later than all before it a packet is the first of a part.
    """

    def __init__(self, packets: Iterator[av.Packet[Any]], *, video: int, leap: int) -> None:
        self._packets = packets
        self._video = video
        self._leap = leap
        self._offsets = [0]  # by the number of a part
        self._part: dict[int, int] = defaultdict(int)
        self._last: dict[int, int] = {}  # the last time in the file, and how long it was after the one before
        self._step: dict[int, int] = defaultdict(lambda: 1)
        self._waiting: dict[int, list[tuple[int, av.Packet[Any]]]] = defaultdict(list)

    @property
    def parts(self) -> int:
        """How many parts were found so far."""
        return len(self._offsets)

    def __iter__(self) -> Iterator[av.Packet[Any]]:
        """Yield the packets of the file, each stream's in their order."""
        for packet in self._packets:
            if packet.stream.index != self._video:
                yield from self._other(packet)
            elif self._begins_part(packet):
                self._begin(packet)
                yield self._moved(packet, self._part[self._video])
                yield from self._released()
            else:
                yield self._moved(packet, self._part[self._video])
        yield from self._unreleased()

    def _begins_part(self, packet: av.Packet[Any]) -> bool:
        index, time = packet.stream.index, packet.dts
        if time is None:
            return False
        last = self._last.get(index)
        begins = last is not None and (time < last or time > self._latest(index) + self._leap)
        if last is not None and not begins:
            self._step[index] = max(1, time - last)
        if not begins:
            self._last[index] = time
        return begins

    def _latest(self, index: int) -> int:
        """Return the last time in the file of all streams that are in the same part as one of them."""
        part = self._part[index]
        return max(time for each, time in self._last.items() if self._part[each] == part)

    def _begin(self, packet: av.Packet[Any]) -> None:
        index, part = packet.stream.index, self._part[packet.stream.index]
        end = self._last[index] + self._offsets[part] + self._step[index]
        self._part[index] = part + 1
        self._last[index] = packet.dts or 0
        if index == self._video:
            self._offsets.append(end - self._last[index])

    def _other(self, packet: av.Packet[Any]) -> Iterator[av.Packet[Any]]:
        index = packet.stream.index
        if self._begins_part(packet):
            self._part[index] += 1
            self._last[index] = packet.dts or 0
        if self._waiting[index] or self._part[index] >= len(self._offsets):
            self._waiting[index].append((self._part[index], packet))
        else:
            yield self._moved(packet, self._part[index])

    def _released(self) -> Iterator[av.Packet[Any]]:
        for waiting in self._waiting.values():
            while waiting and waiting[0][0] < len(self._offsets):
                part, packet = waiting.pop(0)
                yield self._moved(packet, part)

    def _unreleased(self) -> Iterator[av.Packet[Any]]:
        """Yield the empty packets at the end. What waited for video that does not come is left out."""
        for waiting in self._waiting.values():
            yield from (packet for _, packet in waiting if not packet.size)

    def _moved(self, packet: av.Packet[Any], part: int) -> av.Packet[Any]:
        offset = self._offsets[part]
        if offset:
            packet.pts = None if packet.pts is None else packet.pts + offset
            packet.dts = None if packet.dts is None else packet.dts + offset
        return packet

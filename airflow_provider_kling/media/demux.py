"""Demuxing packets with times that are presentation times, and that never begin again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO, Final

from airflow_provider_kling.media.container import open_container, video_stream
from airflow_provider_kling.media.pyav import av

_TRANSPORT_STREAM: Final = "mpegts"
# An AVI has decoding times only, from which FFmpeg guesses the others; for H.264, it guesses wrong.
_WITHOUT_PRESENTATION_TIMES: Final = ("avi",)
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
    packets = container.demux([video, *others])
    name = container.format.name
    if name in _WITHOUT_PRESENTATION_TIMES:
        return _without_guessed_times(packets, video=video.index)
    if name == _TRANSPORT_STREAM:
        return _time_keeper(video).packets(packets)
    return packets


def is_seekable(file: BinaryIO, *, name: str) -> bool:
    """Tell whether a frame can be found by its presentation time, without decoding all before it.

    A transport stream is read whole, because a time is in it twice if it was joined. Of other files, only the
    head is read.

    :raises KlingMediaError: as :func:`~airflow_provider_kling.media.container.open_container`.
    """
    with open_container(file, name=name) as container:
        if container.format.name in _WITHOUT_PRESENTATION_TIMES:
            return False
        if container.format.name == _TRANSPORT_STREAM:
            video = video_stream(container, name=name)
            keeper = _time_keeper(video)
            with suppress(av.FFmpegError):  # what is before the damage can still be read
                return all(keeper.parts == 1 for _ in keeper.packets(container.demux(video)))
    return True


def is_continuous(container: av.container.InputContainer) -> bool:
    """Tell whether a file may be a piece of a stream, which need not start with a key frame."""
    return container.format.name == _TRANSPORT_STREAM


def _time_keeper(video: av.VideoStream) -> _TimeKeeper:
    return _TimeKeeper(video=video.index, leap=round(_LEAP_S / video.time_base) if video.time_base else 0)


def _without_guessed_times(packets: Iterator[av.Packet[Any]], *, video: int) -> Iterator[av.Packet[Any]]:
    for packet in packets:
        if packet.stream_index == video:
            packet.pts = None
        yield packet


class _TimeKeeper:
    """Gives packets the times that they would have if the parts of a file were one.

    A part begins after the last video packet of the part before. The packets of other streams, which may come
    earlier in the file than the video of the same part, wait for it.

    :param leap: how much later than the one before a packet is the first of a part.
    """

    def __init__(self, *, video: int, leap: int) -> None:
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

    def packets(self, packets: Iterator[av.Packet[Any]]) -> Iterator[av.Packet[Any]]:
        """Yield the packets of a file, each stream's in their order."""
        for packet in packets:
            if packet.stream_index != self._video:
                yield from self._other(packet)
            elif self._begins_part(packet):
                self._begin(packet)
                yield self._moved(packet, self._part[self._video])
                yield from self._released()
            else:
                yield self._moved(packet, self._part[self._video])
        yield from self._unreleased()

    def _begins_part(self, packet: av.Packet[Any]) -> bool:
        index, time = packet.stream_index, packet.dts
        if time is None:
            return False
        last = self._last.get(index)
        begins = last is not None and (time < last or time > last + self._leap)
        if last is not None and not begins:
            self._step[index] = max(1, time - last)
        if not begins:
            self._last[index] = time
        return begins

    def _begin(self, packet: av.Packet[Any]) -> None:
        index, part = packet.stream_index, self._part[packet.stream_index]
        end = self._last[index] + self._offsets[part] + self._step[index]
        self._part[index] = part + 1
        self._last[index] = packet.dts or 0
        if index == self._video:
            self._offsets.append(end - self._last[index])

    def _other(self, packet: av.Packet[Any]) -> Iterator[av.Packet[Any]]:
        index = packet.stream_index
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

"""A clip of a concatenation: a file that is opened when it is needed, and read once from start to end."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.container import decode_errors, video_stream
from airflow_provider_kling.media.demux import demux
from airflow_provider_kling.media.filters import FilterGraph, concat_filters
from airflow_provider_kling.media.frame_decoder import FrameDecoder
from airflow_provider_kling.media.probe import Scan
from airflow_provider_kling.media.pyav import av
from airflow_provider_kling.media.source_file import SourceFile
from airflow_provider_kling.video.audio import read_samples, resample
from airflow_provider_kling.video.timeline import Segment, Timeline, at_constant_rate


@dataclass(frozen=True, kw_only=True)
class PlacedClip:
    """A clip, its scan, the part of it that is used, and the frames of the output that it fills."""

    file: SourceFile
    scan: Scan
    segment: Segment
    span: range


class ClipReader:
    """Reads a clip. Video and audio are read each at its own pace, in one pass over the file.

    :param container: of the opened clip.
    :param size: width and height of the output.
    """

    def __init__(
        self,
        container: av.container.InputContainer,
        *,
        clip: PlacedClip,
        timeline: Timeline,
        size: tuple[int, int],
    ) -> None:
        self.size = size
        self.video: av.VideoStream = video_stream(container, name=clip.file.name)
        self._clip = clip
        self._timeline = timeline
        number = clip.scan.audio_index
        audio_stream = None if number is None else container.streams[number]
        self._demuxed = demux(container, self.video, *([audio_stream] if audio_stream else []))
        self._decoder = FrameDecoder(self.video)
        # Packets that were read before the other stream needed them. They are compressed, so a file whose
        # streams are far apart takes no more memory than its own size.
        self._queues: dict[int, deque[av.Packet[Any]]] = defaultdict(deque)
        self._frames = self._convert()
        self._audio_fifo = av.AudioFifo()
        self._audio = resample(
            self._decode_audio(audio_stream) if audio_stream else iter(()),
            start=clip.segment.start,
            samples=timeline.samples(clip.span.start, clip.span.stop),
        )

    def packets(self) -> Iterator[av.Packet[Any]]:
        """Yield the video packets, with the output's timestamps: its time base is one frame.

        They are decoded as well, to find out whether they are whole.

        :raises KlingMediaError: one of them is not.
        """
        context = self.video.codec_context
        # The decoder finds the same damage without it, in less time.
        context.options = {**context.options, "skip_loop_filter": "all"}
        left = len(self._clip.scan.timing.pts)
        for packet in self._packets(self.video):
            left -= self._count_whole(packet)
            if packet.pts is None or packet.dts is None:
                continue
            packet.pts, packet.dts = self._output_frame(packet.pts), self._output_frame(packet.dts)
            packet.duration, packet.time_base = 1, 1 / self._timeline.fps
            yield packet
        if left:
            raise self._damaged(self._clip.segment.start + self._clip.segment.duration)

    def _count_whole(self, packet: av.Packet[Any]) -> int:
        """Return how many frames are complete with a packet."""
        with decode_errors(self._clip.file.name):
            frames = self._decoder.decode(packet)
        for frame in frames:
            if frame.is_corrupt:
                raise self._damaged((frame.pts or 0) * self._clip.scan.timing.time_base)
        return len(frames)

    def read_frame(self) -> av.VideoFrame:
        """Return the next frame of the output, in the output's size and colours."""
        with decode_errors(self._clip.file.name):
            return next(self._frames)

    def read_audio(self, samples: int) -> av.AudioFrame:
        """Return the next samples, at least one."""
        with decode_errors(self._clip.file.name):
            return read_samples(self._audio, self._audio_fifo, samples)

    def close(self) -> None:
        """Release what is decoded. Otherwise, it stays in memory until Python collects reference cycles."""
        self._frames.close()
        self._audio.close()

    def _convert(self) -> Generator[av.VideoFrame]:
        width, height = self.size
        rotation = self._clip.scan.frame_format.rotation
        filters = partial(concat_filters, width=width, height=height)
        graph = FilterGraph(stream=self.video, rotation=rotation, filters=filters)
        decoded: av.VideoFrame | None = None
        frames = at_constant_rate(self._decode(), fps=self._timeline.fps, count=len(self._clip.span))
        for frame in frames:
            if frame is not decoded:
                converted = graph.convert(frame)
                decoded = frame
            yield converted

    def _output_frame(self, timestamp: int) -> int:
        seconds = timestamp * self._clip.scan.timing.time_base - self._clip.segment.start
        return self._clip.span.start + int(seconds * self._timeline.fps)

    def _decode(self) -> Iterator[tuple[Fraction, av.VideoFrame]]:
        timing, last_pts = self._clip.scan.timing, None
        for packet in self._packets(self.video):
            for frame in self._decoder.decode(packet):
                # Frames before the first that is displayed may need one that is not in the file.
                if frame.pts is None or frame.pts < timing.pts[0]:
                    continue
                seconds = frame.pts * timing.time_base
                if frame.is_corrupt or (last_pts is None and frame.pts != timing.pts[0]):
                    raise self._damaged(seconds if frame.is_corrupt else timing.pts[0] * timing.time_base)
                last_pts = frame.pts
                yield seconds - self._clip.segment.start, frame
        if last_pts != timing.pts[-1]:
            raise self._damaged(self._clip.segment.start + self._clip.segment.duration)

    def _damaged(self, seconds: Fraction) -> KlingMediaError:
        timing = self._clip.scan.timing
        at = float(seconds - timing.pts[0] * timing.time_base)
        return KlingMediaError(
            f"{self._clip.file.name} is damaged {at:.2f} s from its start", retryable=False
        )

    def _decode_audio(self, stream: Any) -> Iterator[av.AudioFrame]:
        for packet in self._packets(stream):
            yield from stream.decode(packet)

    def _packets(self, stream: av.stream.Stream) -> Iterator[av.Packet[Any]]:
        queue = self._queues[stream.index]
        while True:
            while not queue:
                packet = next(self._demuxed, None)
                if packet is None:
                    return
                self._queues[packet.stream.index].append(packet)
            yield queue.popleft()

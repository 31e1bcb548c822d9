"""Writing a timeline of clips. Their video packets are copied or encoded; audio is always encoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from airflow_provider_kling.media.container import open_container
from airflow_provider_kling.media.filter_graph import CrossFade
from airflow_provider_kling.video.audio_reader import cross_fade
from airflow_provider_kling.video.clip import ClipReader, PlacedClip
from airflow_provider_kling.video.mp4_writer import Mp4Writer
from airflow_provider_kling.video.timeline import Timeline

Progress = Callable[[int, int, float, float], None]
"""Takes the number of the clip, the number of all, and the written and the total seconds of the output."""

_REPORT_EVERY_S: Final = 5


@dataclass(kw_only=True)
class TimelineWriter:
    """Writes clips, one after another, into a file. Only one of its methods may be called, and only once."""

    writer: Mp4Writer
    clips: Sequence[PlacedClip]
    timeline: Timeline
    progress: Progress
    _reported_s: float = field(default=0.0, init=False)

    def copy(self) -> None:
        """Copy the video packets."""
        for number, clip in enumerate(self.clips, 1):
            with self._reader(clip, size=clip.scan.frame_format.display_size) as reader:
                if number == 1:
                    self.writer.copy_video(reader.video)
                packets = islice(reader.packets(), len(clip.span))
                for frame, packet in enumerate(packets, clip.span.start):
                    self._report(number, frame)
                    self.writer.add_packet(packet)
                    self._add_audio(reader, frame)
            self._report(number, clip.span.stop, done=True)

    def encode(self, *, size: tuple[int, int]) -> None:
        """Encode all frames in one size and at one rate, with the timeline's cross-fades."""
        fade = self.timeline.fade
        self.writer.encode_video(size=size)
        with ExitStack() as fading:  # keeps the clip before open until it has faded into the current one
            before: ClipReader | None = None
            for number, clip in enumerate(self.clips, 1):
                with ExitStack() as opened:
                    reader = opened.enter_context(self._reader(clip, size=size))
                    start, end = clip.span.start, clip.span.stop
                    if number < len(self.clips):
                        end -= fade
                    if before is not None and fade:
                        self._cross_fade(before, reader, start=start)
                        start += fade
                    fading.close()
                    for frame in range(start, end):
                        self._report(number, frame)
                        self.writer.add_frame(reader.read_frame())
                        self._add_audio(reader, frame)
                    before = reader
                    if fade:
                        fading.push(opened.pop_all())
                self._report(number, end, done=True)

    def _cross_fade(self, first: ClipReader, second: ClipReader, *, start: int) -> None:
        steps = self.timeline.fade
        video = CrossFade(size=first.size, steps=steps)
        for _ in range(steps):
            self.writer.add_frame(video.blend(first.read_frame(), second.read_frame()))
        if self.writer.has_audio:
            samples = self.timeline.samples(start, start + steps)
            self.writer.add_audio(cross_fade(first.read_audio(samples), second.read_audio(samples)))

    def _add_audio(self, reader: ClipReader, frame: int) -> None:
        if self.writer.has_audio:
            self.writer.add_audio(reader.read_audio(self.timeline.samples(frame, frame + 1)))

    @contextmanager
    def _reader(self, clip: PlacedClip, *, size: tuple[int, int]) -> Iterator[ClipReader]:
        with (
            clip.file.open() as file,
            open_container(file, name=clip.file.name) as container,
            closing(ClipReader(container, clip=clip, timeline=self.timeline, size=size)) as reader,
        ):
            yield reader

    def _report(self, number: int, frame: int, *, done: bool = False) -> None:
        seconds = self.timeline.seconds(frame)
        if done or seconds - self._reported_s >= _REPORT_EVERY_S:
            self._reported_s = seconds
            total_s = self.timeline.seconds(self.timeline.frames)
            self.progress(number, len(self.clips), seconds, total_s)

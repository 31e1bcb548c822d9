"""Writing a timeline of clips. Their video packets are copied or encoded; audio is always encoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from itertools import islice
from typing import Final

from airflow_provider_kling.media.filter_graph import CrossFade
from airflow_provider_kling.media.pyav import av
from airflow_provider_kling.video.audio_reader import cross_fade
from airflow_provider_kling.video.clip import ClipReader, PlacedClip
from airflow_provider_kling.video.mp4_writer import Mp4Writer
from airflow_provider_kling.video.timeline import Timeline

Progress = Callable[[int, int, float, float], None]
"""Takes the number of the clip, the number of all, and the written and the total seconds of the output."""

_REPORT_EVERY_S: Final = 5


class TimelineWriter:
    """Writes clips, one after another, into a container.

    :param audio: whether the output has audio.
    """

    def __init__(
        self, clips: Sequence[PlacedClip], *, timeline: Timeline, audio: bool, progress: Progress
    ) -> None:
        self._clips = clips
        self._timeline = timeline
        self._audio = audio
        self._progress = progress
        self._reported_s = 0.0

    def copy(self, writer: Mp4Writer) -> None:
        """Copy the video packets."""
        for number, clip in enumerate(self._clips, 1):
            with self._reader(clip, size=clip.scan.frame_format.display_size) as reader:
                if number == 1:
                    writer.copy_video(reader.video)
                packets = islice(reader.packets(), clip.span.frames)
                for frame, packet in enumerate(packets, clip.span.start):
                    self._report(number, frame)
                    writer.add_packet(packet)
                    writer.add_audio(self._read_audio(reader, frame))
            self._report(number, clip.span.end, done=True)

    def encode(self, writer: Mp4Writer, *, size: tuple[int, int]) -> None:
        """Encode all frames in one size and at one rate, with the timeline's cross-fades."""
        fade = self._timeline.fade
        writer.encode_video(size=size)
        with ExitStack() as fading:  # keeps the clip before open until it has faded into the current one
            before: ClipReader | None = None
            for number, clip in enumerate(self._clips, 1):
                with ExitStack() as opened:
                    reader = opened.enter_context(self._reader(clip, size=size))
                    start, end = clip.span.start, clip.span.end
                    if number < len(self._clips):
                        end -= fade
                    if before is not None and fade:
                        self._cross_fade(writer, before, reader, start=start)
                        start += fade
                    fading.close()
                    for frame in range(start, end):
                        self._report(number, frame)
                        writer.add_frame(reader.read_frame())
                        writer.add_audio(self._read_audio(reader, frame))
                    before = reader
                    if fade:
                        fading.push(opened.pop_all())
                self._report(number, end, done=True)

    def _cross_fade(self, writer: Mp4Writer, first: ClipReader, second: ClipReader, *, start: int) -> None:
        steps = self._timeline.fade
        video = CrossFade(size=first.size, steps=steps)
        for _ in range(steps):
            writer.add_frame(video.blend(first.read_frame(), second.read_frame()))
        if self._audio:
            samples = self._timeline.samples(start, start + steps)
            writer.add_audio(cross_fade(first.read_audio(samples), second.read_audio(samples)))

    def _read_audio(self, reader: ClipReader, frame: int) -> av.AudioFrame | None:
        """Return the audio that goes with a frame; None where the output has none."""
        return reader.read_audio(self._timeline.samples(frame, frame + 1)) if self._audio else None

    @contextmanager
    def _reader(self, clip: PlacedClip, *, size: tuple[int, int]) -> Iterator[ClipReader]:
        with clip.file.container() as container:
            reader = ClipReader(container, clip=clip, timeline=self._timeline, size=size, audio=self._audio)
            with closing(reader):
                yield reader

    def _report(self, number: int, frame: int, *, done: bool = False) -> None:
        seconds = self._timeline.seconds(frame)
        if done or seconds - self._reported_s >= _REPORT_EVERY_S:
            self._reported_s = seconds
            total_s = self._timeline.seconds(self._timeline.frames)
            self._progress(number, len(self._clips), seconds, total_s)

"""Concatenating clips into one video."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.container import open_container
from airflow_provider_kling.media.filters import cross_fade_video
from airflow_provider_kling.media.media_info import MediaInfo
from airflow_provider_kling.media.probe import Scan, probe, scan
from airflow_provider_kling.media.source_file import SourceFile
from airflow_provider_kling.video.audio import cross_fade_audio
from airflow_provider_kling.video.clip import ClipReader, PlacedClip
from airflow_provider_kling.video.mp4_writer import Mp4Writer, open_mp4
from airflow_provider_kling.video.options import (
    MAX_SIDE,
    REPORT_EVERY_S,
    ClipWarning,
    ConcatMethod,
    ConcatOptions,
    ConcatResult,
    Progress,
)
from airflow_provider_kling.video.timeline import Timeline, can_stream_copy, lay_out, segment

# Without a requested size, the first clip decides; a few bytes can claim any.
_MAX_PIXELS: Final = 4096 * 2304


def concat(
    clips: Sequence[SourceFile],
    target: Path,
    *,
    options: ConcatOptions,
    progress: Progress,
    before_encoding: Callable[[int], None] = lambda _: None,
) -> ConcatResult:
    """Concatenate clips, in order, into an MP4 with H.264 and, if any clip has audio, AAC.

    Where all clips are alike and no option changes them, their video packets are copied. Otherwise all are
    encoded in one size, padded with black, and at one constant frame rate, by their timestamps. Audio is
    always encoded, exactly as long as the frames it goes with, so that the two stay in sync over any number
    of clips. At most two clips are open at once, and each is opened twice.

    :param target: a local path; the file is deleted if the concatenation fails.
    :param progress: called after each clip, and every few seconds of the output.
    :param before_encoding: called with the number of pixels of the largest frame, which decides the memory.
    :raises KlingMediaError: there is no clip; a clip is damaged, cannot be read, or is too short for the
        options; the output cannot be written, or is not as long as its parts.
    """
    if not clips:
        raise KlingMediaError("there are no clips to concatenate", retryable=False)
    scans = [_scanned(clip) for clip in clips]
    segments = [
        segment(scan, name=clip.name, trim_frames=options.trim_frames if number else 0)
        for number, (clip, scan) in enumerate(zip(clips, scans, strict=True))
    ]
    timeline = lay_out(segments, fps=options.rate or scans[0].timing.nominal_rate, fade_s=options.fade_s)
    placed = [
        PlacedClip(file=clip, scan=scan, segment=one, span=span)
        for clip, scan, one, span in zip(clips, scans, segments, timeline.spans, strict=True)
    ]
    audio = any(scan.audio_index is not None for scan in scans)
    changed = timeline.fade > 0 or (options.trim_frames > 0 and len(clips) > 1)
    copies = not changed and can_stream_copy(scans, size=options.size, fps=options.rate)
    try:
        with open_mp4(target, audio=audio, fps=timeline.fps) as writer:
            output = TimelineWriter(writer=writer, clips=placed, timeline=timeline, progress=progress)
            if copies:
                output.copy()
            else:
                size = options.size or _size_of(scans[0], name=clips[0].name)
                before_encoding(max(width * height for width, height in [size, *_sizes(scans)]))
                output.encode(size=size)
        duration = sum(one.duration for one in segments) - timeline.fade / timeline.fps * (len(clips) - 1)
        info = _checked(target, timeline=timeline, duration=duration)
    except BaseException:
        with suppress(OSError):
            target.unlink()
        raise
    method = ConcatMethod.COPIED if copies else ConcatMethod.ENCODED
    return ConcatResult(method=method, info=info, warnings=tuple(_warnings(scans, copies=copies)))


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
                for frame, packet in enumerate(reader.packets(), clip.span.start):
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
        pairs = ((first.read_frame(), second.read_frame()) for _ in range(steps))
        for frame in cross_fade_video(pairs, size=first.size, steps=steps):
            self.writer.add_frame(frame)
        if self.writer.has_audio:
            samples = self.timeline.samples(start, start + steps)
            self.writer.add_audio(cross_fade_audio(first.read_audio(samples), second.read_audio(samples)))

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
        seconds, total_s = (float(each / self.timeline.fps) for each in (frame, self.timeline.frames))
        if done or seconds - self._reported_s >= REPORT_EVERY_S:
            self._reported_s = seconds
            self.progress(number, len(self.clips), seconds, total_s)


def _checked(path: Path, *, timeline: Timeline, duration: Fraction) -> MediaInfo:
    """Return the properties of the output, after a check of its length."""
    with path.open("rb") as file:
        info = probe(file, name=path.name)
    duration_s = info.duration_s or 0.0
    if info.frames != timeline.frames or abs(duration_s - duration) > 1 / timeline.fps:
        raise KlingMediaError(
            f"{path.name} was written with {duration_s:.3f} s ({info.frames} frames), but its parts have"
            f" {float(duration):.3f} s ({timeline.frames} frames); nothing was kept"
        )
    return info


def _warnings(scans: Sequence[Scan], *, copies: bool) -> Iterator[tuple[int, ClipWarning]]:
    for number, each in enumerate(scans):
        if each.info.has_audio and each.audio_index is None:
            yield number, ClipWarning.SILENT
        if each.info.hdr and not copies:
            yield number, ClipWarning.HDR


def _scanned(clip: SourceFile) -> Scan:
    with clip.open() as file:
        return scan(file, name=clip.name)


def _sizes(scans: Sequence[Scan]) -> list[tuple[int, int]]:
    return [(scan.frame_format.width, scan.frame_format.height) for scan in scans]


def _size_of(scan: Scan, *, name: str) -> tuple[int, int]:
    """Return the size of the output where the first clip decides it."""
    width, height = (max(2, side // 2 * 2) for side in scan.frame_format.display_size)
    if width * height > _MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise KlingMediaError(
            f"{name} is displayed as {width}x{height}; for an output larger than 4K, give its `size`",
            retryable=False,
        )
    return width, height

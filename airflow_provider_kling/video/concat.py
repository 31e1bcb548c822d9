"""Concatenating clips into one video."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from itertools import islice
from math import inf
from pathlib import Path
from typing import Final

from airflow_provider_kling.exceptions import BrokenRule, KlingMediaError, KlingRequestError
from airflow_provider_kling.media.container import open_container
from airflow_provider_kling.media.filters import cross_fade_video
from airflow_provider_kling.media.media_info import MediaInfo
from airflow_provider_kling.media.probe import probe
from airflow_provider_kling.video.audio import cross_fade_audio
from airflow_provider_kling.video.clip import ClipFile, ClipReader, PlacedClip
from airflow_provider_kling.video.mp4_writer import Mp4Writer, open_mp4
from airflow_provider_kling.video.timeline import Timeline, can_stream_copy, lay_out, segment

_MAX_FPS: Final = 120
_MAX_SIDE: Final = 8192
_REPORT_EVERY_S: Final = 5
_MAX_DENOMINATOR: Final = 1001  # of the frame rates in use; that of a float does not fit into a file

Progress = Callable[[int, int, float, float], None]
"""Takes the number of the clip, the number of all, and the written and the total seconds of the output."""


class ConcatMethod(StrEnum):
    """How the video stream was made: by copying the clips' packets, or by encoding."""

    COPIED = "copied"
    ENCODED = "encoded"


@dataclass(frozen=True, kw_only=True)
class ConcatOptions:
    """How clips are concatenated.

    :param size: width and height of the output in pixels, even and at most 8192; by default, the first clip's
        as displayed.
    :param fps: frames a second, at most 120; by default, the first clip's.
    :param fade_s: seconds of the cross-fade between two clips; each makes the output as much shorter.
    :param trim_frames: frames to leave out at the start of every clip but the first, with their audio,
        because they repeat the end of the clip before.
    :raises KlingRequestError: an option is out of range.
    """

    size: tuple[int, int] | None = None
    fps: Fraction | None = None
    fade_s: float = 0.0
    trim_frames: int = 0

    def __post_init__(self) -> None:
        broken = []
        if self.size is not None and any(side % 2 or not 2 <= side <= _MAX_SIDE for side in self.size):
            rule = f"must be two even numbers of pixels, at most {_MAX_SIDE}"
            broken.append(BrokenRule(field="size", rule=rule, value=self.size))
        if self.rate is not None and not 0 < self.rate <= _MAX_FPS:
            rule = f"must be more than 0 and at most {_MAX_FPS} frames a second"
            broken.append(BrokenRule(field="fps", rule=rule, value=float(self.rate)))
        if not 0 <= self.fade_s < inf:
            broken.append(BrokenRule(field="fade_s", rule="must be 0 or more seconds", value=self.fade_s))
        if self.trim_frames < 0:
            rule = "must be 0 or more frames"
            broken.append(BrokenRule(field="trim_frames", rule=rule, value=self.trim_frames))
        if broken:
            raise KlingRequestError(subject="concat", broken=broken)

    @property
    def rate(self) -> Fraction | None:
        """The frames a second, as a fraction that fits into a file."""
        return None if self.fps is None else Fraction(self.fps).limit_denominator(_MAX_DENOMINATOR)


@dataclass(frozen=True, kw_only=True)
class ConcatResult:
    """The properties of the output, measured, and how it was made."""

    method: ConcatMethod
    info: MediaInfo


def concat(
    clips: Sequence[ClipFile], target: Path, *, options: ConcatOptions, progress: Progress
) -> ConcatResult:
    """Concatenate clips, in order, into an MP4 with H.264 and, if any clip has audio, AAC.

    Where all clips are alike and no option changes them, their video packets are copied. Otherwise all are
    encoded in one size, padded with black, and at one constant frame rate, by their timestamps. Audio is
    always encoded, exactly as long as the frames it goes with, so that the two stay in sync over any number
    of clips. At most two clips are open at once, and each is read twice.

    :param target: a local path; the file is deleted if the concatenation fails.
    :param progress: called after each clip, and every few seconds of the output.
    :raises KlingMediaError: there is no clip; a clip is damaged, cannot be read, or is too short for the
        options; the output cannot be written, or is not as long as its parts.
    """
    if not clips:
        raise KlingMediaError("there are no clips to concatenate", retryable=False)
    scans = [clip.scan() for clip in clips]
    segments = [
        segment(scan, name=clip.name, trim_frames=options.trim_frames if number else 0)
        for number, (clip, scan) in enumerate(zip(clips, scans, strict=True))
    ]
    timeline = lay_out(segments, fps=options.rate or scans[0].timing.nominal_rate, fade_s=options.fade_s)
    placed = [
        PlacedClip(file=clip, scan=scan, segment=one, span=span)
        for clip, scan, one, span in zip(clips, scans, segments, timeline.spans, strict=True)
    ]
    audio = any(scan.info.audio_codec for scan in scans)
    changed = timeline.fade > 0 or (options.trim_frames > 0 and len(clips) > 1)
    copies = not changed and can_stream_copy(scans, size=options.size, fps=options.rate)
    try:
        with open_mp4(target, audio=audio, fps=timeline.fps) as writer:
            output = TimelineWriter(writer=writer, clips=placed, timeline=timeline, progress=progress)
            if copies:
                output.copy()
            else:
                width, height = options.size or scans[0].frame_format.display_size
                output.encode(size=(_even(width), _even(height)))
        duration = sum(one.duration for one in segments) - timeline.fade / timeline.fps * (len(clips) - 1)
        info = _checked(target, timeline=timeline, duration=duration)
    except BaseException:
        with suppress(OSError):
            target.unlink()
        raise
    return ConcatResult(method=ConcatMethod.COPIED if copies else ConcatMethod.ENCODED, info=info)


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
        if done or seconds - self._reported_s >= _REPORT_EVERY_S:
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


def _even(side: int) -> int:
    return max(2, side // 2 * 2)

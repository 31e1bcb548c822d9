"""Which frames of the output each clip fills, and whether the clips' packets can be copied. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Final, TypeVar

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.probe import Scan
from airflow_provider_kling.media.stereo import SAMPLE_RATE
from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.video.options import MAX_DURATION_S

T = TypeVar("T")

# A frame is encoded again and again for as long as it is displayed, and a few bytes can claim hours.
_MAX_FRAME_S: Final = 120


@dataclass(frozen=True, kw_only=True)
class Segment:
    """The part of a clip that goes into the output.

    :param name: of the clip, for messages.
    :param start: the presentation time of its first frame in the clip, in seconds.
    :param duration: seconds.
    """

    name: str
    start: Fraction
    duration: Fraction


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """The frames of the output.

    :param fps: frames a second.
    :param fade: how many frames a cross-fade takes; 0 for none.
    :param spans: the numbers of the frames that each segment fills. With cross-fades, neighbours overlap.
    """

    fps: Fraction
    fade: int
    spans: tuple[range, ...]

    @property
    def frames(self) -> int:
        """How many frames the output has."""
        return self.spans[-1].stop

    def samples(self, start: int, end: int) -> int:
        """Return how many audio samples go with the frames from ``start`` to before ``end``."""
        return round(end * SAMPLE_RATE / self.fps) - round(start * SAMPLE_RATE / self.fps)


def segment(scan: Scan, *, name: str, trim_frames: int = 0) -> Segment:
    """Return the part of a clip after its first ``trim_frames`` frames.

    :raises KlingMediaError: it is an image, is truncated, has no frame left, or has a frame that is displayed
        for more than two minutes.
    """
    if scan.info.type is MediaType.IMAGE:
        raise KlingMediaError(f"{name} is an image, not a video", retryable=False)
    if scan.info.truncated:
        raise KlingMediaError(
            f"{name} is damaged: it ends before what its own index announces", retryable=False
        )
    timing = scan.timing
    if trim_frames >= len(timing.pts):
        raise KlingMediaError(
            f"{name} has {len(timing.pts)} frames, so {trim_frames} cannot be left out", retryable=False
        )
    longest = max(after - before for before, after in pairwise([*timing.pts, timing.end]))
    displayed_s = longest * timing.time_base
    if displayed_s > _MAX_FRAME_S:
        raise KlingMediaError(
            f"{name} has a frame that is displayed for {float(displayed_s):.0f} s, more than"
            f" {_MAX_FRAME_S} s; its timestamps may be broken",
            retryable=False,
        )
    start = timing.pts[trim_frames] * timing.time_base
    return Segment(name=name, start=start, duration=timing.end * timing.time_base - start)


def lay_out(segments: Sequence[Segment], *, fps: Fraction, fade_s: float = 0) -> Timeline:
    """Return the timeline of the segments, one after another.

    Each starts at the frame nearest to the exact end of the one before, so that rounding does not add up.

    :param fade_s: seconds of the cross-fade between two neighbours; rounded to whole frames, at least one.
    :raises KlingMediaError: a segment is shorter than its cross-fades or a frame, or the output is longer
        than 6 hours.
    """
    fade = max(1, round(Fraction(fade_s) * fps)) if fade_s > 0 and len(segments) > 1 else 0
    overlap = fade / fps
    ends = [end - number * overlap for number, end in enumerate(accumulate(one.duration for one in segments))]
    if ends[-1] > MAX_DURATION_S:
        raise KlingMediaError(
            f"the clips last {float(ends[-1]):.0f} s together; the timestamps of one of them may be broken",
            retryable=False,
        )
    starts = [0, *(round((each - overlap) * fps) for each in ends[:-1])]
    stops = [*(start + fade for start in starts[1:]), round(ends[-1] * fps)]
    spans = tuple(map(range, starts, stops))
    for number, (one, span) in enumerate(zip(segments, spans, strict=True)):
        fades = (number > 0) + (number < len(segments) - 1)
        if fade and len(span) < fade * fades:
            raise KlingMediaError(
                f"{one.name} lasts {float(one.duration):.2f} s, which is too short for"
                f" {'a cross-fade' if fades == 1 else 'cross-fades at both ends'} of {float(overlap):.2f} s",
                retryable=False,
            )
        if not span:
            raise KlingMediaError(f"{one.name} is shorter than a frame of the output", retryable=False)
    return Timeline(fps=fps, fade=fade, spans=spans)


def can_stream_copy(scans: Sequence[Scan], *, size: tuple[int, int] | None, fps: Fraction | None) -> bool:
    """Tell whether the clips' video packets can be appended to each other without encoding.

    All have to be H.264 in an MP4, upright and with a constant frame rate, and need the same decoder with the
    same set-up. The audio does not matter: it is always encoded, because its packets do not end where frames
    do.

    :param size: the requested one, if any; ``fps`` likewise.
    """
    first = scans[0]
    if size not in (None, (first.info.width, first.info.height)):
        return False
    if fps not in (None, first.timing.nominal_rate):
        return False
    return all(map(_is_copyable, scans)) and len(set(map(_decoder_setup, scans))) == 1


def _is_copyable(scan: Scan) -> bool:
    return (
        scan.can_follow
        and scan.frame_format.pixel_format == "yuv420p"
        and not scan.frame_format.rotation
        and scan.timing.reorder_delay is not None
        # They differ where the clip has a single frame, or more frames a second than the output may have.
        and scan.timing.nominal_rate == scan.timing.average_rate
    )


def _decoder_setup(scan: Scan) -> tuple[object, ...]:
    return scan.frame_format, scan.extradata, scan.timing.reorder_delay, scan.timing.nominal_rate


def at_constant_rate(frames: Iterable[tuple[Fraction, T]], *, fps: Fraction, count: int) -> Iterator[T]:
    """Yield what is displayed at each frame of a constant rate: some frames repeatedly, others not at all.

    :param frames: presentation times in seconds, ascending, and frames. Of those before 0, the last one
        counts. The first one is displayed from the start on, whatever its time, and the last one to the end.
    :param count: how many frames of the constant rate there are.
    """
    displayed: list[T] = []
    at = 0
    for time, frame in frames:
        # The nearest one: timestamps are rounded, and that may move none to the next frame.
        due = min(count, int(time * fps + Fraction(1, 2)))
        while displayed and at < due:
            yield displayed[-1]
            at += 1
        displayed = [frame]
    while displayed and at < count:
        yield displayed[-1]
        at += 1

"""Where each clip stands in a film, and whether its pictures can be taken over as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Final, TypeVar

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.facts import MediaType
from airflow_provider_kling.media.probe import Survey

T = TypeVar("T")

SAMPLE_RATE: Final = 48_000
"""Samples a second of a film's sound, in each of its two channels."""

_LONGEST_S: Final = 6 * 3600
_MP4_PARAMETER_SETS: Final = b"\x01"  # how H.264's begin in an MP4; other containers store packets otherwise


@dataclass(frozen=True, kw_only=True)
class Part:
    """The part of a clip that goes into the film.

    :param name: of the clip, for messages.
    :param begin: the time of its first frame in the clip, in seconds.
    """

    name: str
    begin: Fraction
    seconds: Fraction


@dataclass(frozen=True, kw_only=True)
class Span:
    """The frames of the film that a part fills; they overlap with its neighbours' where there is a fade."""

    begin: int
    frames: int

    @property
    def end(self) -> int:
        """Return the first frame after it."""
        return self.begin + self.frames


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Where each part stands in the film.

    :param fps: frames a second.
    :param fade: frames in which two neighbours are seen at once.
    """

    fps: Fraction
    fade: int
    spans: tuple[Span, ...]

    @property
    def frames(self) -> int:
        """Return how many frames the film has."""
        return self.spans[-1].end

    def seconds(self, frame: int) -> float:
        """Return when a frame is shown."""
        return float(frame / self.fps)

    def samples(self, frame: int) -> int:
        """Return how many samples of sound there are before a frame."""
        return round(frame * SAMPLE_RATE / self.fps)


def part_of(found: Survey, *, name: str, trim_frames: int = 0) -> Part:
    """Return the part of a clip behind its first ``trim_frames`` frames.

    :raises KlingMediaError: it is a picture, is cut short, or has no frame left.
    """
    if found.facts.type is MediaType.IMAGE:
        raise KlingMediaError(f"{name} is a picture, not a video", retryable=False)
    if found.facts.cut_short:
        raise KlingMediaError(
            f"{name} is damaged: it ends before its own index says it does", retryable=False
        )
    timing = found.timing
    if trim_frames >= len(timing.shown):
        raise KlingMediaError(
            f"{name} has {len(timing.shown)} frames, so {trim_frames} cannot be left out", retryable=False
        )
    begin = timing.shown[trim_frames] * timing.time_base
    return Part(name=name, begin=begin, seconds=timing.end * timing.time_base - begin)


def lay_out(parts: Sequence[Part], *, fps: Fraction, fade_s: float = 0) -> Plan:
    """Return where each part stands.

    A part begins at the frame nearest to the sum of what is before it, so that rounding does not add up.

    :param fade_s: seconds in which two neighbours are seen at once; made to whole frames, at least one.
    :raises KlingMediaError: a part is shorter than its fades or a frame, or the film longer than 6 hours.
    """
    fade = max(1, round(Fraction(fade_s) * fps)) if fade_s > 0 and len(parts) > 1 else 0
    overlap = fade / fps
    at, ends = Fraction(0), []
    for part in parts:
        ends.append(at + part.seconds)
        at = ends[-1] - overlap
    if ends[-1] > _LONGEST_S:
        raise KlingMediaError(
            f"the clips last {float(ends[-1]):.0f} s together; the timestamps of one of them may be broken",
            retryable=False,
        )
    begins = [0, *(round((end - overlap) * fps) for end in ends[:-1])]
    lasts = [*(begin + fade for begin in begins[1:]), round(ends[-1] * fps)]
    spans = tuple(Span(begin=begin, frames=end - begin) for begin, end in zip(begins, lasts, strict=True))
    for number, (part, span) in enumerate(zip(parts, spans, strict=True)):
        fades = (number > 0) + (number < len(parts) - 1)
        _check_room(part, span, fade=fade, fades=fades, fps=fps)
    return Plan(fps=fps, fade=fade, spans=spans)


def _check_room(part: Part, span: Span, *, fade: int, fades: int, fps: Fraction) -> None:
    if fade and span.frames < fade * fades:
        raise KlingMediaError(
            f"{part.name} lasts {float(part.seconds):.2f} s, which is too short for"
            f" {'a cross-fade' if fades == 1 else 'cross-fades at both ends'} of {float(fade / fps):.2f} s",
            retryable=False,
        )
    if span.frames < 1:
        raise KlingMediaError(f"{part.name} is shorter than a frame of the film", retryable=False)


def may_copy(surveys: Sequence[Survey], *, size: tuple[int, int] | None, fps: Fraction | None) -> bool:
    """Tell whether the clips' packets of pictures can be put one behind another as they are.

    They have to be what a film is made of, upright and evenly timed, and need the same decoder, set up in the
    same way. Sound does not matter: it is always encoded anew, because a packet of sound ends where it likes
    and not where a picture does.

    :param size: that is asked for, if any; likewise ``fps``.
    """
    first = surveys[0]
    if size not in (None, (first.facts.width, first.facts.height)):
        return False
    if fps not in (None, first.timing.natural_rate):
        return False
    return all(_is_film(found) for found in surveys) and all(
        _look(before) == _look(after) for before, after in pairwise(surveys)
    )


def _is_film(found: Survey) -> bool:
    return (
        found.facts.codec == "h264"
        and found.shape.pixel_format == "yuv420p"
        and not found.shape.turn
        and found.timing.lead is not None
        # Not so where the clip has more frames a second than a film may have, or a single one.
        and found.timing.natural_rate == found.timing.average_rate
        and found.extradata.startswith(_MP4_PARAMETER_SETS)
    )


def _look(found: Survey) -> tuple[object, ...]:
    return found.shape, found.extradata, found.timing.lead, found.timing.natural_rate


def paced(frames: Iterable[tuple[Fraction, T]], *, fps: Fraction, count: int) -> Iterator[T]:
    """Yield what is shown at each frame of a constant rate: some things again, others not at all.

    :param frames: things, with when they appear: seconds from the beginning, in order. Of those that appear
        before it, the last one counts. The first one is shown from the beginning on, whenever it appears, and
        the last one to the end.
    :param count: how many frames of the constant rate there are.
    """
    shown: list[T] = []
    at = 0
    for appears, thing in frames:
        # The nearest frame: timestamps are rounded, and none may slip to the next frame for that.
        frame = min(count, int(appears * fps + Fraction(1, 2)))
        while shown and at < frame:
            yield shown[-1]
            at += 1
        shown = [thing]
    while shown and at < count:
        yield shown[-1]
        at += 1

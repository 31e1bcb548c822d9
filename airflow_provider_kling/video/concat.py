"""Joining clips into one film."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import inf
from pathlib import Path
from typing import Final

from airflow_provider_kling.exceptions import BrokenRule, KlingMediaError, KlingRequestError
from airflow_provider_kling.media.probe import survey
from airflow_provider_kling.video.assembly import Assembly, Progress, Scene
from airflow_provider_kling.video.clip import ClipFile
from airflow_provider_kling.video.film import written
from airflow_provider_kling.video.plan import Plan, lay_out, may_copy, part_of

_HIGHEST_FPS: Final = 120
_LONGEST_SIDE: Final = 8192
_FINEST_RATE: Final = 1001  # the largest denominator of a rate in use; a float's does not fit into a file


class JoinMethod(StrEnum):
    """What became of the clips' pictures."""

    COPIED = "copied"
    ENCODED = "encoded"


@dataclass(frozen=True, kw_only=True)
class Joined:
    """A film that was made.

    :param width: pixels, as shown; ``height`` likewise.
    :param fps: frames a second.
    :param size: bytes.
    """

    frames: int
    seconds: float
    width: int
    height: int
    fps: float
    has_sound: bool
    method: JoinMethod
    size: int


def join(
    clips: Sequence[ClipFile],
    target: Path,
    *,
    size: tuple[int, int] | None = None,
    fps: Fraction | int | None = None,
    fade_s: float = 0.0,
    trim_frames: int = 0,
    progress: Progress = lambda *_: None,
) -> Joined:
    """Join clips, in order, into an MP4 with H.264 and, if any clip has sound, AAC.

    Where all clips are alike, and nothing is asked that changes them, their pictures are taken over without
    loss. Otherwise all are encoded anew, in one size and at one constant rate: black fills what a picture of
    another shape leaves free, and frames are shown again or left out by their timestamps. Sound is always
    encoded anew, in stereo at 48 kHz, exactly as long as the pictures it goes with, so that the two stay
    together over any number of clips. A clip without sound is silent, and sound that goes on behind a clip's
    last picture is left out.

    The clips are opened one after another, at most two at once, and each is read twice. The film is written
    beside ``target`` and renamed when it is complete.

    :param target: a local path; what is there is replaced.
    :param size: width and height of the film in pixels, even and at most 8192; by default, the first
        clip's as shown.
    :param fps: frames a second, at most 120; by default, the first clip's.
    :param fade_s: seconds in which a clip fades into the next one; each seam makes the film as much shorter.
    :param trim_frames: frames to leave out at the beginning of every clip but the first, with their sound, as
        they repeat the end of the clip before.
    :param progress: called when a clip is done, and every few seconds of the film.
    :raises KlingRequestError: the film cannot be made as it is asked for.
    :raises KlingMediaError: there is no clip; a clip is broken, cannot be read, or is too short for what is
        asked; the film cannot be written, or is not as long as its parts.
    """
    rate = None if fps is None else Fraction(fps).limit_denominator(_FINEST_RATE)
    check_options(size=size, fps=rate, fade_s=fade_s, trim_frames=trim_frames)
    if not clips:
        raise KlingMediaError("there are no clips to join", retryable=False)
    found = [clip.survey() for clip in clips]
    parts = [
        part_of(each, name=clip.name, trim_frames=trim_frames if number else 0)
        for number, (clip, each) in enumerate(zip(clips, found, strict=True))
    ]
    plan = lay_out(parts, fps=rate or found[0].timing.natural_rate, fade_s=fade_s)
    scenes = [
        Scene(clip=clip, found=each, part=part, span=span)
        for clip, each, part, span in zip(clips, found, parts, plan.spans, strict=True)
    ]
    with_sound = any(each.facts.sound for each in found)
    assembly = Assembly(scenes, plan=plan, with_sound=with_sound, name=target.name, progress=progress)
    changed = plan.fade > 0 or (trim_frames > 0 and len(clips) > 1)
    copies = not changed and may_copy(found, size=size, fps=rate)
    with _replacing(target) as path:
        with written(path, name=target.name) as container:
            if copies:
                assembly.copy(container)
            else:
                width, height = size or found[0].shape.shown_size
                assembly.encode(container, width=_even(width), height=_even(height))
        return _checked(
            path,
            name=target.name,
            plan=plan,
            seconds=sum(part.seconds for part in parts) - plan.fade / plan.fps * (len(parts) - 1),
            method=JoinMethod.COPIED if copies else JoinMethod.ENCODED,
        )


def check_options(
    *,
    size: tuple[int, int] | None = None,
    fps: Fraction | None = None,
    fade_s: float = 0.0,
    trim_frames: int = 0,
) -> None:
    """Look whether a film can be made so, before any clip is opened.

    The parameters are those of :func:`join`.

    :raises KlingRequestError: it cannot.
    """
    broken = []
    if size is not None and any(side % 2 or not 2 <= side <= _LONGEST_SIDE for side in size):
        rule = f"must be two even numbers of pixels, at most {_LONGEST_SIDE}"
        broken.append(BrokenRule(field="size", rule=rule, value=size))
    if fps is not None and not 0 < fps <= _HIGHEST_FPS:
        rule = f"must be more than 0 and at most {_HIGHEST_FPS} frames a second"
        broken.append(BrokenRule(field="fps", rule=rule, value=float(fps)))
    if not 0 <= fade_s < inf:
        broken.append(BrokenRule(field="fade_s", rule="must be 0 or more seconds", value=fade_s))
    if trim_frames < 0:
        broken.append(BrokenRule(field="trim_frames", rule="must be 0 or more frames", value=trim_frames))
    if broken:
        raise KlingRequestError(subject="film", broken=broken)


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """Give a path to write to, beside the target; at the end it becomes the target, or is gone."""
    partial = target.with_name(f".{target.name}.{uuid.uuid4().hex[:12]}.part")
    try:
        yield partial
        try:
            partial.replace(target)
        except OSError as error:
            raise KlingMediaError(f"{target.name} could not be written: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)


def _checked(path: Path, *, name: str, plan: Plan, seconds: Fraction, method: JoinMethod) -> Joined:
    """Return what was made, after a look that it is what it should be."""
    with path.open("rb") as file:
        facts = survey(file, name=name).facts
    made_s = facts.seconds or 0.0
    if facts.frames != plan.frames or abs(made_s - seconds) > 1 / plan.fps:
        raise KlingMediaError(
            f"{name} was joined into {made_s:.3f} s ({facts.frames} frames), but its parts are"
            f" {float(seconds):.3f} s ({plan.frames} frames); nothing was kept"
        )
    return Joined(
        frames=plan.frames,
        seconds=made_s,
        width=facts.width,
        height=facts.height,
        fps=float(plan.fps),
        has_sound=facts.sound is not None,
        method=method,
        size=path.stat().st_size,
    )


def _even(side: int) -> int:
    return max(2, side // 2 * 2)

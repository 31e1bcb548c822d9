"""The shots of a video: as text in a prompt of the new standard, as a list in the legacy one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

_MAX_SHOTS: Final = 6
_MAX_WORDS: Final = 512
_MAX_DIGITS: Final = 4
# "shot 1, 3, words; shot 2, 2, words;", in Chinese pages with another word. A prompt that begins like this is
# one of shots; any other one is plain text.
_BEGINS: Final = re.compile(r"\s*(?:shot|镜头)\s*\d+\s*,", re.IGNORECASE)
_SHOT: Final = re.compile(r"\s*(?:shot|镜头)\s*(\d+)\s*,\s*(\d+)\s*,(.*)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One shot.

    :param seconds: its length.
    """

    number: int
    seconds: int
    words: str


class MalformedShotsError(ValueError):
    """A prompt begins like one of shots, but is none."""


def parse_shots(prompt: str) -> list[Shot]:
    """Return the shots of a prompt; none for a prompt that is plain text.

    :raises MalformedShotsError: a part between semicolons is no shot.
    """
    if not _BEGINS.match(prompt):
        return []
    shots = []
    for part in filter(str.strip, prompt.split(";")):
        found = _SHOT.fullmatch(part)
        if found is None or max(len(found[1]), len(found[2])) > _MAX_DIGITS:
            raise MalformedShotsError("each shot must be written as 'shot n, m, words;'")
        shots.append(Shot(number=int(found[1]), seconds=int(found[2]), words=found[3].strip()))
    return shots


def listed_shots(entries: Iterable[Mapping[str, Any]]) -> list[Shot]:
    """Return the shots of a checked ``multi_prompt``.

    :raises MalformedShotsError: a duration is no whole number.
    """
    shots = []
    for entry in entries:
        text = entry["duration"]
        if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
            raise MalformedShotsError("the 'duration' of each shot must be a whole number of seconds")
        shots.append(Shot(number=entry["index"], seconds=int(text), words=entry["prompt"]))
    return shots


def shot_problems(shots: Sequence[Shot], *, total: int) -> Iterator[str]:
    """Yield what is wrong with the shots of a video.

    :param total: the length of the video in seconds.
    """
    if not 1 <= len(shots) <= _MAX_SHOTS:
        yield f"there must be 1 to {_MAX_SHOTS} shots, got {len(shots)}"
    if [shot.number for shot in shots] != list(range(1, len(shots) + 1)):
        yield "the shots must be numbered from 1, one after another"
    if any(shot.seconds < 1 for shot in shots):
        yield "each shot must last at least 1 second"
    if (length := sum(shot.seconds for shot in shots)) != total:
        yield f"the shots must last {total} seconds together, got {length}"
    if any(not shot.words or len(shot.words) > _MAX_WORDS for shot in shots):
        yield f"each shot must have 1 to {_MAX_WORDS} characters of words"

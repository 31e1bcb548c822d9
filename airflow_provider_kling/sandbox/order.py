"""What is to be made: a request's fields, with the contract's words gone."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

# Part of every fingerprint, as results are kept over runs; to be raised when the same order looks different.
_PAINTER: Final = 2


class Medium(StrEnum):
    """The kinds of inputs, by the words that contracts use for their limits."""

    IMAGE = "images"
    VIDEO = "videos"
    SOUND = "sounds"


class Sound(StrEnum):
    """The soundtrack of a clip: none, a tone, the source video's, or the sound file that was given."""

    SILENT = "silent"
    TONE = "tone"
    ORIGINAL = "original"
    GIVEN = "given"


class Craft(StrEnum):
    """What a model does to pictures."""

    DRAWING = "drawing"
    EXPANSION = "expansion"
    SEGMENTATION = "segmentation"
    TRY_ON = "try-on"


@dataclass(frozen=True, kw_only=True)
class Input:
    """What a request brings: ``name`` is the parameter as messages name it, ``text`` a URL or Base64."""

    name: str
    medium: Medium
    text: str


@dataclass(frozen=True, kw_only=True)
class Growth:
    """How far a picture is grown to each side, in its widths and heights."""

    left: float
    up: float
    right: float
    down: float


@dataclass(frozen=True, kw_only=True)
class Order:
    """What clips and pictures have in common. ``aspect_ratio`` None follows the first input's shape."""

    label: str
    prompt: str
    resolution: str
    aspect_ratio: str | None
    inputs: tuple[Input, ...] = ()

    def brings(self, medium: Medium) -> bool:
        """Whether there is an input of a kind."""
        return any(entry.medium is medium for entry in self.inputs)

    def fingerprint(self, *, seed: int, inputs: tuple[bytes, ...]) -> str:
        """Return what the files' bytes depend on: the seed, the order, and the inputs' bytes."""
        facts = asdict(self) | {
            "inputs": [(entry.name, entry.medium) for entry in self.inputs],
            "bytes": [hashlib.sha256(data).hexdigest() for data in inputs],
            "seed": seed,
            "painter": _PAINTER,
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class ClipOrder(Order):
    """One clip. ``seconds`` None lasts as long as the source: the video, or the sound that was given.

    ``tail``: the last image is the clip's last frame.
    """

    seconds: int | None
    sound: Sound
    multi_shot: bool = False
    tail: bool = False


@dataclass(frozen=True, kw_only=True)
class PictureOrder(Order):
    """Some pictures. ``growth`` is set where a picture is to be expanded."""

    count: int = 1
    craft: Craft = Craft.DRAWING
    growth: Growth | None = None

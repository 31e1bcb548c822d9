"""What to render: the parameters of a request, independent of the API version that carried them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

# Part of every fingerprint, as rendered files can be kept between runs. Raise it when the same spec renders
# differently.
_RENDERER_VERSION: Final = 3


class MediaKind(StrEnum):
    """The kinds of input files, as the fact files name them."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"


class AudioSource(StrEnum):
    """Where the audio track of a video comes from."""

    NONE = "none"  # no audio track
    TONE = "tone"  # generated
    SOURCE_VIDEO = "source video"
    AUDIO_FILE = "audio file"


class ImageOperation(StrEnum):
    """What is done to images."""

    GENERATE = "generate"
    EXPAND = "expand"
    SEGMENT = "segment"
    TRY_ON = "try on"


@dataclass(frozen=True, kw_only=True)
class MediaReference:
    """An input file as the request names it.

    :param name: the request parameter, as error messages show it, such as ``images[0]``.
    :param text: a URL or Base64.
    """

    name: str
    kind: MediaKind
    text: str


@dataclass(frozen=True, kw_only=True)
class Expansion:
    """How far an image is extended on each side, in multiples of its width or height."""

    left: float
    up: float
    right: float
    down: float


@dataclass(frozen=True, kw_only=True)
class RenderSpec:
    """What all results have in common.

    :param label: shown in a picture; the slug of the model.
    """

    label: str
    prompt: str
    inputs: tuple[MediaReference, ...] = ()

    def has_media(self, kind: MediaKind) -> bool:
        """Whether there is an input of a kind."""
        return any(reference.kind is kind for reference in self.inputs)

    def fingerprint(self, *, seed: int, inputs: tuple[bytes, ...]) -> str:
        """Return a hash of everything that the rendered files depend on.

        :param inputs: the content of the input files. Their addresses do not count.
        """
        facts = asdict(self) | {
            "inputs": [(reference.name, reference.kind) for reference in self.inputs],
            "contents": [hashlib.sha256(data).hexdigest() for data in inputs],
            "seed": seed,
            "renderer": _RENDERER_VERSION,
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class PictureSpec(RenderSpec):
    """What videos and images have in common.

    :param aspect_ratio: None: the same as the first input.
    """

    resolution: str
    aspect_ratio: str | None


@dataclass(frozen=True, kw_only=True)
class VideoSpec(PictureSpec):
    """One video.

    :param seconds: rounded to frames. None: as long as its source, which is the input video or the audio
        file.
    :param multi_shot: with several shots, cut one after another.
    :param ends_with_last_image: the last input image is the last frame.
    """

    seconds: float | None
    audio: AudioSource
    multi_shot: bool = False
    ends_with_last_image: bool = False


@dataclass(frozen=True, kw_only=True)
class ImageSpec(PictureSpec):
    """One or more images.

    :param expansion: set for ``ImageOperation.EXPAND`` only.
    """

    count: int = 1
    operation: ImageOperation = ImageOperation.GENERATE
    expansion: Expansion | None = None


@dataclass(frozen=True, kw_only=True)
class AudioSpec(RenderSpec):
    """Audio, as an MP3 and as a WAV file."""

    seconds: float

"""A rendered file: one of the results of a task, or the cover image of its video."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from PIL import Image

from airflow_provider_kling.sandbox.render.media_input import MediaInput
from airflow_provider_kling.sandbox.render.render_spec import MediaKind
from airflow_provider_kling.sandbox.render.video.source import audio_seconds, probe

_AUDIO = ("mp3", "wav")
STEM = "result"  # file names in a result folder: result.mp4, result-1.png and so on, or result.mp3


class Role(StrEnum):
    """The role of a resource (docs: query-task-result). Several equal results are all primary (inferred)."""

    PRIMARY = "primary"
    COVER = "cover"


@dataclass(frozen=True, kw_only=True)
class Result:
    """A rendered file with its properties.

    :param size: in bytes.
    :param width: 0 for audio, as is the height.
    :param seconds: the exact length of a video or of audio; None for an image.
    """

    path: Path
    role: Role
    width: int
    height: int
    size: int
    seconds: float | None = None

    @property
    def name_suffix(self) -> str:
        """Return the part of the file name that differs within a task: ``.mp4`` or ``-1.png``."""
        return self.path.name.removeprefix(STEM)

    @property
    def format(self) -> str:
        """Return the service's name for the file format."""
        return self.path.suffix.removeprefix(".")

    @property
    def type(self) -> str:
        """Return the service's name for the type of content."""
        if self.format in _AUDIO:
            return "audio"
        return "image" if self.seconds is None else "video"


def read_results(folder: Path) -> tuple[Result, ...]:
    """Return the rendered files of a folder, sorted by name."""
    return tuple(read_result(path) for path in sorted(folder.iterdir()))


def read_result(path: Path) -> Result:
    """Return a rendered file with its properties."""
    role = Role.COVER if path.suffix == ".jpg" else Role.PRIMARY
    size = path.stat().st_size
    if path.suffix.removeprefix(".") in _AUDIO:
        audio = MediaInput(name=path.name, kind=MediaKind.AUDIO, data=path.read_bytes())
        seconds = audio_seconds(audio)
        return Result(path=path, role=role, width=0, height=0, size=size, seconds=seconds)
    if path.suffix == ".mp4":
        video = MediaInput(name=path.name, kind=MediaKind.VIDEO, data=path.read_bytes())
        info = probe(video, limits={"max_seconds": float("inf")})
        return Result(
            path=path,
            role=role,
            width=info.width,
            height=info.height,
            size=size,
            seconds=info.rounded_seconds,
        )
    with Image.open(path) as image:
        return Result(path=path, role=role, width=image.width, height=image.height, size=size)

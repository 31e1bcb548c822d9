"""A finished file: one of the results of a task, or the cover of its clip."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from PIL import Image

from airflow_provider_kling.sandbox.material import Material
from airflow_provider_kling.sandbox.order import Medium
from airflow_provider_kling.sandbox.video.source import probe

STEM = "result"  # results lie in a folder as result.mp4, or result-1.png and so on


class Role(StrEnum):
    """What a resource of an answer is (docs: query-task-result). Equal results are all primary (inferred)."""

    PRIMARY = "primary"
    COVER = "cover"


@dataclass(frozen=True, kw_only=True)
class Result:
    """A file with its facts. ``seconds`` is the exact length of a clip; a picture has none."""

    path: Path
    role: Role
    width: int
    height: int
    size: int
    seconds: float | None = None

    @property
    def ending(self) -> str:
        """Return what tells the file from the others of its task: ``.mp4`` or ``-1.png``."""
        return self.path.name.removeprefix(STEM)

    @property
    def format(self) -> str:
        """Return the service's word for the file's format."""
        return self.path.suffix.removeprefix(".")

    @property
    def type(self) -> str:
        """Return the service's word for what the file holds."""
        return "image" if self.seconds is None else "video"


def read_results(folder: Path) -> tuple[Result, ...]:
    """Return the finished files of a folder in a fixed order."""
    return tuple(read_result(path) for path in sorted(folder.iterdir()))


def read_result(path: Path) -> Result:
    """Return a finished file with its facts."""
    role = Role.COVER if path.suffix == ".jpg" else Role.PRIMARY
    size = path.stat().st_size
    if path.suffix == ".mp4":
        film = Material(name=path.name, medium=Medium.VIDEO, data=path.read_bytes())
        facts = probe(film, limits={"max_seconds": float("inf")})
        return Result(
            path=path, role=role, width=facts.width, height=facts.height, size=size, seconds=facts.length
        )
    with Image.open(path) as picture:
        return Result(path=path, role=role, width=picture.width, height=picture.height, size=size)

"""The files of a task: which there are, how long they last, and their addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from airflow_provider_kling.sandbox.kling.service.task import Task
from airflow_provider_kling.sandbox.render.result import Result, Role


class Links(Protocol):
    """Makes the addresses of result files."""

    def url(self, file_name: str, *, base_url: str, expires_at: float) -> str:
        """Return the signed address of a file.

        :param expires_at: in epoch seconds.
        """


@dataclass(frozen=True, kw_only=True)
class TaskFiles:
    """The files of one task, as a response links them.

    :param base_url: the address under which the reader reaches the service.
    :param result_ttl: how long files are kept, in seconds.
    """

    task: Task
    links: Links
    base_url: str
    result_ttl: float

    @property
    def shown(self) -> Sequence[Result]:
        """Return all files without the cover of a video."""
        return shown_files(self.task)

    def of_type(self, type_: str) -> Sequence[Result]:
        """Return the files that are videos, images or audio files."""
        return files_of(self.task, type_)

    def url(self, result: Result) -> str:
        """Return the address of a file."""
        finished_at = self.task.finished_at or self.task.schedule.done_at
        expires_at = finished_at + self.result_ttl
        return self.links.url(self.task.file_name(result), base_url=self.base_url, expires_at=expires_at)

    def linked(self, result: Result) -> dict[str, str]:
        """Return the address of a file, and that of its copy with a watermark.

        Without a watermark the second is absent (inferred). The copy is the same file: none is drawn.
        """
        url = self.url(result)
        return {"url": url, "watermark_url": url} if self.task.watermark else {"url": url}

    @property
    def video(self) -> dict[str, Any]:
        """Return the first video, as both generations show it."""
        result = self.of_type("video")[0]
        return {"id": self.task.work_ids[0], **self.linked(result), "duration": seconds_text(result)}

    @property
    def audio(self) -> tuple[str, Result, Result]:
        """Return the id of the audio, its MP3 and its WAV file."""
        files = {result.format: result for result in self.of_type("audio")}
        return self.task.work_ids[-1], files["mp3"], files["wav"]


def shown_files(task: Task) -> list[Result]:
    """Return the files of a task without the cover of its video."""
    return [result for result in task.results if result.role is Role.PRIMARY]


def files_of(task: Task, type_: str) -> list[Result]:
    """Return the files of a task that are videos, images or audio files."""
    return [result for result in shown_files(task) if result.type == type_]


def seconds_text(result: Result) -> str:
    """Return the length of a file as responses write it: cut to three digits, such as ``5.041``."""
    return cut_seconds(result.seconds or 0)


def cut_seconds(seconds: float) -> str:
    """Return a length cut to three digits after the point, without useless zeros."""
    return f"{int(seconds * 1000) / 1000:g}"

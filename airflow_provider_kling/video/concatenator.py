"""Concatenating clips that others made, in a child process."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, NonNegativeInt

from airflow_provider_kling.media.channel import ChannelError
from airflow_provider_kling.media.process_limits import ProcessLimits
from airflow_provider_kling.media.reader import ChildResult, InfoResult, MediaReader
from airflow_provider_kling.media.source_file import SourceFile
from airflow_provider_kling.video.options import (
    MAX_DURATION_S,
    REPORT_EVERY_S,
    ClipWarning,
    ConcatMethod,
    ConcatOptions,
    ConcatResult,
    Progress,
    memory_bytes,
)

_PIXELS_4K: Final = 4096 * 2304


class Concatenator(MediaReader):
    """Concatenates clips in a child process, which can read single files as well.

    Clips are scanned with the memory that reading a file may take. Only then does the child raise its limit,
    by the size of their frames and of the output, and at most to what 4K or the requested size takes.
    """

    OPERATIONS: ClassVar[str] = "airflow_provider_kling.video.operations"
    LIMITS: ClassVar[ProcessLimits] = replace(
        MediaReader.LIMITS,
        most_memory_bytes=memory_bytes(_PIXELS_4K),
        # Of five seconds of the output, which a slow machine needs some minutes to encode in 4K.
        cpu_s=1200,
        step_s=1800.0,
        output_bytes=64 * 1024**3,
        open_files=2,  # the output, and once more to move its index to its start
    )

    @classmethod
    def for_options(cls, options: ConcatOptions) -> Concatenator:
        """Return one whose child may take the memory that the requested size needs."""
        width, height = options.size or (0, 0)
        most = max(cls.LIMITS.most_memory_bytes, memory_bytes(width * height))
        return cls(limits=replace(cls.LIMITS, most_memory_bytes=most))

    def concat(
        self, clips: Sequence[SourceFile], target: Path, *, options: ConcatOptions, progress: Progress
    ) -> ConcatResult:
        """Concatenate clips, in order, into an MP4, as :func:`~airflow_provider_kling.video.concat.concat`.

        :param target: a local path, the only file that the child writes; it is deleted on failure.
        :param progress: called after each clip, and every few seconds of the output.
        :raises KlingMediaError: as for the function, and as for all methods of this class.
        """
        # Each report allows the time of one more step, so there are no more than an output can have.
        reports = iter(range(len(clips) + MAX_DURATION_S // REPORT_EVERY_S))

        def report(values: object) -> None:
            number, seconds, total_s = _progress(values, clips=len(clips))
            if next(reports, None) is None:
                raise ChannelError("reported progress without end")
            progress(number, len(clips), seconds, total_s)

        name = target.name
        try:
            fields, _ = self.child.call(
                "concat",
                {"target": str(target.absolute()), "options": _arguments(options)},
                files=clips,
                progress=report,
            )
            result = self.checked(_ConcatResult, fields, name=name)
        except BaseException:
            with suppress(OSError):
                target.unlink()
            raise
        warnings = tuple(
            (number, ClipWarning[name]) for number, name in result.warnings if number < len(clips)
        )
        return ConcatResult(method=ConcatMethod(result.method), info=result.info.info(), warnings=warnings)


class _ConcatResult(ChildResult):
    method: Literal["copied", "encoded"]
    info: InfoResult
    # Not strict, because JSON has no tuples.
    warnings: list[Annotated[tuple[NonNegativeInt, Literal["SILENT", "HDR"]], Field(strict=False)]]


def _arguments(options: ConcatOptions) -> dict[str, Any]:
    return {
        "size": options.size,
        "fps": None if options.fps is None else str(options.fps),
        "fade_s": options.fade_s,
        "trim_frames": options.trim_frames,
    }


def _progress(values: object, *, clips: int) -> tuple[int, float, float]:
    match values:
        case [int(number), int(), int() | float() as seconds, int() | float() as total_s] if (
            1 <= number <= clips and isfinite(seconds) and isfinite(total_s)
        ):
            return number, float(seconds), float(total_s)
    raise ChannelError("reported progress that cannot be so")

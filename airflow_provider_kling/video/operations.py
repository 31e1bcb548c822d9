"""What the child process of a concatenation can do: concatenate, and read single files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from airflow_provider_kling.media import operations
from airflow_provider_kling.media.child_main import Job, Operation
from airflow_provider_kling.video.concat import concat
from airflow_provider_kling.video.options import ConcatOptions, memory_bytes


def _concat(job: Job) -> tuple[Mapping[str, Any], bytes]:
    options = dict(job.arguments["options"])
    size, fps = options["size"], options["fps"]
    result = concat(
        job.files,
        Path(job.arguments["target"]),
        options=ConcatOptions(
            **{**options, "size": size and (size[0], size[1]), "fps": None if fps is None else Fraction(fps)}
        ),
        progress=lambda *report: job.progress(report),
        before_encoding=lambda pixels: job.limits.raise_memory(memory_bytes(pixels)),
    )
    warnings = [[number, warning.name] for number, warning in result.warnings]
    return {"method": result.method, "info": asdict(result.info), "warnings": warnings}, b""


OPERATIONS: Final[Mapping[str, Operation]] = {**operations.OPERATIONS, "concat": _concat}

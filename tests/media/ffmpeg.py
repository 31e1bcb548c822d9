"""The programs ``ffmpeg`` and ``ffprobe``, which do not share FFmpeg's libraries with PyAV.

They make files that PyAV cannot make, and say what is in a file. Where they are missing, a test is skipped,
and fails in CI.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.media.clips import number_in


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """What the programs say about a file.

    :param numbers: in the frames, in presentation order; see :class:`tests.media.clips.Clip`.
    :param streams: the fields of each stream, by the names of ffprobe.
    """

    numbers: tuple[int, ...]
    width: int
    height: int
    streams: tuple[Mapping[str, Any], ...]


def convert(inputs: Mapping[str, bytes], *commands: str, output: str) -> bytes:
    """Run ffmpeg in a folder with some files, once for each command, and return a file of that folder.

    :param commands: the arguments, separated by blanks.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name, content in inputs.items():
            Path(folder, name).write_bytes(content)
        for command in commands:
            _run("ffmpeg", "-v", "error", "-y", "-bitexact", *command.split(), folder=folder)
        return Path(folder, output).read_bytes()


@cache
def decode(content: bytes) -> Decoded:
    """Decode all frames of the first video stream."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "file").write_bytes(content)
        listed = _run("ffprobe", "-v", "quiet", "-of", "json", "-show_streams", "file", folder=folder)
        # With every frame as it is decoded: none is repeated or left out for the sake of a constant rate.
        options = "-map 0:v:0 -fps_mode passthrough -f image2pipe -c:v pgm -pix_fmt gray -"
        images = _run("ffmpeg", "-v", "quiet", "-i", "file", *options.split(), folder=folder)
    numbers, width, height = [], 0, 0
    while images:
        _, size, _, images = images.split(b"\n", 3)
        width, height = map(int, size.split())
        luma = np.frombuffer(images, np.uint8, width * height).reshape(height, width)
        numbers.append(number_in(luma))
        images = images[width * height :]
    streams = tuple(json.loads(listed)["streams"])
    return Decoded(numbers=tuple(numbers), width=width, height=height, streams=streams)


@cache
def frame_times(content: bytes) -> tuple[float, ...]:
    """Return when the frames of the first video stream are displayed, in seconds.

    The last ones have no times in some containers; ffmpeg displays them one after another.
    """
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "file").write_bytes(content)
        entries = "-select_streams v:0 -show_entries frame=best_effort_timestamp_time -of json file"
        listed = json.loads(_run("ffprobe", "-v", "quiet", *entries.split(), folder=folder))["frames"]
    times: list[float] = []
    for frame in listed:
        known = frame.get("best_effort_timestamp_time")
        times.append(2 * times[-1] - times[-2] if known is None else float(known))
    return tuple(times)


def _run(program: str, *arguments: str, folder: str) -> bytes:
    if shutil.which(program) is None:
        missing = f"needs the program {program}; on Debian: apt-get install ffmpeg"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    ran = subprocess.run([program, *arguments], cwd=folder, capture_output=True, check=False, timeout=600)
    assert ran.returncode == 0, ran.stderr.decode(errors="replace")
    return ran.stdout

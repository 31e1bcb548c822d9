"""An output may be long; the memory for it is that of a few frames."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import airflow_provider_kling
from tests.media.clips import Clip

CONCAT = """
import sys
from functools import partial
from pathlib import Path
from airflow_provider_kling.media.source_file import SourceFile
from airflow_provider_kling.video.concat import concat
from airflow_provider_kling.video.options import ConcatOptions

target, count, *paths = sys.argv[1:]
clips = [
    SourceFile(name=str(number), open=partial(open, paths[number % len(paths)], "rb"))
    for number in range(int(count))
]
options = ConcatOptions(fade_s=float(target.endswith("faded.mp4")) / 4)
output = concat(clips, Path(target), options=options, progress=lambda *_: None)
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(output.method, output.info.frames, int(peak.split()[1]) // 1024)
"""


def peak(target: Path, *, count: int, clips: list[Clip]) -> tuple[str, int, int]:
    """Concatenate ``count`` clips in another process; return the method, the frames, and the peak in MiB."""
    paths = [target.with_name(f"scene {number}.mp4") for number in range(len(clips))]
    for path, clip in zip(paths, clips, strict=True):
        path.write_bytes(clip.encoded())
    ran = subprocess.run(
        [sys.executable, "-c", CONCAT, str(target), str(count), *map(str, paths)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        cwd=Path(airflow_provider_kling.__file__).parent.parent,
    )
    assert ran.returncode == 0, ran.stderr
    method, frames, megabytes = ran.stdout.split()
    return method, int(frames), int(megabytes)


pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from Linux")


def test_twelve_clips_in_full_hd_are_encoded_in_little_memory(tmp_path: Path) -> None:
    # All frames together would take 440 MiB, in addition to what the encoder needs.
    hd = Clip(width=1920, height=1080, frames=12, fps=12, audio=True, tone=0.3)
    other = replace(hd, frames=13, fps=13)
    method, frames, megabytes = peak(tmp_path / "faded.mp4", count=12, clips=[hd, other])
    assert (method, frames) == ("encoded", 12 * 12 - 11 * 3)
    assert megabytes < 500


def test_ten_clips_of_ten_megabytes_are_copied_in_little_memory(tmp_path: Path) -> None:
    clip = Clip(width=640, height=384, frames=60, fps=12, audio=True, tone=0.3, grain=90, crf=1)
    assert len(clip.encoded()) > 10_000_000
    method, frames, megabytes = peak(tmp_path / "output.mp4", count=10, clips=[clip])
    assert (method, frames) == ("copied", 10 * 60)
    assert megabytes < 140  # all packets together would take 100 MB more

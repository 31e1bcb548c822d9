"""What it costs to decode in a child process: a task's media work, in the process and in a child.

Each measurement runs in a new process, as an Airflow task does, and probes one clip and makes its poster. The
two ways take turns; a third one is a child that got ready while the result was
downloaded, as it is after a generation. ``python -m benchmarks.media_child --rounds 5``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from tests.media.clips import Clip

CLIPS = {
    "720p, 5 s": Clip(width=1280, height=720, frames=120, audio=True, tone=0.3, grain=30),
    "1080p, 10 s": Clip(width=1920, height=1080, frames=240, audio=True, tone=0.3, grain=30),
}
# What a task has loaded anyway is imported before the clock starts.
TASK = """
import resource, sys, time
import pydantic, fsspec
import airflow_provider_kling.media.{module}
path = sys.argv[1]

def cpu():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)

started, cpu_before = time.perf_counter(), cpu()
{work}
print(time.perf_counter() - started, cpu() - cpu_before)
"""
DOWNLOAD_S = 2
WAYS = {
    "in the process": TASK.format(
        module="probe",
        work="""
from airflow_provider_kling.media.frames import read_poster
from airflow_provider_kling.media.probe import probe
for read in (probe, read_poster):
    with open(path, "rb") as file:
        read(file, name="clip")
""",
    ),
    "in a child": TASK.format(
        module="reader",
        work="""
from airflow_provider_kling.media.reader import MediaReader
with MediaReader() as reader:
    if sys.argv[2]:  # it gets ready while the result is downloaded
        time.sleep(float(sys.argv[2]))
        started = time.perf_counter()
    for read in (reader.probe, reader.poster):
        with open(path, "rb") as file:
            read(file, name="clip")
""",
    ),
}


def measure(way: str, path: Path) -> tuple[float, float]:
    """Return the wall-clock and the processor seconds of one task."""
    code, _, later = way.partition(", ")
    arguments = [str(path), str(DOWNLOAD_S) if later else ""]
    ran = subprocess.run(
        [sys.executable, "-c", WAYS[code], *arguments], check=True, capture_output=True, text=True
    )
    wall, cpu = map(float, ran.stdout.split())
    return wall, cpu


def main() -> None:
    """Print the medians, and the median of the ratios within a round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        for name, clip in CLIPS.items():
            path = Path(folder) / "clip.mp4"
            path.write_bytes(clip.encoded())
            ways = [*WAYS, "in a child, after a download"]
            measured = [{way: measure(way, path) for way in ways} for _ in range(rounds + 1)][1:]
            print(f"{name}, {path.stat().st_size / 1e6:.0f} MB")
            for way in ways:
                wall, cpu = (median(each[way][kind] for each in measured) for kind in range(2))
                ratios = [
                    median(each[way][kind] / each["in the process"][kind] for each in measured)
                    for kind in range(2)
                ]
                print(
                    f"  {way:28} {wall * 1000:5.0f} ms ({ratios[0]:.2f}),"
                    f" of processor time {cpu * 1000:5.0f} ms ({ratios[1]:.2f})"
                )


if __name__ == "__main__":
    main()

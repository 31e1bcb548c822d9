"""Draw what ``python -m benchmarks.triggers`` measured: ``python -m benchmarks.plot RESULTS PICTURE``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib import pyplot

from benchmarks.triggers.contenders import CONTENDERS

_TASKS: Final = 1000
_OURS, _OTHERS = "#0b7a75", "#8a8f98"


def draw(measured: list[dict[str, Any]], picture: Path) -> None:
    """Draw the CPU time of a finished task, and how many polls it took, for each trigger."""
    rows = [
        one
        for one in measured
        if one["tasks"] == _TASKS and one["runner"] == "airflow" and one["polls"] and not one["under_way"]
    ]
    rows.sort(key=lambda one: one["cpu_s"], reverse=True)
    labels = [CONTENDERS[one["contender"]].label.replace("`", "") for one in rows]
    colours = [_OURS if one["contender"] == "ours" else _OTHERS for one in rows]
    mpl.rcParams["svg.hashsalt"] = "the same picture each time"
    figure, (cpu, polls) = pyplot.subplots(1, 2, figsize=(10, 0.5 * len(rows) + 1.2), sharey=True)
    for axes, values, title in (
        (cpu, [1000 * one["cpu_s"] / one["tasks"] for one in rows], "CPU time a finished task, ms"),
        (polls, [one["polls"] / one["tasks"] for one in rows], "polls a finished task"),
    ):
        bars = axes.barh(labels, values, color=colours)
        axes.bar_label(bars, fmt="%.1f", padding=3)
        axes.set_title(title, fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0.15)
    figure.tight_layout()
    figure.savefig(picture, metadata={"Date": None})


if __name__ == "__main__":
    results, target = map(Path, sys.argv[1:])
    draw(json.loads(results.read_text()), target)

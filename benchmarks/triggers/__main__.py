"""Compare the triggers; see ``../README.md``."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from benchmarks.triggers.certificate import make_certificate
from benchmarks.triggers.contenders import CONTENDERS
from benchmarks.triggers.measure import Measured, measure
from benchmarks.triggers.service import Load

RESULTS: Final = Path(__file__).parents[1] / "results" / "triggers.json"
_EVERY: Final = tuple(CONTENDERS)
_FEW: Final = ("ours", "sensor", "aiohttp", "sleeping")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Contenders that are measured one after another with the same load.

    Ours comes first: the others poll at the fixed interval that has the same median delay.
    """

    load: Load
    runner: str = "airflow"
    tls: bool = False
    contenders: Sequence[str] = _EVERY


# Most generations take longer. A poll costs the same, and a comparison ends sooner.
FULL: Final = (
    Comparison(load=Load(tasks=100, median_s=60)),
    Comparison(load=Load(tasks=100, median_s=60), runner="asyncio", contenders=_FEW),
    Comparison(load=Load(tasks=100, median_s=60), tls=True, contenders=_FEW),
    Comparison(load=Load(tasks=1000, median_s=60)),
    # A triggerer that starts again, with the requests of Modellix's highest tier.
    Comparison(load=Load(tasks=1000, median_s=120, per_minute=1000, under_way=True), contenders=("ours",)),
    Comparison(load=Load(tasks=5000, median_s=180), contenders=_FEW),
)
SHORT: Final = (
    Comparison(load=Load(tasks=5, median_s=2), contenders=("ours", "sensor")),
    Comparison(load=Load(tasks=5, median_s=2), runner="asyncio", contenders=("ours", "socket")),
    Comparison(load=Load(tasks=5, median_s=2), runner="asyncio", tls=True, contenders=("ours", "aiohttp")),
)


def run(comparisons: Sequence[Comparison]) -> Iterator[Measured]:
    """Measure all contenders of the comparisons."""
    with tempfile.TemporaryDirectory() as folder:
        certificate = make_certificate(Path(folder) / "certificate.pem")
        for one in comparisons:
            delay_s = one.load.median_s / 60
            for contender in one.contenders:
                found = measure(
                    contender,
                    one.load,
                    runner=one.runner,
                    interval_s=2 * delay_s,
                    certificate=certificate if one.tls else None,
                )
                if contender == "ours":
                    delay_s = found.delay_s
                print(_row(found), file=sys.stderr, flush=True)
                yield found


def _row(found: Measured) -> str:
    return (
        f"| {CONTENDERS[found.contender].label} | {found.polls_per_task:.1f} | {found.delay_s:.2f} s "
        f"| {found.delay_95_s:.1f} s | {found.cpu_ms_per_poll:.2f} ms | {found.cpu_ms_per_task:.1f} ms "
        f"| {1000 * found.stall_s:.0f} ms | {found.memory_kb:.0f} KB | {found.rejected} |"
    )


def report(measured: Sequence[Measured]) -> str:
    """Return a table for each load."""
    lines: list[str] = []
    titles = {_title(one): None for one in measured}
    for title in titles:
        lines += [f"### {title}", ""]
        lines.append(
            "| trigger | polls a task | median delay | 95 % within | CPU a poll | CPU a finished task "
            "| longest stall | memory a trigger | 429s |"
        )
        lines.append("|---|---|---|---|---|---|---|---|---|")
        lines += [_row(one) for one in measured if _title(one) == title]
        lines.append("")
    return "\n".join(lines)


def _title(found: Measured) -> str:
    runner = "the triggerer's runner" if found.runner == "airflow" else "a bare event loop"
    tls = ", over TLS" if found.tls else ""
    again = f", after a restart, {found.per_minute:,} requests a minute" if found.under_way else ""
    return f"{found.tasks:,} tasks of {found.median_s:.0f} s in {runner}{tls}{again}"


def main() -> None:
    """Run the comparisons, and print and keep what they measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="show that it runs; measures nothing of use")
    parser.add_argument("--tasks", type=int, help="only the comparisons of so many tasks; others are kept")
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, default=_EVERY, help="only these contenders")
    parser.add_argument("--result", type=Path, default=RESULTS, help="where the measurements go, as JSON")
    given = parser.parse_args()
    wanted = [one for one in (SHORT if given.short else FULL) if given.tasks in (None, one.load.tasks)]
    measured = _kept(given.result) if given.tasks else []
    titles: set[str] = set()
    for found in run([_narrowed(one, given.only) for one in wanted]):
        if _title(found) not in titles:
            titles.add(_title(found))
            measured = [one for one in measured if _title(one) != _title(found)]
        measured.append(found)
        given.result.write_text(json.dumps([one.to_json() for one in measured], indent=1) + "\n")
    print(report(measured))


def _narrowed(comparison: Comparison, only: Sequence[str]) -> Comparison:
    return replace(comparison, contenders=[one for one in comparison.contenders if one in only])


def _kept(file: Path) -> list[Measured]:
    return [Measured(**one) for one in json.loads(file.read_text())] if file.exists() else []


if __name__ == "__main__":
    main()

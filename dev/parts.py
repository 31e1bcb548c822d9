"""Run the parts of a whole, go on when one has failed, and tell at the end how each went.

usage: python -m dev.parts --run COMMAND [--at-once N] GROUP...

COMMAND gets a part as its last argument, as ``make`` gets a target. Groups run one after another. The parts
of a group are separated by commas and run side by side, in their order, at most N of them at once; what each
prints is shown when it has ended. Exits with 0 when every part did. Needs nothing but Python, as it also runs
what sets up the rest.
"""

from __future__ import annotations

import argparse
import contextlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

EVERY_S = 0.1  # between two polls of the processes
INTERRUPTED = "interrupted"


@dataclass(kw_only=True)
class Part:
    """A part and how it went.

    :ivar result: a word or two, for people.
    :ivar seconds: how long it took; None when it has not ended.
    :ivar output: keeps what it prints; None when that goes where this process prints.
    """

    name: str
    result: str = "not run"
    seconds: float | None = None
    output: IO[bytes] | None = None
    process: subprocess.Popen[bytes] | None = None

    @property
    def passed(self) -> bool:
        return self.result == "passed"

    def start(self, command: Sequence[str]) -> None:
        """Start it; a part that cannot be started has failed."""
        print(f"== {self.name}", flush=True)
        self._begun = time.monotonic()
        try:
            self.process = subprocess.Popen([*command, self.name], stdout=self.output, stderr=self.output)
        except OSError as error:
            self.result = f"failed ({error.strerror})"

    def has_ended(self) -> bool:
        """Tell whether it has ended, and note how the first time."""
        if self.process is None or self.seconds is not None:
            return True
        if (status := self.process.poll()) is None:
            return False
        self.seconds = time.monotonic() - self._begun
        if self.result != INTERRUPTED:
            self.result = "passed" if status == 0 else f"failed ({status})"
        if self.output:
            self.output.seek(0)
            print(f"== {self.name}: {self.result}", flush=True)
            shutil.copyfileobj(self.output, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        return True

    def interrupt(self) -> None:
        """Ask it to end; once, as a second signal may cut its clean-up short."""
        if self.process and self.result != INTERRUPTED:
            self.result = INTERRUPTED
            self.process.terminate()


class Interruption:
    """Notes a signal that is to end this process. An exception in the middle of a start would lose a part."""

    def __init__(self) -> None:
        self.signum: int | None = None
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, self._note)

    def _note(self, signum: int, _frame: object) -> None:
        self.signum = signum


def run_group(
    parts: Sequence[Part], *, command: Sequence[str], at_once: int, interruption: Interruption
) -> None:
    """Run parts side by side until all have ended, or until a signal comes, which ends them."""
    left, running = list(parts), list[Part]()
    with contextlib.ExitStack() as files:
        while left or running:
            if interruption.signum:
                left.clear()
                for part in running:
                    part.interrupt()
            while left and len(running) < at_once:
                part = left.pop(0)
                if len(parts) > 1:
                    part.output = files.enter_context(tempfile.TemporaryFile())
                part.start(command)
                running.append(part)
            time.sleep(EVERY_S)
            running = [part for part in running if not part.has_ended()]


def summary(parts: Sequence[Part]) -> Iterator[str]:
    """Yield a line for each part: its name, its result and its minutes and seconds."""
    width = max(len(part.name) for part in parts)
    result_width = max(len(part.result) for part in parts)
    for part in parts:
        took = "" if part.seconds is None else f"{int(part.seconds) // 60}:{int(part.seconds) % 60:02}"
        yield f"{part.name:<{width}}  {part.result:<{result_width}}  {took:>6}".rstrip()


def main(command: Sequence[str], groups: Sequence[Sequence[Part]], *, at_once: int) -> int:
    """Run all groups, and return the exit status."""
    interruption = Interruption()
    for group in groups:
        if not interruption.signum:
            run_group(group, command=command, at_once=at_once, interruption=interruption)
    parts = [part for group in groups for part in group]
    print("== summary", *summary(parts), sep="\n", flush=True)
    if interruption.signum:
        return 128 + interruption.signum
    return 0 if all(part.passed for part in parts) else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Run parts, and tell at the end how each went.")
    parser.add_argument("--run", required=True, help="the command that runs a part")
    parser.add_argument("--at-once", type=int, default=100, help="how many parts of a group")
    parser.add_argument("groups", nargs="+", metavar="GROUP", help="parts, separated by commas")
    arguments = parser.parse_args()
    if arguments.at_once < 1:
        parser.error("--at-once must be at least 1")
    sys.exit(
        main(
            shlex.split(arguments.run),
            [[Part(name=name) for name in group.split(",")] for group in arguments.groups],
            at_once=arguments.at_once,
        )
    )

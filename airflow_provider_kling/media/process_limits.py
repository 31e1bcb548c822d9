"""What a process that decodes foreign files may use; it sets these limits itself, before it decodes."""

from __future__ import annotations

import os
import resource
import sys
from dataclasses import dataclass
from typing import Final

_MIB: Final = 1024**2
# Address space that is not memory: the libraries, and what malloc reserves for each of its arenas.
_RESERVED_BYTES: Final = 1024 * _MIB


@dataclass(frozen=True, kw_only=True)
class ProcessLimits:
    """The limits of a process.

    The kernel of Linux enforces those of memory and files. macOS enforces neither, and there only the
    processor time and the wall-clock time are limited.

    :param memory_bytes: of private memory. Each shared library adds what is used of it, about 40 MiB.
    :param most_memory_bytes: up to which the process may raise ``memory_bytes`` by itself.
    :param cpu_s: seconds of processor time for one step. A step begins when a file is opened or progress is
        reported.
    :param step_s: wall-clock seconds for one step, without those that the storage takes; the parent's clock.
    :param output_bytes: the size of a file that it writes.
    :param open_files: how many files it may open by itself, at once.
    """

    memory_bytes: int = 512 * _MIB
    most_memory_bytes: int = 512 * _MIB
    cpu_s: int = 120
    step_s: float = 600.0
    output_bytes: int = 0
    open_files: int = 0

    def apply(self) -> None:
        """Limit this process. Call it before anything foreign is read."""
        _set(resource.RLIMIT_CORE, 0)
        _set(resource.RLIMIT_FSIZE, self.output_bytes)
        _set(resource.RLIMIT_AS, self.most_memory_bytes + _RESERVED_BYTES)
        _set(resource.RLIMIT_DATA, self.memory_bytes, hard=self.most_memory_bytes)
        self.begin_step()

    def begin_step(self) -> None:
        """Allow the processor time of one more step."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        seconds = int(used.ru_utime + used.ru_stime) + 1 + self.cpu_s
        _set(resource.RLIMIT_CPU, seconds, hard=resource.RLIM_INFINITY)

    def raise_memory(self, memory_bytes: int) -> None:
        """Allow more memory, up to ``most_memory_bytes``."""
        allowed = min(max(memory_bytes, self.memory_bytes), self.most_memory_bytes)
        _set(resource.RLIMIT_DATA, allowed, hard=self.most_memory_bytes)

    def lock_files(self) -> None:
        """Allow no more files or connections than ``open_files``. Call it after all modules are imported."""
        lowest_free = os.open(os.devnull, os.O_RDONLY)
        os.close(lowest_free)
        _set(resource.RLIMIT_NOFILE, lowest_free + self.open_files)

    def unlimited(self, reported: object) -> list[str]:
        """Return the names of the limits that a process lacks, by what :func:`current_limits` reported."""
        if not sys.platform.startswith("linux"):
            return []
        most = {"core": 0, "fsize": self.output_bytes, "data": self.memory_bytes}
        current = reported if isinstance(reported, dict) else {}
        return [name for name, limit in most.items() if not _is_within(current.get(name), limit)]


def current_limits() -> dict[str, int]:
    """Return the limits of this process, for :meth:`ProcessLimits.unlimited`."""
    kinds = {"core": resource.RLIMIT_CORE, "fsize": resource.RLIMIT_FSIZE, "data": resource.RLIMIT_DATA}
    return {name: resource.getrlimit(kind)[0] for name, kind in kinds.items()}


def _is_within(value: object, limit: int) -> bool:
    return isinstance(value, int) and 0 <= value <= limit


def _set(kind: int, soft: int, *, hard: int | None = None) -> None:
    """Set a limit, or keep the one that the process has where that is lower."""
    highest = resource.getrlimit(kind)[1]
    wanted = [soft, soft if hard is None else hard]
    if highest != resource.RLIM_INFINITY:
        wanted = [highest if each == resource.RLIM_INFINITY else min(each, highest) for each in wanted]
    try:
        resource.setrlimit(kind, (wanted[0], wanted[1]))
    except (OSError, ValueError):
        if sys.platform.startswith("linux"):
            raise  # nowhere else are all limits known

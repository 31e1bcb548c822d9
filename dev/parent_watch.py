"""Run one command and leave none of its processes behind.

usage: python parent_watch.py GRACE COMMAND [ARGUMENT...]

The command, and whatever it started, ends when the command exits, when this process gets SIGTERM or
SIGINT, and when its standard input closes: the parent holds the other end, so a parent that was killed
by SIGKILL takes everything with it as well. GRACE is the seconds a process gets between SIGTERM and SIGKILL.
Exits with the command's status.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable

import psutil

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _raise_exit(signum: int, _frame: object) -> None:
    raise SystemExit(128 + signum)


def _when_input_closes(act: Callable[[], None]) -> None:
    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        act()

    threading.Thread(target=wait, daemon=True).start()


def end_descendants(grace: float) -> None:
    """End every process below this one: direct children first, in good order, then what is left."""
    me = psutil.Process()
    direct = me.children()
    for child in direct:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.terminate()
    psutil.wait_procs(direct, timeout=grace)
    # A process that ends hands its orphans to this one, so list them again until nothing is left.
    while left := me.children(recursive=True):
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=1)


def main(grace: float, command: list[str]) -> int:
    # Orphans below come to this process rather than to init, whatever session they moved to.
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGTERM, _raise_exit)
    signal.signal(signal.SIGINT, _raise_exit)
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            # Still one thread here, so the hook is safe; it serves if this process itself is killed.
            preexec_fn=lambda: _prctl(PR_SET_PDEATHSIG, signal.SIGTERM),
        )
        _when_input_closes(lambda: os.kill(os.getpid(), signal.SIGTERM))
        return child.wait()
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        end_descendants(grace)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))

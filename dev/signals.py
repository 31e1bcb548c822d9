"""Make every polite way of terminating a program an exception, so that ``with`` blocks clean up."""

from __future__ import annotations

import signal


def _exit(signum: int, _frame: object) -> None:
    raise SystemExit(128 + signum)


def raise_on_signals() -> None:
    """Turn SIGINT into KeyboardInterrupt, and SIGTERM and a closed terminal into SystemExit.

    SIGINT is set too, as a program that was started in the background inherits it ignored.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _exit)
    signal.signal(signal.SIGHUP, _exit)

"""An event loop whose time is virtual: it passes only while nothing is left to do, and costs none."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    def __init__(self, pass_time: Callable[[float], None]) -> None:
        super().__init__()
        self._pass_time = pass_time

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout:
            self._pass_time(timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """See the module.

    :ivar now: its time, in seconds.
    """

    def __init__(self, *, start: float = 0.0) -> None:
        self.now = start
        super().__init__(_Selector(self._pass))

    def _pass(self, seconds: float) -> None:
        self.now += seconds

    def time(self) -> float:
        """Return its time, in seconds."""
        return self.now


def run_in_virtual_time(work: Callable[[VirtualLoop], Coroutine[Any, Any, T]], *, start: float = 0.0) -> T:
    """Run a coroutine on a loop of its own, to its end."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(start=start)) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        return runner.run(work(loop))

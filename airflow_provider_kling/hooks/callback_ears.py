"""Hearing in a triggerer of what a service has reported to the API server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

from airflow_provider_kling.hooks.callback_list import NAMES, reported, variable_of
from airflow_provider_kling.polling import PollWindow

log = logging.getLogger(__name__)

T = TypeVar("T")

INTERVAL_S: Final = 5.0

Read = Callable[[str], Awaitable[str | None]]
"""Reads an Airflow Variable; None for none."""


class CallbackEars:
    """Listens for all who wait on an event loop. It reads only while somebody waits.

    :param read: reads a Variable.
    :param interval_s: how often, in seconds.
    """

    def __init__(self, *, read: Read, interval_s: float = INTERVAL_S) -> None:
        self._read = read
        self._interval_s = interval_s
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}
        self._heard: dict[str, float] = {}  # by task: when the report that was heard was made
        self._listening: asyncio.Task[None] | None = None

    async def wait_for(self, task_id: str) -> None:
        """Wait until the service reports a task, by its own id. A report is heard once."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(task_id, set()).add(future)
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._listen())
        try:
            await future
        finally:
            self._waiting[task_id].discard(future)
            if not self._waiting[task_id]:
                del self._waiting[task_id]

    async def _listen(self) -> None:
        while self._waiting:
            for name in NAMES:
                if any(variable_of(task_id) == name for task_id in self._waiting):
                    await self._look(name)
            await asyncio.sleep(self._interval_s)

    async def _look(self, name: str) -> None:
        try:
            found = reported(await self._read(name))
        except Exception as error:  # noqa: BLE001  - polls go on behind it
            log.debug("The Variable %s could not be read: %s", name, error)
            return
        for task_id in self._waiting.keys() & found.keys():
            if found[task_id] > self._heard.get(task_id, 0.0):
                self._wake(task_id)
        # A task that is reported again, or that somebody waits for later, is heard of again.
        heard = {task_id: at for task_id, at in found.items() if task_id in self._waiting}
        others = {task_id: at for task_id, at in self._heard.items() if variable_of(task_id) != name}
        self._heard = {**others, **heard}

    def _wake(self, task_id: str) -> None:
        for future in self._waiting[task_id]:
            if not future.done():
                future.set_result(None)


async def poll_or_hear(
    ears: CallbackEars, task_id: str, window: PollWindow, poll: Callable[[PollWindow], Awaitable[T]]
) -> T:
    """Make a poll in its window of time, or at once where the service reports the task before.

    :param task_id: by the service's own id.
    """
    heard, polled = asyncio.ensure_future(ears.wait_for(task_id)), asyncio.ensure_future(poll(window))
    try:
        await asyncio.wait({heard, polled}, return_when=asyncio.FIRST_COMPLETED)
        if polled.done():
            return polled.result()
    finally:
        heard.cancel()
        polled.cancel()
    log.info("The service has reported task %s; reading it now", task_id)
    return await poll(PollWindow(earliest_s=0.0, latest_s=0.0))


_ears: WeakKeyDictionary[asyncio.AbstractEventLoop, CallbackEars] = WeakKeyDictionary()


def shared_ears() -> CallbackEars | None:
    """Return the ears of this event loop; None where callbacks are off."""
    from airflow.providers.common.compat.sdk import conf

    if not conf.getboolean("kling", "callbacks", fallback=False):
        return None
    loop = asyncio.get_running_loop()
    if loop not in _ears:
        interval_s = conf.getfloat("kling", "callback_check_interval", fallback=INTERVAL_S)
        _ears[loop] = CallbackEars(read=_read_variable, interval_s=max(1.0, interval_s))
    return _ears[loop]


async def _read_variable(name: str) -> str | None:
    # asgiref, which Airflow brings: in a triggerer, Airflow's own code calls back into this event loop.
    from airflow.providers.common.compat.sdk import Variable
    from asgiref.sync import sync_to_async

    value: str | None = await sync_to_async(Variable.get)(name, default=None)
    return value

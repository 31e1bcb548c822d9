"""Sends callbacks to where a request wants them."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import httpx

from airflow_provider_kling.sandbox.core.clock import Clock
from airflow_provider_kling.sandbox.kling.service.callback_faults import (
    CallbackAction,
    CallbackFault,
    CallbackFaults,
)
from airflow_provider_kling.sandbox.kling.service.webhook_signature import webhook_headers

_TIMEOUT_S: Final = 5.0
_MAX_RECORDS: Final = 20_000
_USER_AGENT: Final = "kling-sandbox-callback"


@dataclass(kw_only=True)
class Delivery:
    """One callback as it was sent.

    :param at: in epoch seconds of the sandbox's clock.
    :param response: the status of the receiver's response; None: there was none.
    :param fault: what a test wanted to go wrong.
    """

    task_id: str
    status: str
    url: str
    webhook_id: str
    body: Mapping[str, Any]
    at: float
    response: int | None = None
    fault: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Message:
    task_id: str
    status: str
    url: str
    webhook_id: str
    body: Mapping[str, Any]
    fault: CallbackFault | None = None


class CallbackSender:
    """Delivers each message once and in order, unless a fault says otherwise.

    The vendor states neither retries nor a timeout: here there is no retry, and a receiver has five seconds.

    :param secret: signs the messages; empty: they are not signed.
    """

    def __init__(self, *, clock: Clock, secret: str) -> None:
        self._clock = clock
        self._secret = secret
        self.faults = CallbackFaults()
        self._numbers = itertools.count(1)
        self._deliveries: deque[Delivery] = deque(maxlen=_MAX_RECORDS)
        self._held: dict[str, list[_Message]] = {}
        self._last: dict[str, asyncio.Task[None]] = {}
        self._late: dict[asyncio.Task[None], float] = {}  # until when, in epoch seconds
        self.sent = 0

    def send(self, *, task_id: str, status: str, url: str, body: Mapping[str, Any]) -> None:
        """Begin to deliver a message.

        :param status: what it reports, in the spelling of the new standard.
        """
        message = _Message(
            task_id=task_id,
            status=status,
            url=url,
            webhook_id=f"msg_{next(self._numbers)}",
            body=body,
            fault=self.faults.take(status),
        )
        action = None if message.fault is None else message.fault.action
        if action is CallbackAction.DROP:
            self._record(message)
        elif action is CallbackAction.REORDER:
            self._held.setdefault(task_id, []).append(message)
        elif action is CallbackAction.LATE and message.fault is not None:
            due_at = self._clock.now() + message.fault.delay_s
            late = asyncio.create_task(self._deliver_late(message, due_at=due_at))
            self._late[late] = due_at
            late.add_done_callback(lambda done: self._late.pop(done, None))
        else:
            self._follow(message)
            for held in self._held.pop(task_id, []):
                self._follow(held)

    def deliveries(self) -> list[dict[str, Any]]:
        """Return what was sent, oldest first."""
        return [asdict(delivery) for delivery in self._deliveries]

    async def settle(self) -> None:
        """Return when every message that is due was delivered."""
        now = self._clock.now()
        await asyncio.gather(*[late for late, due_at in self._late.items() if due_at <= now])
        while running := [task for task in self._last.values() if not task.done()]:
            await asyncio.gather(*running, return_exceptions=True)

    async def reset(self) -> None:
        """Forget faults, records and messages that are not delivered."""
        await self.close()
        self.faults.clear()
        self._deliveries.clear()
        self.sent = 0

    async def close(self) -> None:
        """Stop."""
        running = [*self._last.values(), *self._late]
        self._last.clear()
        self._held.clear()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _follow(self, message: _Message) -> None:
        """Deliver a message after the one before it of the same task."""
        before = self._last.get(message.task_id)
        running = asyncio.create_task(self._deliver(message, after=before))
        self._last[message.task_id] = running
        running.add_done_callback(lambda done: self._forget(message.task_id, done))

    def _forget(self, task_id: str, done: asyncio.Task[None]) -> None:
        if self._last.get(task_id) is done:
            del self._last[task_id]

    async def _deliver_late(self, message: _Message, *, due_at: float) -> None:
        await self._clock.wait_until(due_at)
        self._follow(message)

    async def _deliver(self, message: _Message, *, after: asyncio.Task[None] | None) -> None:
        if after is not None:
            await asyncio.gather(after, return_exceptions=True)
        action = None if message.fault is None else message.fault.action
        for _ in range(2 if action is CallbackAction.DOUBLE else 1):
            delivery = self._record(message)
            delivery.response = await self._post(message, spoiled=action is CallbackAction.BAD_SIGNATURE)
            self.sent += 1

    async def _post(self, message: _Message, *, spoiled: bool) -> int | None:
        body = json.dumps(message.body, separators=(",", ":")).encode("ascii")
        headers = {"Content-Type": "application/json", "User-Agent": _USER_AGENT}
        if self._secret:
            headers |= webhook_headers(
                self._secret,
                webhook_id=message.webhook_id,
                timestamp=int(self._clock.now()),
                body=body + b" " if spoiled else body,
            )
        try:
            # trust_env: a proxy of the environment must not see calls to a receiver on this machine.
            async with (
                asyncio.timeout(_TIMEOUT_S),
                httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False) as client,
                client.stream("POST", message.url, content=body, headers=headers) as response,
            ):
                return response.status_code
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError):
            return None

    def _record(self, message: _Message) -> Delivery:
        delivery = Delivery(
            task_id=message.task_id,
            status=message.status,
            url=message.url,
            webhook_id=message.webhook_id,
            body=message.body,
            at=self._clock.now(),
            fault=None if message.fault is None else message.fault.action,
        )
        self._deliveries.append(delivery)
        return delivery

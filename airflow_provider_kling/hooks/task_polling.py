"""Polling tasks with a client: on a worker alone, and on an event loop together with all who wait there."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from weakref import WeakKeyDictionary

from airflow_provider_kling.gateways import Gateway
from airflow_provider_kling.hooks.callback_ears import poll_or_hear, shared_ears
from airflow_provider_kling.hooks.connection import KlingConnection
from airflow_provider_kling.hooks.pacer import Pacer
from airflow_provider_kling.hooks.task_reader import shared_reader
from airflow_provider_kling.hooks.waiter import PollOutcome, TaskWaiter
from airflow_provider_kling.http.client import ONCE, AsyncKlingClient, KlingClient, shared_client
from airflow_provider_kling.http.message import Call
from airflow_provider_kling.http.observer import Observer
from airflow_provider_kling.http.settings import ClientSettings
from airflow_provider_kling.http.task import Task
from airflow_provider_kling.polling import Experience
from airflow_provider_kling.polling.pace import Pace

_experiences: WeakKeyDictionary[asyncio.AbstractEventLoop, Experience] = WeakKeyDictionary()


def poll_blocking(
    waiter: TaskWaiter, poll: Call[Task], *, client: KlingClient, gateway: Gateway, observer: Observer
) -> PollOutcome:
    """Make a waiter's polls on a worker; for the arguments, see :func:`poll_shared`."""
    pace = _pace(gateway, client.settings)

    def read() -> Task:
        try:
            return client.call(poll, observer=observer, until=ONCE)
        finally:
            if client.rate_limit is not None:
                pace.learn(client.rate_limit, now=waiter.clock())

    return replace(waiter, observer=observer).wait(read, pace)


async def poll_shared(
    waiter: TaskWaiter, poll: Call[Task], *, connection: KlingConnection, observer: Observer
) -> PollOutcome:
    """Make a waiter's polls on this event loop, together with those of all others with the same key.

    :param poll: reads the task.
    :param observer: receives the polls and the waits.
    """
    gateway = connection.gateway
    async with shared_client(connection.client) as client:
        pacer = _shared_pacer(client, gateway)
        waiter = replace(waiter, observer=observer, experience=_shared_experience())
        reader = shared_reader(client, gateway, pacer=pacer, observer=observer)
        alone = partial(client.call, poll, observer=observer, until=ONCE)
        read = waiter.alone(alone, pacer=pacer) if reader is None else partial(reader.read, waiter.task_id)
        ears = shared_ears()
        if ears is None or gateway.callbacks is None or gateway.webhook_url is None:
            return await waiter.wait_async(read)
        own_id = gateway.own_id(waiter.task_id)
        listening = replace(waiter, plan=waiter.plan.sparse())
        return await listening.wait_async(
            lambda window, urgency: poll_or_hear(ears, own_id, window, lambda one: read(one, urgency))
        )


def _pace(gateway: Gateway, settings: ClientSettings) -> Pace:
    """Return the pace of polls before the service has said anything."""
    return Pace(per_minute=gateway.assumed_requests_per_minute, most_per_minute=settings.requests_per_minute)


def _shared_pacer(client: AsyncKlingClient, gateway: Gateway) -> Pacer:
    if Pacer not in client.companions:
        pace = _pace(gateway, client.settings)
        client.companions[Pacer] = Pacer(pace=pace, rate_limit=lambda: client.rate_limit)
    pacer: Pacer = client.companions[Pacer]
    return pacer


def _shared_experience() -> Experience:
    return _experiences.setdefault(asyncio.get_running_loop(), Experience())

"""Receiving the services' callbacks in Airflow's API server. Off, unless it is configured."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from fastapi import FastAPI, Request, Response
from starlette.background import BackgroundTask

from airflow_provider_kling.exceptions import KlingRequestError
from airflow_provider_kling.gateways import gateway_class
from airflow_provider_kling.gateways.callbacks import Callback, CallbackRejectedError, CallbackRequest

log = logging.getLogger(__name__)

_MOST_REMEMBERED: Final = 1000  # deliveries, to know one that comes again

MOST_BYTES: Final = 256 * 1024
"""Of a callback's body: that of a series of nine images with signed links has about 20 KiB."""

Report = Callable[[str], None]
"""Passes the id of a task that has ended on to the triggerers."""


def make_app(*, secrets: Sequence[str], report: Report, clock: Callable[[], float] = time.time) -> FastAPI:
    """Return the application that receives callbacks at ``/<gateway>`` and ``/<gateway>/<secret>``.

    It answers before it passes a report on, 200 where the report is believed. One that comes again is not
    passed on again. A report only lets a task be read sooner, so one that is late or doubled does no harm.

    :param secrets: what the services sign with, and what addresses end with.
    :param report: called in a thread.
    :param clock: Unix seconds.
    """
    app = FastAPI(title="Kling callbacks", docs_url=None, redoc_url=None, openapi_url=None)
    passed_on: deque[str] = deque(maxlen=_MOST_REMEMBERED)

    def pass_on(callback: Callback) -> None:
        try:
            report(callback.task_id)
        except Exception:
            log.exception(
                "The end of task %s could not be passed on; the triggerer polls it all the same",
                callback.task_id,
            )
        else:
            passed_on.append(callback.delivery)

    async def receive(request: Request, gateway: str, secret: str = "") -> Response:
        try:
            callbacks = gateway_class(gateway).callbacks
        except KlingRequestError:
            callbacks = None
        if callbacks is None:
            return Response(status_code=404)
        body = await _body(request)
        if body is None:
            return Response(status_code=413)
        received = CallbackRequest(
            headers={name.lower(): value for name, value in request.headers.items()},
            body=body,
            path_secret=secret,
            received_at=clock(),
        )
        try:
            callback = callbacks.read(received, secrets=secrets)
        except CallbackRejectedError as error:
            log.warning("A callback to the gateway %s is not believed: %s", gateway, error)
            return Response(status_code=403)
        is_new = callback.status.terminal and callback.delivery not in passed_on
        return Response(status_code=200, background=BackgroundTask(pass_on, callback) if is_new else None)

    app.post("/{gateway}")(receive)
    app.post("/{gateway}/{secret}")(receive)
    return app


async def _body(request: Request) -> bytes | None:
    """Read the body; None where it is too long."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)

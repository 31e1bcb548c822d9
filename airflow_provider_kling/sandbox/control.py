"""The endpoints beside the API, for tests: counts, requests received, faults, the clock. No key is needed."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from airflow_provider_kling.sandbox.faults import FaultError, FaultList
from airflow_provider_kling.sandbox.recorder import Recorder
from airflow_provider_kling.sandbox.replies import Json
from airflow_provider_kling.sandbox.service import Service
from airflow_provider_kling.sandbox.shelf import Shelf


class Control:
    """What a test may ask of the sandbox itself."""

    def __init__(self, *, service: Service, shelf: Shelf, recorder: Recorder, faults: FaultList) -> None:
        self._service = service
        self._shelf = shelf
        self._recorder = recorder
        self._faults = faults

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/_sandbox/stats", self.stats, methods=["GET"]),
            Route("/_sandbox/requests", self.requests, methods=["GET"]),
            Route("/_sandbox/faults", self.add_faults, methods=["POST"]),
            Route("/_sandbox/faults", self.clear_faults, methods=["DELETE"]),
            Route("/_sandbox/clock", self.advance, methods=["POST"]),
            Route("/_sandbox/reset", self.reset, methods=["POST"]),
        ]

    async def stats(self, request: Request) -> Response:  # noqa: ARG002  - an endpoint's shape
        """Answer with the counts since the start or the last reset."""
        service, recorder = self._service, self._recorder
        return Json(
            {
                "submissions_accepted": service.accepted,
                "submissions_refused": dict(recorder.submissions_refused),
                "polls": recorder.polls,
                "polls_refused": recorder.polls_refused,
                "peak_concurrent": service.peak_concurrent,
                "downloads": recorder.downloads,
                "billed_usd": round(service.billed, 4),
                "uploads": self._shelf.uploads,
                "deletes": self._shelf.deletes,
                "files": len(self._shelf.live()),
            }
        )

    async def requests(self, request: Request) -> Response:
        """Answer with the requests received, oldest first; ``?method=`` picks some."""
        method = request.query_params.get("method")
        entries = (entry for entry in self._recorder.entries if method in (None, entry.method))
        return Json([asdict(entry) for entry in entries])

    async def add_faults(self, request: Request) -> Response:
        """Add faults."""
        try:
            added = self._faults.add(await request.body())
        except FaultError as error:
            return _wrong(str(error))
        return Json({"added": added})

    async def clear_faults(self, request: Request) -> Response:  # noqa: ARG002  - an endpoint's shape
        """Forget the faults."""
        self._faults.clear()
        return Json({})

    async def advance(self, request: Request) -> Response:
        """Move the clock on; answers once everything that is due by then is done."""
        data = await _body(request)
        seconds = data.get("advance_s") if isinstance(data, dict) else None
        if not isinstance(seconds, int | float) or not math.isfinite(seconds) or seconds < 0:
            return _wrong('expected {"advance_s": seconds}')
        await self._service.advance(seconds)
        return Json({"now": self._service.clock.now()})

    async def reset(self, request: Request) -> Response:  # noqa: ARG002  - an endpoint's shape
        """Forget everything but the painted files, which are made only once."""
        self._faults.clear()
        await self._service.reset()
        self._shelf.reset()
        self._recorder.reset()
        return Json({})


async def _body(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except ValueError:
        return None


def _wrong(message: str) -> Response:
    return Json({"message": message}, status_code=400)

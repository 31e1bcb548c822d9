"""The endpoints beside the API, for tests: counts, recorded requests, faults, the clock. No key is needed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from airflow_provider_kling.sandbox.core.clock import Clock
from airflow_provider_kling.sandbox.core.faults import FaultError, FaultList
from airflow_provider_kling.sandbox.core.recorder import Recorder
from airflow_provider_kling.sandbox.http.json_response import JsonResponse
from airflow_provider_kling.sandbox.http.request_body import MalformedJsonError, parse_json

_LATEST: Final = 32_503_680_000  # the year 3000, in epoch seconds: later times overflow elsewhere


class ControlledService(Protocol):
    """What a test can do to any service."""

    @property
    def clock(self) -> Clock:
        """Return the clock of the service."""

    def stats(self) -> dict[str, Any]:
        """Return the counts of the service, without those of its requests."""

    async def advance(self, seconds: float) -> None:
        """Move the clock forward; return when every task that is due by then is done."""

    async def reset(self) -> None:
        """Remove all that was submitted, and restore the account and the clock."""


class ControlRoutes:
    """What a test can do to the sandbox itself."""

    def __init__(self, *, service: ControlledService, recorder: Recorder, faults: FaultList) -> None:
        self._service = service
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

    async def stats(self, request: Request) -> Response:  # noqa: ARG002  - an endpoint's signature
        """Return the counts since the start or the last reset."""
        return JsonResponse(self._recorder.stats() | self._service.stats())

    async def requests(self, request: Request) -> Response:
        """Return the recorded requests, oldest first; ``?method=`` selects one method."""
        method = request.query_params.get("method")
        records = (record for record in self._recorder.records if method in (None, record.method))
        return JsonResponse([asdict(record) for record in records])

    async def add_faults(self, request: Request) -> Response:
        """Add faults."""
        try:
            added = self._faults.add(await request.body())
        except FaultError as error:
            return _bad_request(str(error))
        return JsonResponse({"added": added})

    async def clear_faults(self, request: Request) -> Response:  # noqa: ARG002  - an endpoint's signature
        """Remove all faults."""
        self._faults.clear()
        return JsonResponse({})

    async def advance(self, request: Request) -> Response:
        """Move the clock forward; respond when everything that is due by then is done."""
        data = await _json_body(request)
        seconds = data.get("advance_s") if isinstance(data, dict) else None
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
            return _bad_request('expected {"advance_s": seconds}')
        if self._service.clock.now() + seconds > _LATEST:
            return _bad_request("the clock cannot be moved beyond the year 3000")
        await self._service.advance(seconds)
        return JsonResponse({"now": self._service.clock.now()})

    async def reset(self, request: Request) -> Response:  # noqa: ARG002  - an endpoint's signature
        """Remove everything but the rendered files, which are cached."""
        self._faults.clear()
        await self._service.reset()
        self._recorder.reset()
        return JsonResponse({})


async def _json_body(request: Request) -> Any:
    try:
        return parse_json(await request.body())
    except MalformedJsonError:
        return None


def _bad_request(message: str) -> Response:
    return JsonResponse({"message": message}, status_code=400)

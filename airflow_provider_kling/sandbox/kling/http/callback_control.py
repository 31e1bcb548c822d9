"""The control endpoints for callbacks: what was sent, and what is to go wrong."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from airflow_provider_kling.sandbox.http.control_middleware import CONTROL
from airflow_provider_kling.sandbox.http.json_response import JsonResponse
from airflow_provider_kling.sandbox.kling.service.callback_faults import CallbackFaultError
from airflow_provider_kling.sandbox.kling.service.callback_sender import CallbackSender

_PATH = f"{CONTROL}callbacks"


class CallbackControl:
    """What a test can do to callbacks."""

    def __init__(self, *, sender: CallbackSender) -> None:
        self._sender = sender

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(_PATH, self.deliveries, methods=["GET"]),
            Route(_PATH, self.add_faults, methods=["POST"]),
            Route(_PATH, self.clear_faults, methods=["DELETE"]),
        ]

    async def deliveries(self, request: Request) -> Response:  # noqa: ARG002  - an endpoint's signature
        """Return the callbacks, oldest first, when those that are due were delivered."""
        await self._sender.settle()
        return JsonResponse(self._sender.deliveries())

    async def add_faults(self, request: Request) -> Response:
        """Add faults."""
        try:
            added = self._sender.faults.add(await request.body())
        except CallbackFaultError as error:
            return JsonResponse({"message": str(error)}, status_code=400)
        return JsonResponse({"added": added})

    async def clear_faults(self, request: Request) -> Response:  # noqa: ARG002  - an endpoint's signature
        """Remove all faults."""
        self._sender.faults.clear()
        return JsonResponse({})

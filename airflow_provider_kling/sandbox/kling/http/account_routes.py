"""The endpoints of the account: its packs, and the ledgers of what was taken (docs: assets)."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from airflow_provider_kling.sandbox.core.clock import milliseconds
from airflow_provider_kling.sandbox.kling.http.body import json_body
from airflow_provider_kling.sandbox.kling.http.envelope import Envelope
from airflow_provider_kling.sandbox.kling.http.paths import BALANCE, COSTS, PACKAGES
from airflow_provider_kling.sandbox.kling.service.account import KEY_NAME, Deduction, Pack
from airflow_provider_kling.sandbox.kling.service.listing import ListQuery, ListRules, read_list_query
from airflow_provider_kling.sandbox.kling.service.numbers import whole_number
from airflow_provider_kling.sandbox.kling.service.rejection import invalid
from airflow_provider_kling.sandbox.kling.service.service import Service

_MAX_MS: Final = 10**15
_BALANCE: Final = ListRules(filters={"api_key_name": ()}, default_limit=500, requires_time=True)
_PACKAGES: Final = ListRules(
    filters={
        "api_key_name": (),
        "product_type": ("video", "image", "try-on"),
        "package_name": (),
        "package_id": (),
    },
    default_limit=500,
    requires_time=True,
)


class AccountRoutes:
    """Shows the packs and the ledgers. All of it is free."""

    def __init__(self, *, service: Service, envelope: Envelope) -> None:
        self._service = service
        self._envelope = envelope

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(COSTS, self.costs, methods=["GET"]),
            Route(BALANCE, self.balance, methods=["POST"]),
            Route(PACKAGES, self.packages, methods=["POST"]),
        ]

    async def costs(self, request: Request) -> Response:
        """Return the packs that were bought in a time, in an envelope of their own."""
        now = self._service.clock.now()
        packs = self._service.account.read_packs()
        for name in ("start_time", "end_time"):
            if name not in request.query_params:
                raise invalid(f"parameter '{name}' is required")
        start, end = (
            whole_number(request.query_params[name], name, low=0, high=_MAX_MS)
            for name in ("start_time", "end_time")
        )
        wanted = request.query_params.get("resource_pack_name")
        shown = [
            self._pack(pack, now)
            for pack in packs
            if start <= milliseconds(pack.bought_at) <= end and wanted in (None, pack.name)
        ]
        data = {"code": 0, "msg": "success", "resource_pack_subscribe_infos": shown}
        return self._envelope.success(data)

    def _pack(self, pack: Pack, now: float) -> dict[str, Any]:
        return {
            "resource_pack_name": pack.name,
            "resource_pack_id": pack.pack_id,
            "resource_pack_type": "decreasing_total",
            "total_quantity": float(pack.total),
            "remaining_quantity": float(self._service.account.reported_remaining(pack)),
            "purchase_time": milliseconds(pack.bought_at),
            "effective_time": milliseconds(pack.bought_at),
            "invalid_time": milliseconds(pack.expires_at),
            "status": pack.status(now=now),
        }

    async def balance(self, request: Request) -> Response:
        """Return what was taken from the balance: nothing, as the account pays with packs."""
        read_list_query(await json_body(request), _BALANCE, now=self._service.clock.now())
        return self._list([], "")

    async def packages(self, request: Request) -> Response:
        """Return what was taken from the packs, newest first, page by page."""
        query = read_list_query(await json_body(request), _PACKAGES, now=self._service.clock.now())
        if {"package_name", "package_id"} <= query.filters.keys():
            raise invalid("the filters 'package_name' and 'package_id' exclude each other")
        rows, cursor = query.page(
            list(reversed(self._service.account.ledger)),
            number=lambda row: row.number,
            matches=lambda row: _matches(row, query),
        )
        return self._list([_row(row) for row in rows], cursor)

    def _list(self, rows: list[dict[str, Any]], cursor: str) -> Response:
        return self._envelope.success(
            {
                "result": {"detail": rows, "count": len(rows)},
                "next_cursor": cursor,
                "has_more": bool(cursor),
            }
        )


def _matches(row: Deduction, query: ListQuery) -> bool:
    return (
        query.holds(row.charge.submitted_at)
        and query.allows("api_key_name", KEY_NAME)
        and query.allows("product_type", row.pack.type)
        and query.allows("package_name", row.pack.name)
        and query.allows("package_id", row.pack.pack_id)
    )


def _row(row: Deduction) -> dict[str, Any]:
    charge = row.charge
    video = {}
    if charge.seconds is not None:
        video = {
            "duration": f"{charge.seconds:.2f}",
            "refer_video_input": charge.has_video_input,
            "video_sound": charge.audio,
            "voice_control": charge.has_voice,
        }
    return {
        "package_id": row.pack.pack_id,
        "product_type": row.pack.type,
        "task_id": charge.task_id,
        "api_key_name": KEY_NAME,
        "product_function": charge.product,
        "model_name": charge.model,
        "resolution": charge.resolution,
        **video,
        "deduction_time": str(milliseconds(charge.at)),
        "unit_before_deduction": float(row.before),
        "deduction_amount": float(row.amount),
        "unit_after_deduction": float(row.after),
    }

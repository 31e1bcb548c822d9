"""Modellix's request log (docs: get-logs)."""

from __future__ import annotations

from datetime import datetime

from airflow_provider_kling.exceptions import KlingProtocolError
from airflow_provider_kling.gateways.json_values import epoch_ms, iso_time, mapping, service_id, text
from airflow_provider_kling.gateways.modellix.response import parse_object
from airflow_provider_kling.http.message import Call, HttpRequest, HttpResponse, Operation
from airflow_provider_kling.http.task import LoggedRequest


class ModellixRequestLog:
    """See :class:`~airflow_provider_kling.gateways.base.RequestLog`."""

    def newest(self, *, entries: int, until: datetime) -> Call[list[LoggedRequest]]:
        """Read the newest submissions of the key. This log needs no window of time."""
        del until
        return Call(
            request=HttpRequest(method="GET", path="/api/v1/logs", params={"page": 1, "page_size": entries}),
            parse=_parse,
            idempotent=True,
            operation=Operation.OTHER,
        )


def _parse(response: HttpResponse) -> list[LoggedRequest]:
    """Read the log, of which the documents do not say whether its list is in ``data``."""
    envelope = parse_object(response)
    requests = mapping(envelope.get("data")).get("requests", envelope.get("requests"))
    if not isinstance(requests, list):
        raise KlingProtocolError(f"{response.request} was answered without a list of requests")
    return [
        LoggedRequest(
            task_id=task_id,
            status=text(entry.get("status")),
            model=text(mapping(entry.get("model")).get("model_name")),
            created_at=iso_time(entry.get("created_at")) or epoch_ms(entry.get("created_at")),
        )
        for entry in map(mapping, requests)
        if (task_id := service_id(entry.get("task_id"), response=response))
    ]

"""What Modellix offers besides generations.

Sources: the vendor's documents get-team-balance, validate-api-key, get-logs, file-api/how-to-use and
list-active-models; for schemas, the vendor's own client.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from airflow_provider_kling.exceptions import KlingMediaError, KlingProtocolError
from airflow_provider_kling.gateways.base import (
    FileLimits,
    LoggedRequest,
    ModelInfo,
    PublishedSchema,
    UploadedFile,
)
from airflow_provider_kling.gateways.json_values import (
    amount,
    count,
    label,
    link,
    mapping,
    moment,
    service_id,
    text,
)
from airflow_provider_kling.gateways.modellix.response import parse_data, parse_object
from airflow_provider_kling.http.message import Call, FilePart, HttpRequest, HttpResponse
from airflow_provider_kling.models import ModelName

BASE_URL = "https://api.modellix.ai"
_LOG_WINDOW_S = 30 * 86_400
_LOG_AHEAD_S = 3600
_FILES_PATH = "/api/v1/media/files"
_NO_CONTENT = 204
_WEBSITE = "https://www.modellix.ai"


class ModellixAccount:
    """See :class:`~airflow_provider_kling.gateways.base.Account`. A key belongs to a team."""

    unit = "USD"

    def balance(self, *, now: float) -> Call[Decimal]:
        """Read the team's balance."""
        del now
        return Call.read("/api/v1/team/balance", _parse_balance)

    def key_validation(self, *, now: float) -> Call[bool]:
        """Ask whether the key is valid. The service answers 200 in both cases."""
        del now
        return Call.read(
            "/api/v1/apikey/validate", lambda response: parse_data(response).get("is_valid") is True
        )


def _parse_balance(response: HttpResponse) -> Decimal:
    balance = amount(parse_data(response).get("balance"))
    if balance is None:
        raise KlingProtocolError(f"{response.request} was answered without a balance")
    return balance


class ModellixRequestLog:
    """See :class:`~airflow_provider_kling.gateways.base.RequestLog`."""

    def newest(self, *, entries: int, until: datetime) -> Call[list[LoggedRequest]]:
        """Read the newest submissions of the key.

        The window of time has at most 30 days. Whether it is required is unclear, so it is sent. It ends a
        little later than ``until``, for a service whose clock is ahead.
        """
        end = int(until.timestamp()) + _LOG_AHEAD_S
        window = {"start_time": end - _LOG_WINDOW_S, "end_time": end}
        return Call.read("/api/v1/logs", _parse_log, params={"page": 1, "page_size": entries, **window})


def _parse_log(response: HttpResponse) -> list[LoggedRequest]:
    """Read the log: bare, as the newer posts show it, or in the envelope's ``data``."""
    envelope = parse_object(response)
    requests = mapping(envelope.get("data")).get("requests", envelope.get("requests"))
    if not isinstance(requests, list):
        raise KlingProtocolError(f"{response.request} was answered without a list of requests")
    return [
        LoggedRequest(
            task_id=task_id,
            status=label(entry.get("status")),
            model=label(mapping(entry.get("model")).get("model_name")),
            created_at=moment(entry.get("created_at")),
        )
        for entry in map(mapping, requests)
        if (task_id := service_id(entry.get("task_id"), response=response))
    ]


class ModellixFiles:
    """See :class:`~airflow_provider_kling.gateways.base.Files`."""

    limits = FileLimits(max_bytes=16 * 1024**2, max_files=10, days=7)

    def upload(self, content: bytes, *, filename: str, content_type: str) -> Call[UploadedFile]:
        """Store a file. A repeated upload would take a second place, so it is not repeated."""
        if len(content) > self.limits.max_bytes:
            raise KlingMediaError(
                f"{filename} has {len(content)} bytes, and the service takes files of at most "
                f"{self.limits.max_bytes}. Nothing was sent."
            )
        part = FilePart(name="file", filename=filename, content_type=content_type, content=content)
        request = HttpRequest(method="POST", path=_FILES_PATH, file=part)
        return Call(request=request, parse=_parse_upload, idempotent=False)

    def list(self) -> Call[list[UploadedFile]]:
        """List the team's files."""
        return Call.read(_FILES_PATH, _parse_files)

    def delete(self, file_id: str) -> Call[None]:
        """Delete a file."""
        request = HttpRequest(method="DELETE", path=f"{_FILES_PATH}/{quote(file_id, safe='')}")
        return Call(request=request, parse=_parse_deletion, idempotent=True)


def _parse_upload(response: HttpResponse) -> UploadedFile:
    file = _file(parse_data(response), response=response)
    if file is None:
        raise KlingProtocolError(f"{response.request} was answered without a file's id and link")
    return file


def _parse_files(response: HttpResponse) -> list[UploadedFile]:
    """Read the list, of which the documents do not say in which member of the envelope it is."""
    data = parse_object(response).get("data")
    listed = mapping(data).get("files", data)
    if not isinstance(listed, list):
        raise KlingProtocolError(f"{response.request} was answered without a list of files")
    return [file for entry in listed if (file := _file(mapping(entry), response=response))]


def _parse_deletion(response: HttpResponse) -> None:
    if response.status != _NO_CONTENT:
        parse_object(response)


def _file(fields: Mapping[str, Any], *, response: HttpResponse) -> UploadedFile | None:
    file_id, url = service_id(fields.get("file_id"), response=response), link(fields.get("url"))
    if file_id is None or url is None:
        return None
    return UploadedFile(
        file_id=file_id,
        url=url,
        type=label(fields.get("type")),
        filename=label(fields.get("filename"), longest=255),
        size=count(fields.get("size")),
        created_at=moment(fields.get("created_at")),
    )


class ModellixCatalogue:
    """See :class:`~airflow_provider_kling.gateways.base.Catalogue`."""

    def models(self) -> Call[list[ModelInfo]]:
        """List the models on offer."""
        return Call.read("/api/v1/models", _parse_models)

    def schema(self, model: ModelName) -> Call[PublishedSchema]:
        """Read the published schema of a model's request."""
        path = f"/models/{quote(model.provider, safe='')}/{quote(model.slug, safe='')}/api_schema"
        return Call.read(path, _parse_schema)

    def public_url(self, base_url: str) -> str:
        """Return the website for the service's own API, which publishes its schemas there."""
        return _WEBSITE if base_url == BASE_URL else base_url


def _parse_models(response: HttpResponse) -> list[ModelInfo]:
    """Read the list of models, which has no ``data`` around it."""
    models = parse_object(response).get("models")
    if not isinstance(models, list):
        raise KlingProtocolError(f"{response.request} was answered without a list of models")
    return [
        ModelInfo(
            slug=slug,
            type=text(model.get("type")),
            description=text(model.get("description")),
            docs_url=text(model.get("docs_url")),
            price=mapping(model.get("price")) or None,
        )
        for model in map(mapping, models)
        if (slug := text(model.get("slug")))
    ]


def _parse_schema(response: HttpResponse) -> PublishedSchema:
    """Read an OpenAPI operation, the way the vendor's client does."""
    published = parse_object(response)
    content = mapping(mapping(mapping(published.get("post")).get("requestBody")).get("content"))
    body = mapping(content.get("application/json")).get("schema")
    if not isinstance(body, Mapping):
        raise KlingProtocolError(f"{response.request} was answered without a schema")
    servers = published.get("servers")
    server = mapping(servers[0]) if isinstance(servers, list) and servers else {}
    return PublishedSchema(submit_url=text(server.get("url")), body=body)

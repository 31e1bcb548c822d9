"""Calls to Modellix (docs: ways-to-use/api)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import quote

from airflow_provider_kling.exceptions import BrokenRule, KlingMediaError, KlingRequestError
from airflow_provider_kling.gateways.modellix import response as answer
from airflow_provider_kling.gateways.modellix.api_version import Contract
from airflow_provider_kling.gateways.modellix.rejection import explain_submission
from airflow_provider_kling.http.file import FileLimits, UploadedFile
from airflow_provider_kling.http.message import Call, FilePart, HttpRequest
from airflow_provider_kling.http.model_info import ModelInfo, PublishedSchema
from airflow_provider_kling.http.task import LoggedRequest, Task
from airflow_provider_kling.models import KlingRequest, MediaLimits, Medium, ModelName

DEFAULT_BASE_URL = "https://api.modellix.ai"
_WEBSITE = "https://www.modellix.ai"
_FILES = "/api/v1/media/files"
_FILE_LIMITS = FileLimits(max_bytes=16 * 1024**2, max_files=10, days=7)  # docs: file-api/how-to-use


class ModellixGateway:
    """Speaks one contract of Modellix.

    :param contract: how submissions are written. Everything else is the same in both.
    :param webhook_url: sent along with each submission, where given.
    """

    def __init__(self, *, contract: Contract, webhook_url: str | None = None) -> None:
        self.contract = contract
        self._webhook_url = webhook_url

    @property
    def dialect(self) -> str:
        """See :attr:`Gateway.dialect`."""
        return f"modellix {self.contract.name}"

    def submission(
        self, request: KlingRequest, *, extra_parameters: Mapping[str, Any] | None = None
    ) -> Call[Task]:
        """See :meth:`Gateway.submission`."""
        written = self.contract.write(request)
        extra = dict(extra_parameters or {})
        if broken := list(_broken_extras(extra, body=written.body)):
            raise KlingRequestError(subject=written.slug, broken=broken)
        return Call(
            request=HttpRequest(
                method="POST",
                path=written.path,
                headers={"X-Webhook-URL": self._webhook_url} if self._webhook_url else {},
                body={**written.body, **extra},
            ),
            parse=answer.parse_submission,
            explain=partial(explain_submission, contract=self.contract),
        )

    def task(self, task_id: str) -> Call[Task]:
        """See :meth:`Gateway.task`."""
        return Call(
            request=HttpRequest(method="GET", path=f"/api/v1/tasks/{quote(task_id, safe='')}"),
            parse=partial(answer.parse_task, task_id=task_id),
        )

    def balance(self) -> Call[Decimal]:
        """See :meth:`Gateway.balance`."""
        return Call(
            request=HttpRequest(method="GET", path="/api/v1/team/balance"), parse=answer.parse_balance
        )

    def key_validation(self) -> Call[bool]:
        """See :meth:`Gateway.key_validation`."""
        return Call(
            request=HttpRequest(method="GET", path="/api/v1/apikey/validate"),
            parse=answer.parse_key_validation,
        )

    def models(self) -> Call[list[ModelInfo]]:
        """See :meth:`Gateway.models`."""
        return Call(request=HttpRequest(method="GET", path="/api/v1/models"), parse=answer.parse_models)

    def schema(self, model: ModelName) -> Call[PublishedSchema]:
        """See :meth:`Gateway.schema`."""
        path = f"/models/{quote(model.provider, safe='')}/{quote(model.slug, safe='')}/api_schema"
        return Call(request=HttpRequest(method="GET", path=path), parse=answer.parse_schema)

    def public_url(self, base_url: str) -> str:
        """See :meth:`Gateway.public_url`: the website for the service's own API, else the same place."""
        return _WEBSITE if base_url == DEFAULT_BASE_URL else base_url

    @property
    def file_limits(self) -> FileLimits:
        """See :attr:`Gateway.file_limits`."""
        return _FILE_LIMITS

    def upload(self, content: bytes, *, filename: str, content_type: str) -> Call[UploadedFile]:
        """See :meth:`Gateway.upload`."""
        if len(content) > _FILE_LIMITS.max_bytes:
            raise KlingMediaError(
                f"{filename} has {len(content)} bytes, and the service takes files of at most "
                f"{_FILE_LIMITS.max_bytes}. Nothing was sent."
            )
        part = FilePart(name="file", filename=filename, content_type=content_type, content=content)
        return Call(
            request=HttpRequest(method="POST", path=_FILES, file=part), parse=answer.parse_uploaded_file
        )

    def files(self) -> Call[list[UploadedFile]]:
        """See :meth:`Gateway.files`."""
        return Call(request=HttpRequest(method="GET", path=_FILES), parse=answer.parse_files)

    def file_deletion(self, file_id: str) -> Call[None]:
        """See :meth:`Gateway.file_deletion`."""
        path = f"{_FILES}/{quote(file_id, safe='')}"
        return Call(request=HttpRequest(method="DELETE", path=path), parse=answer.parse_deletion)

    def media_limits(self, request: KlingRequest) -> Mapping[Medium, MediaLimits]:
        """See :meth:`Gateway.media_limits`."""
        return self.contract.translate(request).media_limits

    def request_log(self, *, entries: int) -> Call[list[LoggedRequest]]:
        """See :meth:`Gateway.request_log`."""
        params = {"page": 1, "page_size": entries}
        return Call(
            request=HttpRequest(method="GET", path="/api/v1/logs", params=params),
            parse=answer.parse_request_log,
        )


def _broken_extras(extra: Mapping[str, Any], *, body: Mapping[str, Any]) -> Iterator[BrokenRule]:
    """Check what can be checked of fields that this release does not know."""
    for name, value in extra.items():
        if name in body:
            yield BrokenRule(
                field=f"extra_parameters.{name}", rule="must not repeat a field of the request", value=value
            )
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            yield BrokenRule(field=f"extra_parameters.{name}", rule="must be plain JSON", value=value)

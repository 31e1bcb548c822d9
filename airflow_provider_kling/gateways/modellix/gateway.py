"""Modellix: submissions and polls (docs: ways-to-use/api, query-task-result)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.gateways.base import Gateway
from airflow_provider_kling.gateways.encoded import EncodedRequest, MediaField
from airflow_provider_kling.gateways.modellix.callbacks import ModellixCallbacks
from airflow_provider_kling.gateways.modellix.capabilities import (
    BASE_URL,
    ModellixAccount,
    ModellixCatalogue,
    ModellixFiles,
    ModellixRequestLog,
)
from airflow_provider_kling.gateways.modellix.response import explain_submission
from airflow_provider_kling.gateways.modellix.task import parse_submission, parse_task
from airflow_provider_kling.gateways.modellix.translation import API_VERSIONS, APRIL, AUGUST, translated
from airflow_provider_kling.http.credentials import BearerToken, Credentials
from airflow_provider_kling.http.message import Call, HttpRequest, Operation, encode_json
from airflow_provider_kling.http.task import Task
from airflow_provider_kling.models import KlingRequest, Media, ModelName, body_strings


class ModellixGateway(Gateway):
    """See :class:`~airflow_provider_kling.gateways.base.Gateway`.

    The service takes no key for a submission and has no way to look one up by it, so there is no recovery.
    """

    name: ClassVar[str] = "modellix"
    default_base_url: ClassVar[str] = BASE_URL
    documented_root: ClassVar[str] = "/api/v1"
    api_versions: ClassVar[tuple[str, ...]] = API_VERSIONS
    # What the service promises (its own runs of 2026-09-29); its docs promised 24 hours until July 2026.
    retention: ClassVar[timedelta] = timedelta(days=7)

    files = ModellixFiles()
    account = ModellixAccount()
    request_log = ModellixRequestLog()
    catalogue = ModellixCatalogue()
    callbacks = ModellixCallbacks()

    @classmethod
    def credentials(cls, *, login: str | None, password: str | None) -> Credentials:
        """Return the API key, which is the password. With a login, it is another service's secret key."""
        broken = []
        if (login or "").strip():
            rule = (
                "must be empty: the API key is the password. An access key is one of Kling's own platform, "
                "which needs the extra gateway='kling'"
            )
            broken.append(BrokenRule(field="login", rule=rule))
        if not password:
            broken.append(BrokenRule(field="password", rule="is required: it holds the API key"))
        if broken or not password:
            raise KlingRequestError(subject="the Kling connection", broken=broken)
        return BearerToken(password.strip())

    def encode(
        self, request: KlingRequest, *, extra_parameters: Mapping[str, Any] | None = None
    ) -> EncodedRequest:
        """Write a request in the fields of this version of the API."""
        if request.api_version not in (None, *self.api_versions):
            elsewhere = "is not offered by this service; Kling's own platform has it"
            broken = BrokenRule(field="model", rule=elsewhere, value=str(request.model))
            raise KlingRequestError(subject=f"{request.model} at {self.label}", broken=[broken])
        written = translated(request, api_version=self.api_version)
        model, body = written.model, written.body()
        # The older version sends the newer fields to the newer path.
        is_older = self.api_version == APRIL and written.api_version != AUGUST
        extra = dict(extra_parameters or {})
        rule = "must not repeat a field of the request"
        repeated = [
            BrokenRule(field=f"extra_parameters.{name}", rule=rule, value=value)
            for name, value in extra.items()
            if name in body
        ]
        if repeated:
            raise KlingRequestError(subject=model.slug, broken=repeated)
        # What JSON cannot express is found before a file is uploaded.
        encode_json({"extra_parameters": extra}, subject=model.slug)
        return EncodedRequest(
            model=model.slug,
            path=_path(model, suffix="/async" if is_older else ""),
            body={**body, **extra},
            media=tuple(
                MediaField(path=one.path, name=one.name, type=one.holds.type, value=one.value)
                for one in body_strings(written, body)
                if isinstance(one.holds, Media)
            ),
            limits=written.media_limits,
            estimate=written.estimate,
        )

    def submit(self, encoded: EncodedRequest, *, key: str) -> Call[Task]:
        """Start a generation. The service has no place for the key."""
        del key
        return Call(
            request=HttpRequest.json(
                method="POST",
                path=encoded.path,
                body=encoded.body,
                headers={"X-Webhook-URL": self.webhook_url} if self.webhook_url else {},
                subject=encoded.model,
            ),
            parse=parse_submission,
            explain=partial(explain_submission, api_version=self.api_version),
            idempotent=False,
            operation=Operation.SUBMIT,
        )

    def task(self, task_id: str) -> Call[Task]:
        """Read a task."""
        path = f"/api/v1/tasks/{quote(task_id, safe='')}"
        return Call.read(path, partial(parse_task, task_id=task_id), operation=Operation.POLL)


def _path(model: ModelName, *, suffix: str) -> str:
    return f"/api/v1/{model.provider}/{model.slug}{suffix}" if model.provider else model.slug

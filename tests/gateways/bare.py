"""A gateway with nothing but the core: it shows what is left without any capability."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.gateways import EncodedRequest, Gateway
from airflow_provider_kling.gateways.registry import GATEWAYS
from airflow_provider_kling.http.credentials import BearerToken, Credentials
from airflow_provider_kling.http.message import Call, HttpRequest, HttpResponse, Operation
from airflow_provider_kling.http.task import Task, TaskStatus
from airflow_provider_kling.models import KlingRequest


class BareGateway(Gateway):
    """A service that accepts submissions and returns the state of tasks. Its credentials have two parts."""

    name: ClassVar[str] = "bare"
    default_base_url: ClassVar[str] = "https://bare.example"
    documented_root: ClassVar[str] = "/v7"
    api_versions: ClassVar[tuple[str, ...]] = ("one", "two")
    retention: ClassVar[timedelta] = timedelta(days=1)

    @classmethod
    def credentials(cls, *, login: str | None, password: str | None) -> Credentials:
        """Join the login and the password."""
        if not login:
            rule = BrokenRule(field="login", rule="is required: it holds the access key")
            raise KlingRequestError(subject="the Kling connection", broken=[rule])
        return BearerToken(f"{login}-{password}")

    def encode(
        self, request: KlingRequest, *, extra_parameters: Mapping[str, Any] | None = None
    ) -> EncodedRequest:
        """Send the author's fields as they are."""
        return EncodedRequest(
            model=request.model.slug,
            path=f"/{self.api_version}/tasks",
            body={**request.body(), **(extra_parameters or {})},
        )

    def submit(self, encoded: EncodedRequest, *, key: str) -> Call[Task]:
        """Send the key along."""
        return Call(
            request=HttpRequest.json(method="POST", path=encoded.path, body={**encoded.body, "key": key}),
            parse=_parse,
            idempotent=False,
            operation=Operation.SUBMIT,
        )

    def task(self, task_id: str) -> Call[Task]:
        """Read a task."""
        return Call(
            request=HttpRequest(method="GET", path=f"/{self.api_version}/tasks/{task_id}"),
            parse=_parse,
            idempotent=True,
            operation=Operation.POLL,
        )


def _parse(response: HttpResponse) -> Task:
    """Read a response of ``{"id": ..., "state": ...}``."""
    state = response.json()
    return Task(task_id=state["id"], status=TaskStatus(state["state"]), raw_status=state["state"])


def register(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let connections name the gateway for the rest of a test."""
    monkeypatch.setitem(GATEWAYS, BareGateway.name, BareGateway)

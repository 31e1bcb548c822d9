"""A submission as a call, for tests of what carries it out."""

from __future__ import annotations

from typing import Any

from airflow_provider_kling.gateways import Gateway
from airflow_provider_kling.http.message import Call
from airflow_provider_kling.http.task import Task
from airflow_provider_kling.models import KlingRequest


def submission(gateway: Gateway, request: KlingRequest, **extra_parameters: Any) -> Call[Task]:
    """Write a request for a gateway."""
    return gateway.submit(gateway.encode(request, extra_parameters=extra_parameters), key="key-of-a-test")

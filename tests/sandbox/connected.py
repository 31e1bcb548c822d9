"""A connection to a sandbox, as a client of the service has it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.tls import TLS


@contextmanager
def fresh(sandbox: SandboxProcess) -> Iterator[httpx.Client]:
    """Reset a sandbox, and connect with its key."""
    sandbox.reset()
    headers = {"Authorization": f"Bearer {sandbox.api_key}"}
    with httpx.Client(
        base_url=sandbox.url, headers=headers, trust_env=False, timeout=120, verify=TLS
    ) as http:
        yield http

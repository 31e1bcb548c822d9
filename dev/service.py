"""Which service the demo talks to: the sandbox, or the real one when there is a key for it."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from dev.waiting import PATIENCE_S


class ConsentError(RuntimeError):
    """There is no consent to spend money."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """Where videos are made. The key is kept out of ``repr`` and goes nowhere but into ``connection``."""

    name: str
    costs_money: bool
    connection: str  # as JSON, for AIRFLOW_CONN_KLING_DEFAULT

    def __repr__(self) -> str:
        return f"Service({self.name})"


def connection_json(*, api_key: str, url: str | None, **extra: Any) -> str:
    """Return an Airflow connection of type kling; without a URL the provider's default holds."""
    host = {"host": url} if url else {}
    extras = {"extra": json.dumps(extra)} if extra else {}
    return json.dumps({"conn_type": "kling", "password": api_key, **host, **extras})


def sandbox_connection(sandbox: SandboxProcess, **extra: Any) -> str:
    """Return an Airflow connection to a sandbox. Its responses may be late: it shares this machine."""
    return connection_json(api_key=sandbox.api_key, url=sandbox.url, request_timeout=PATIENCE_S, **extra)


@contextlib.contextmanager
def choose_service(env: Mapping[str, str] = os.environ) -> Iterator[Service]:
    """Give the real service when KLING_API_KEY is set, after consent; else a sandbox, ended on leaving.

    :raises ConsentError: the real service is not wanted, or there is no terminal to ask at.
    """
    if api_key := env.get("KLING_API_KEY"):
        url = env.get("KLING_BASE_URL")
        _ask_to_pay(url or "the real service", agreed=env.get("YES") == "1")
        yield Service(
            name=url or "the real service",
            costs_money=True,
            connection=connection_json(api_key=api_key, url=url),
        )
        return
    with SandboxProcess() as sandbox:
        yield Service(
            name=f"the sandbox at {sandbox.url}",
            costs_money=False,
            connection=sandbox_connection(sandbox),
        )


def _ask_to_pay(name: str, *, agreed: bool) -> None:
    print(f"KLING_API_KEY is set: this makes videos at {name}, and that costs money.")
    if agreed:
        return
    if not sys.stdin.isatty():
        raise ConsentError("set YES=1 to agree, or unset KLING_API_KEY to use the sandbox")
    if input("Go on? [y/N] ").strip().lower() not in ("y", "yes"):
        raise ConsentError("nothing was sent")

"""What a client is configured with."""

from __future__ import annotations

import platform

from airflow_provider_kling import __version__
from airflow_provider_kling.http.credentials import BearerToken
from airflow_provider_kling.http.settings import ClientSettings

KEY = "sk-canary-0123456789"


def settings(caller: str = "") -> ClientSettings:
    return ClientSettings(base_url="https://api.example", credentials=BearerToken(KEY), caller=caller)


def test_the_key_is_not_in_repr() -> None:
    assert KEY not in repr(settings())
    assert KEY not in str(settings())


def test_the_caller_is_named_where_there_is_one() -> None:
    ours, python = f"airflow-provider-kling/{__version__}", f"python/{platform.python_version()}"
    assert settings().user_agent == f"{ours} {python}"
    assert settings(caller="apache-airflow/3.3.2").user_agent == f"{ours} apache-airflow/3.3.2 {python}"

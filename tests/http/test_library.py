"""httpx2 where it is installed, else httpx."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

SHOW = "from airflow_provider_kling.http.library import httpx; print(httpx.__name__)"
HIDE = "import sys; sys.modules['httpx2'] = None; "


def printed(script: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return ran.stdout.strip()


def test_httpx_is_used_where_httpx2_is_missing() -> None:
    assert printed(HIDE + SHOW) == "httpx"


@pytest.mark.skipif(
    sys.modules.get("httpx2", ...) is None or importlib.util.find_spec("httpx2") is None,
    reason="httpx2 is not installed, or hidden in this run",
)
def test_httpx2_is_used_where_it_is_installed() -> None:
    assert printed(SHOW) == "httpx2"

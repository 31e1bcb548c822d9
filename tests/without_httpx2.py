"""A plugin for pytest that hides httpx2, so that the client falls back to httpx: ``-p tests.without_httpx2``.

It is no option of ours, because pytest imports the first conftest files, and with them the client, before it
knows its options.
"""

from __future__ import annotations

import sys

if "airflow_provider_kling.http.library" in sys.modules:
    raise RuntimeError("too late: the client is imported already")
sys.modules["httpx2"] = None  # type: ignore[assignment]  # importing it fails from now on


def pytest_report_header() -> str:
    """Say what this run is about."""
    return "HTTP library: httpx, as if httpx2 were not installed"

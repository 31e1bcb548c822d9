"""What a path of the service is for."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_provider_kling.sandbox.core.recorder import CallKind
from airflow_provider_kling.sandbox.http.signed_urls import RESULTS
from airflow_provider_kling.sandbox.kling.service.credentials import Area
from airflow_provider_kling.sandbox.kling.service.endpoint import Endpoint, Form, Generation

TASKS = "/tasks"
COSTS = "/account/costs"
BALANCE = "/account/billing/balance"
PACKAGES = "/account/billing/package"
PRESET_VOICES = "/v1/general/presets-voices"
PRESET_ELEMENTS = "/v1/general/advanced-presets-elements"
_LEGACY_PREFIXES = ("/v1/", "/account/")


def is_api(path: str) -> bool:
    """Whether a path needs credentials: every one but that of a result does."""
    return not path.startswith(f"{RESULTS}/")


def area_of(path: str) -> Area:
    """Return which credentials a path takes."""
    return Area.LEGACY if path.startswith(_LEGACY_PREFIXES) else Area.NEW


def kind_of(method: str, path: str, endpoints: Mapping[str, Endpoint]) -> CallKind:
    """Return what a request counts as.

    A poll reads tasks by their ids; a list of tasks is none. A submission is a POST to an endpoint that makes
    something.
    """
    if method == "POST" and path in endpoints:
        return CallKind.SUBMISSION
    if method != "GET" or path in endpoints:
        return CallKind.OTHER
    queried = [
        each.path
        for each in endpoints.values()
        if each.form is Form.TASK and each.generation is Generation.LEGACY
    ]
    is_query = path == TASKS or any(path.startswith(f"{parent}/") for parent in queried)
    return CallKind.POLL if is_query else CallKind.OTHER

"""The two implementations that have to agree: this package's client, and the sandbox over HTTP."""

from __future__ import annotations

import json
import re
import warnings
from dataclasses import dataclass, replace
from typing import Any

import httpx

from airflow_provider_kling.exceptions import KlingRequestError, KlingRequestWarning
from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.models import find_model
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.models.model_facts import VERSIONS, ModelVersion


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one implementation says of a request.

    :param fields: the fields that the rejection names.
    :param sent: the body of an accepted request as it is sent.
    """

    accepted: bool
    fields: frozenset[str] = frozenset()
    warned: bool = False
    message: str = ""
    sent: dict[str, Any] | None = None


def client_verdict(version: ModelVersion, body: dict[str, Any]) -> Verdict:
    """Check and encode a request with the client, in one API version."""
    model = find_model(version.slug)
    of_version = tuple(one for one in model.versions if one.api_version == version.api_version)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", KlingRequestWarning)
        try:
            request = replace(model, versions=of_version).parse(body)
            sent = dict(request.body())
            if version in VERSIONS:  # a translation has tests of its own
                sent = dict(make_gateway(api_version=version.api_version).encode(request).body)
        except KlingRequestError as error:
            named = frozenset(re.split(r"[.\[]", rule.field)[0] for rule in error.broken)
            return Verdict(accepted=False, fields=named, message=str(error))
    messages = [str(one.message) for one in caught]
    inferred = any("infer" in message for message in messages)
    return Verdict(accepted=True, warned=inferred, message="; ".join(messages), sent=sent)


class Sandbox:
    """Posts to a sandbox that is so slow that nothing is ever rendered."""

    def __init__(self, process: SandboxProcess, http: httpx.Client) -> None:
        self._process = process
        self._http = http
        self._posted = 0

    def verdict(self, version: ModelVersion, body: dict[str, Any]) -> Verdict:
        """Submit a request on the path of its API version."""
        if self._posted % 90 == 0:  # the limits are 100 concurrent tasks, and 1,000 requests per minute
            self._process.reset()
        self._posted += 1
        response = self._http.post(
            f"{self._process.url}{version.path}",
            headers={"Authorization": f"Bearer {self._process.api_key}"},
            content=json.dumps(body),
        )
        message = response.json()["message"]
        assert response.status_code in (200, 400), message
        named = frozenset(re.findall(r"parameter '(\w+)", message))
        return Verdict(accepted=response.status_code == 200, fields=named, message=message)

"""The two sides that have to agree: this package's requests, and the sandbox over HTTP."""

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
from airflow_provider_kling.sandbox.process import SandboxProcess
from tests.models.contract_file import Documented, Era


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one side says of a request.

    :param fields: the fields that a refusal names.
    :param sent: what an accepted request travels as.
    """

    accepted: bool
    fields: frozenset[str] = frozenset()
    warned: bool = False
    said: str = ""
    sent: dict[str, Any] | None = None


def client_verdict(documented: Documented, body: dict[str, Any]) -> Verdict:
    """Ask this package, in the fields of one generation."""
    model = find_model(documented.slug)
    of_era = tuple(one for one in model.requests if one.api_version == documented.era.value)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", KlingRequestWarning)
        try:
            request = replace(model, requests=of_era).parse(body)
            call = make_gateway(contract=documented.era.value).submission(request)
        except KlingRequestError as error:
            named = frozenset(re.split(r"[.\[]", rule.field)[0] for rule in error.broken)
            return Verdict(accepted=False, fields=named, said=str(error))
    texts = [str(one.message) for one in warned if "retired" not in str(one.message)]
    inferred = any("left the service" not in text for text in texts)
    return Verdict(accepted=True, warned=inferred, sent=dict(call.request.body or {}))


class Sandbox:
    """Posts to a sandbox in which time stands still, so that nothing is ever rendered."""

    def __init__(self, process: SandboxProcess, http: httpx.Client) -> None:
        self._process = process
        self._http = http
        self._posted = 0

    def verdict(self, documented: Documented, body: dict[str, Any]) -> Verdict:
        """Ask the sandbox, on the path of the generation."""
        if self._posted % 90 == 0:  # room for a hundred tasks, and a thousand requests a minute
            self._process.reset()
        self._posted += 1
        suffix = "/async" if documented.era is Era.APRIL else ""
        answer = self._http.post(
            f"{self._process.url}/api/v1/kling/{documented.slug}{suffix}",
            headers={"Authorization": f"Bearer {self._process.api_key}"},
            content=json.dumps(body),
        )
        text = answer.json()["message"]
        assert answer.status_code in (200, 400), text
        named = frozenset(re.findall(r"'(\w+)", text))
        return Verdict(accepted=answer.status_code == 200, fields=named, said=text)

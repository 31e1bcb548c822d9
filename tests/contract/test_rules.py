"""Each rule is checked three times: by the request, by the operator, and by the service itself.

All three are compared with one table, in both API versions, so that they cannot drift apart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import pytest

from airflow_provider_kling.exceptions import KlingRequestError
from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.models import VideoO1Request, parse_request
from airflow_provider_kling.operators.base import GenerationOperator
from airflow_provider_kling.operators.kling import KlingGenerateOperator, KlingVideoOperator
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.airflow_names import TaskDeferred
from tests.conftest import FakeTaskInstance
from tests.contract_case import Case, Verdict
from tests.contract_cases import CASES
from tests.task_runner import context

pytestmark = pytest.mark.contract

SUFFIX = {"2026-04": "/async", "2026-08": ""}
# The service names the first broken rule; the newer API version has other names, and no shots at all.
NAMES_IN_AUGUST = {"sound": "audio", "mode": "resolution", "shot_type": "multi_shot"}


@pytest.fixture(params=sorted(SUFFIX))
def api_version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=CASES, ids=lambda case: case.id)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with httpx.Client() as client:
        yield client


def test_the_request_and_the_gateway_keep_the_rules(case: Case, api_version: str) -> None:
    gateway = make_gateway(api_version=api_version)
    if case.verdict(api_version) is Verdict.REJECTED:
        with pytest.raises(KlingRequestError) as rejected:
            gateway.encode(parse_request("kling-video-o1", case.body))
        assert case.field in [rule.field for rule in rejected.value.broken]
    else:
        encoded = gateway.encode(parse_request("kling-video-o1", case.body))
        post = case.post(api_version)
        assert post is not None
        assert encoded.path == f"/api/v1/kling/{post.slug}{SUFFIX[api_version]}"
        assert encoded.body == post.body


# Rendered as native objects, a text that is a number becomes one. The operator makes it the text again.
RENDERED_AS_TEXT = "prompt is a number"


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.id != RENDERED_AS_TEXT], ids=lambda one: one.id
)
def test_the_operator_keeps_the_rules_after_rendering(
    case: Case,
    api_version: str,
    kling_sandbox: SandboxProcess,
    connect: Callable[..., None],
    task_instance: FakeTaskInstance,
) -> None:
    connect(host=kling_sandbox.url, password=kling_sandbox.api_key, extra={"api_version": api_version})
    operator = rendered(case.body)
    ctx: Any = context(operator, task_instance)
    if case.verdict(api_version) is Verdict.REJECTED:
        with pytest.raises(KlingRequestError) as rejected:
            operator.execute(ctx)
        assert case.field in [rule.field for rule in rejected.value.broken]
        assert kling_sandbox.requests("POST") == [], "nothing is sent"
    else:
        with pytest.raises(TaskDeferred):
            operator.execute(ctx)
        assert kling_sandbox.stats()["submissions_accepted"] == 1


def rendered(body: Mapping[str, Any]) -> GenerationOperator:
    """Make an operator whose arguments were templates when the DAG was parsed and now have values."""
    if body.keys() - VideoO1Request.model_fields.keys():  # KlingVideoOperator has no such argument
        generate = KlingGenerateOperator(
            task_id="make", model="kling-video-o1", parameters=dict.fromkeys(body, "{{ later }}")
        )
        generate.parameters = body
        return generate
    given = {"prompt": None, **body}
    video = KlingVideoOperator(task_id="make", **dict.fromkeys(given, "{{ later }}"))  # type: ignore[arg-type]
    for name, value in given.items():
        setattr(video, name, value)
    return video


def test_the_service_keeps_the_rules(
    case: Case, api_version: str, kling_sandbox: SandboxProcess, http: httpx.Client
) -> None:
    post = case.post(api_version)
    if post is None:
        pytest.skip("the service has no such rule in this API version")
    response = http.post(
        f"{kling_sandbox.url}/api/v1/kling/{post.slug}{SUFFIX[api_version]}",
        headers={"Authorization": f"Bearer {kling_sandbox.api_key}"},
        content=json.dumps(post.body),
    )
    envelope: dict[str, Any] = response.json()
    if case.verdict(api_version) is Verdict.REJECTED:
        assert response.status_code == 400, case.why
        assert envelope["code"] == 400
        assert set(envelope) == {"code", "message"}
        field = str(case.field).partition("[")[0]
        named = re.search(r"parameter '(\w+)", envelope["message"])
        assert named is not None
        assert named[1] in {field, NAMES_IN_AUGUST.get(field, field) if api_version == "2026-08" else field}
    else:
        assert response.status_code == 200, envelope
        assert envelope["data"]["status"] == "pending"

"""``python -m airflow_provider_kling.catalogue`` against the sandbox, which publishes schemas of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from airflow_provider_kling.catalogue.__main__ import main
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.models.model_facts import FILES

pytestmark = pytest.mark.contract


def schema_fault(model: str, **fields: object) -> dict[str, object]:
    """Let the sandbox publish another schema."""
    schema = {"type": "object", "properties": fields, "required": []}
    body = {"post": {"requestBody": {"content": {"application/json": {"schema": schema}}}}}
    path = f"/models/kling/{model}/api_schema"
    return {"method": "GET", "path": path, "action": {"status": 200, "body": body}}


def test_without_drift_it_says_how_many_were_compared_and_ends_with_0(
    kling_sandbox_factory: Callable[..., SandboxProcess], capsys: pytest.CaptureFixture[str]
) -> None:
    complete = kling_sandbox_factory(retired="served")
    assert main(["check", "--url", complete.url]) == 0
    count = len(FILES)
    assert capsys.readouterr().out == f"{count} models compared with {complete.url}, 0 differ\n"


def test_drift_is_printed_with_the_model_and_ends_with_1(
    kling_sandbox: SandboxProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    kling_sandbox.faults([schema_fault("kling-image-recognize", image={"type": "array"}, crop={})])
    models = ["kling-image-recognize", "kling/kling-avatar"]
    assert main(["check", "--url", f"{kling_sandbox.url}/", *models]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "kling-image-recognize: image: required is True here, False at the service (2026-04)",
        "kling-image-recognize: image: type is 'string' here, 'array' at the service (2026-04)",
        "kling-image-recognize: crop: is at the service, but this release does not know it (2026-04)",
        f"2 models compared with {kling_sandbox.url}/, 1 differ",
    ]


def test_a_model_that_is_gone_is_drift_unless_it_was_to_go(
    kling_sandbox: SandboxProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--url", kling_sandbox.url]) == 0
    assert main(["check", "--url", kling_sandbox.url, "kling/kling-v9-t2v"]) == 1
    assert "kling-v9-t2v: the service publishes no schema" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--url", "http://127.0.0.1:9"], ["kling-v2-6-t2v"]])
def test_what_cannot_be_compared_is_told_and_ends_with_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "could not be read" in err or "did you mean 'kling-v2.6-t2v'" in err


def test_no_key_is_sent(kling_sandbox: SandboxProcess) -> None:
    main(["check", "--url", kling_sandbox.url, "kling-avatar"])
    (request,) = kling_sandbox.requests("GET")
    assert "authorization" not in request["headers"]


def test_it_runs_as_a_module(kling_sandbox: SandboxProcess) -> None:
    module = [sys.executable, "-m", "airflow_provider_kling.catalogue", "check", "--url", kling_sandbox.url]
    ran = subprocess.run([*module, "kling-avatar"], check=True, timeout=60, capture_output=True, text=True)
    assert ran.stdout == f"1 models compared with {kling_sandbox.url}, 0 differ\n"

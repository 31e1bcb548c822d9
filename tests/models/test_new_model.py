"""A new model with known fields is one new file and one command: its facts, and ``make models``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

import airflow_provider_kling.models
from airflow_provider_kling.exceptions import KlingRequestError
from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.models import ModelRegistry, V26TextToVideoRequest
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from dev.models_page import main

pytestmark = pytest.mark.contract

FACTS = Path(airflow_provider_kling.models.__file__).parent / "facts"
NEW = "kling-v2.7-t2v"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the one file that a contributor writes: here, the fields of V2.6 at another price."""
    facts: dict[str, Any] = json.loads((FACTS / "kling-v2.6-t2v.json").read_text())
    facts |= {"slug": NEW, "documented_path": f"/api/v1/kling/{NEW}", "note": "just arrived"}
    del facts["retired"], facts["successor"]
    (version,) = facts["api_versions"].values()
    version["price"] = {"as_of": "2027-01-05", "unit": "$/sec", "usd": {"any": 0.25}}
    (tmp_path / f"{NEW}.json").write_text(json.dumps(facts))
    return tmp_path


def test_the_client_accepts_and_refuses_by_its_rules(folder: Path) -> None:
    model = ModelRegistry(folder).find(NEW)
    request = model.parse({"prompt": "x", "sound": "off"})
    assert type(request) is V26TextToVideoRequest
    assert make_gateway().encode(request).path == f"/api/v1/kling/{NEW}/async"
    with pytest.raises(KlingRequestError, match=rf"{NEW}: (.|\n)*duration: must be 5 or 10; got 7"):
        model.parse({"prompt": "x", "duration": 7})


def test_a_request_that_its_class_makes_is_still_for_the_model_that_it_was_for(folder: Path) -> None:
    assert ModelRegistry(folder).find(NEW)
    assert str(V26TextToVideoRequest(prompt="x").model) == "kling-v2.6-t2v"


def test_the_sandbox_serves_it_by_its_rules(
    folder: Path, kling_sandbox_factory: Callable[..., SandboxProcess]
) -> None:
    sandbox = kling_sandbox_factory(facts_dir=str(folder), speed=1000, retired="served")

    def post(**body: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {sandbox.api_key}"}
        return httpx.post(f"{sandbox.url}/api/v1/kling/{NEW}/async", headers=headers, json=body)

    assert post(prompt="x", duration=7).status_code == 400
    accepted = post(prompt="x", duration=5)
    assert accepted.status_code == 200, accepted.text
    headers = {"Authorization": f"Bearer {sandbox.api_key}"}
    listed = httpx.get(f"{sandbox.url}/api/v1/models", headers=headers).json()["models"]
    assert {model["slug"] for model in listed} == {f"kling/{file.stem}" for file in FACTS.glob("*.json")} | {
        f"kling/{NEW}"
    }
    assert sandbox.stats()["submissions_accepted"] == 1


def test_the_command_shows_it_on_the_page(folder: Path, tmp_path: Path) -> None:
    for file in FACTS.glob("*.json"):
        (folder / file.name).write_bytes(file.read_bytes())
    page = tmp_path / "models.md"
    assert main(["--facts-dir", str(folder), str(page)]) == 0
    (row,) = (line for line in page.read_text(encoding="utf-8").splitlines() if f"| `{NEW}` |" in line)
    assert "0.25 any<br>$/sec, 2027-01-05" in row
    assert "just arrived" in row
    assert f"For `kling-v2.6-t2v`, `{NEW}`." in page.read_text(encoding="utf-8")

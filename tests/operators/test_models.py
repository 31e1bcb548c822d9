"""The generic operator with other models than O1: pictures, several results, models it knows nothing of."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_kling.decorators.kling import generate_task
from airflow_provider_kling.exceptions import (
    KlingModerationError,
    KlingNotFoundError,
    KlingRequestWarning,
)
from airflow_provider_kling.models import ImageO1Request, TextToImage2kRequest
from airflow_provider_kling.operators.kling import KlingDownloadOperator, KlingGenerateOperator
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.conftest import FakeTaskInstance
from tests.decorators.test_decorators import operator_of
from tests.task_runner import run

pytestmark = pytest.mark.contract


def generate(model: str, parameters: Any, **arguments: Any) -> KlingGenerateOperator:
    return KlingGenerateOperator(task_id="make", model=model, parameters=parameters, **arguments)


def test_nine_pictures_are_all_stored_and_told_within_an_xcom(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    operator = generate("kling-image-o1", {"prompt": "An owl", "n": 9}, output=f"file://{tmp_path}/owls")
    result = run(operator, task_instance)

    task_id = result["task_id"]
    names = [f"{task_id}.png", *(f"{task_id}-{number}.png" for number in range(2, 10))]
    stored = [tmp_path / "owls" / name for name in names]
    assert sorted((tmp_path / "owls").glob("*.png")) == sorted(stored)
    assert [one["uri"] for one in result["resources"]] == [f"file://{path}" for path in stored]
    assert len({hashlib.sha256(path.read_bytes()).hexdigest() for path in stored}) == 9
    assert (result["type"], result["format"], result["uri"]) == ("image", "png", f"file://{stored[0]}")
    assert result["sha256"] == hashlib.sha256(stored[0].read_bytes()).hexdigest()
    assert len(json.dumps(result)) <= 4096
    assert result["cost_usd"] == "0.2016"  # nine at $0.0224 (September 2026)


def test_a_files_name_is_counted_on_for_further_results(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    operator = generate("kling-image-o1", {"prompt": "An owl", "n": 2}, output=f"file://{tmp_path}/owl.png")
    result = run(operator, task_instance)
    uris = [f"file://{tmp_path}/owl.png", f"file://{tmp_path}/owl-2.png"]
    assert [one["uri"] for one in result["resources"]] == uris


def test_a_cleared_task_reuses_its_pictures_only_while_all_of_them_are_there(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    operator = generate("kling-image-o1", {"prompt": "An owl", "n": 2}, output=f"file://{tmp_path}/owl.png")
    first = run(operator, task_instance)
    task_instance.clear()
    assert run(operator, task_instance) == {**first, "reused": True, "try_number": 2}
    (tmp_path / "owl-2.png").unlink()
    task_instance.clear()
    again = run(operator, task_instance)
    assert (again["task_id"], again["reused"]) == (first["task_id"], True), "the same task, stored again"
    assert (tmp_path / "owl-2.png").exists()
    assert sandbox.stats()["submissions_accepted"] == 1


def test_a_download_fetches_every_result_too(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, tmp_path: Path
) -> None:
    made = run(generate("kling-image-o1", {"prompt": "An owl", "n": 2}), task_instance)
    for number, source in enumerate((made, made["task_id"])):
        folder = tmp_path / str(number)
        get = KlingDownloadOperator(task_id="get", source=source, output=f"file://{folder}")
        assert len(run(get, task_instance)["resources"]) == 2
        assert len(list(folder.glob("*.png"))) == 2


@pytest.mark.parametrize("parameters", [ImageO1Request(prompt="An owl"), {"prompt": "An owl"}])
@pytest.mark.parametrize("model", ["kling-image-o1", "kling/kling-image-o1"])
def test_the_models_name_and_the_form_of_its_parameters_make_no_difference(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, model: str, parameters: Any
) -> None:
    result = run(generate(model, parameters), task_instance)
    assert result["model"] == "kling-image-o1"
    task_instance.clear()
    again = run(generate("kling/kling-image-o1", {"prompt": "An owl"}), task_instance)
    assert again["reused"], "the other spelling is the same request"


def test_a_request_of_shared_fields_is_sent_to_the_model_that_is_named(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    run(generate("kling-v3-t2i", TextToImage2kRequest(prompt="An owl")), task_instance)
    (post,) = sandbox.requests("POST")
    assert post["path"] == "/api/v1/kling/kling-v3-t2i/async"


def test_what_a_picture_costs_is_null_where_nobody_tells(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    assert run(generate("kling-v3-omni-image", {"prompt": "An owl"}), task_instance)["cost_usd"] is None
    assert "kling_cost_usd" not in task_instance.xcoms


def test_a_model_the_service_does_not_have_costs_nothing_and_says_so(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    with pytest.warns(KlingRequestWarning, match="google/veo-3: .* sent unchecked"):
        operator = generate("google/veo-3", {"prompt": "An owl", "seconds": 8})
    with pytest.raises(KlingNotFoundError, match=r"model 'google/veo-3/async' does not exist.*nothing is"):
        run(operator, task_instance)
    (post,) = sandbox.requests("POST")
    assert post["body"] == {"prompt": "An owl", "seconds": 8}


def test_a_retired_model_is_tried_and_the_services_no_is_told(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    with pytest.warns(KlingRequestWarning, match="kling-v1-t2v was retired .* Use 'kling-v3-t2v' instead"):
        operator = generate("kling-v1-t2v", {"prompt": "An owl"})
    with pytest.raises(KlingNotFoundError, match="does not exist"):
        run(operator, task_instance)
    assert sandbox.stats()["submissions_accepted"] == 0


def test_refused_content_is_a_moderation_error(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance
) -> None:
    with pytest.raises(KlingModerationError, match="risk control"):
        run(generate("kling-image-o1", {"prompt": "A [forbidden] owl"}), task_instance)


@pytest.mark.parametrize(
    ("model", "returned"),
    [
        ("kling-image-o1", "An owl"),
        ("kling-image-o1", ImageO1Request(prompt="An owl")),
        ("kling/kling-v3-t2i", {"prompt": "An owl"}),
    ],
)
def test_a_function_can_ask_any_model(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, model: str, returned: Any
) -> None:
    operator = operator_of(generate_task(model=model), lambda: returned)
    assert run(operator, task_instance)["type"] == "image"
    (post,) = sandbox.requests("POST")
    assert post["body"] == {"prompt": "An owl"}

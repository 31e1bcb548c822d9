"""What goes out: paths, headers, bodies, in both contracts."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from airflow_provider_kling.exceptions import KlingRequestError
from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.http.message import HttpRequest
from airflow_provider_kling.models import KlingRequest, VideoO1Request
from tests.contract_case import I2V, IMAGE, O1, T2V, VIDEO, Case, Verdict
from tests.contract_cases import ACCEPTED, CASES, ONLY_IN_APRIL

APRIL, AUGUST = "2026-04", "2026-08"
PATHS = {APRIL: "/api/v1/kling/{}/async", AUGUST: "/api/v1/kling/{}"}


def submission(contract: str, body: Any, **options: Any) -> HttpRequest:
    return make_gateway(contract=contract).submission(VideoO1Request(**body), **options).request


@pytest.mark.parametrize("contract", [APRIL, AUGUST])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_request_travels_as_the_contract_wants_it_or_not_at_all(case: Case, contract: str) -> None:
    if case.verdict(contract) is Verdict.REFUSED:
        with pytest.raises(KlingRequestError) as caught:
            submission(contract, case.body)
        assert case.field in [rule.field for rule in caught.value.broken]
        return
    post = case.post(contract)
    assert post is not None
    request = submission(contract, case.body)
    assert (request.method, request.path) == ("POST", PATHS[contract].format(post.slug))
    assert request.body == post.body


@pytest.mark.parametrize("case", ONLY_IN_APRIL, ids=lambda case: case.id)
def test_what_a_contract_cannot_say_names_the_contract(case: Case) -> None:
    with pytest.raises(KlingRequestError, match="under contract 2026-08"):
        submission(AUGUST, case.body)


def test_all_that_a_contract_cannot_say_is_named_at_once() -> None:
    body = {
        "prompt": "x",
        "multi_shot": True,
        "shot_type": "intelligence",
        "sound": "on",
        "images": [IMAGE] * 8,
        "aspect_ratio": "1:1",
    }
    with pytest.raises(KlingRequestError) as caught:
        submission(AUGUST, body)
    assert {rule.field for rule in caught.value.broken} == {"multi_shot", "sound", "images", "aspect_ratio"}
    assert caught.value.subject == f"{I2V} under contract 2026-08"


def test_too_many_images_are_counted_and_not_listed() -> None:
    with pytest.raises(KlingRequestError) as caught:
        submission(AUGUST, {"prompt": "x", "images": [IMAGE] * 8})
    assert "images: must have at most 7 items; got '8 items'" in str(caught.value)
    assert IMAGE not in str(caught.value)


@pytest.mark.parametrize(
    ("media", "slug"),
    [
        ({}, T2V),
        ({"images": [IMAGE]}, I2V),
        ({"videos": [VIDEO]}, O1),
        ({"videos": [VIDEO], "images": [IMAGE]}, O1),
    ],
)
def test_the_media_pick_the_model_of_the_later_contract(media: dict[str, list[str]], slug: str) -> None:
    assert submission(AUGUST, {"prompt": "x", **media}).path == f"/api/v1/kling/{slug}"
    assert submission(APRIL, {"prompt": "x", **media}).path == "/api/v1/kling/kling-video-o1/async"


def test_writing_a_request_leaves_it_as_it_was() -> None:
    request = VideoO1Request(prompt="x", mode="std", images=[IMAGE])
    for contract in (AUGUST, APRIL, AUGUST):
        make_gateway(contract=contract).submission(request)
    assert request.body() == {"prompt": "x", "mode": "std", "images": [IMAGE]}


class FutureRequest(KlingRequest):
    """A model that the later contract writes as it is."""

    single_slug: ClassVar[str] = "kling-v9-t2v"
    prompt: str


def test_a_model_without_a_translation_is_sent_as_it_is() -> None:
    request = make_gateway(contract=AUGUST).submission(FutureRequest(prompt="x")).request
    assert (request.path, request.body) == ("/api/v1/kling/kling-v9-t2v", {"prompt": "x"})


def test_without_a_contract_the_first_one_is_spoken() -> None:
    request = VideoO1Request(prompt="x")
    assert make_gateway().submission(request).request.path == "/api/v1/kling/kling-video-o1/async"


@pytest.mark.parametrize("case", ACCEPTED[:3], ids=lambda case: case.id)
def test_a_webhook_goes_along_with_submissions_only(case: Case) -> None:
    gateway = make_gateway(webhook_url="https://hooks.example/kling?token=1")
    request = VideoO1Request(**case.body)
    assert gateway.submission(request).request.headers == {
        "X-Webhook-URL": "https://hooks.example/kling?token=1"
    }
    assert gateway.task("t").request.headers == {}
    assert make_gateway().submission(request).request.headers == {}


@pytest.mark.parametrize("contract", [APRIL, AUGUST])
def test_extra_parameters_are_sent_as_they_are(contract: str) -> None:
    extra = {"seed": 3, "camera": {"zoom": [1, None]}, "watermark": False}
    assert submission(contract, {"prompt": "x"}, extra_parameters=extra).body == {"prompt": "x", **extra}


@pytest.mark.parametrize(
    ("contract", "extra", "twice"),
    [
        (APRIL, {"mode": "std", "prompt": "y", "seed": 1}, ["mode", "prompt"]),
        (AUGUST, {"resolution": "4k", "seed": 1}, ["resolution"]),
        (AUGUST, {"audio": "off"}, ["audio"]),
    ],
)
def test_extra_parameters_cannot_overwrite_what_was_checked(
    contract: str, extra: dict[str, object], twice: list[str]
) -> None:
    with pytest.raises(KlingRequestError) as caught:
        submission(contract, {"prompt": "x", "mode": "pro", "sound": "off"}, extra_parameters=extra)
    assert [rule.field for rule in caught.value.broken] == [f"extra_parameters.{name}" for name in twice]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {"deep": [b"bytes"]}])
def test_extra_parameters_that_json_cannot_say_are_refused(value: object) -> None:
    with pytest.raises(KlingRequestError, match=r"extra_parameters\.new: must be plain JSON"):
        submission(AUGUST, {"prompt": "x"}, extra_parameters={"new": value})


def test_extra_parameters_may_say_what_the_request_does_not() -> None:
    assert submission(AUGUST, {"prompt": "x"}, extra_parameters={"resolution": "4k"}).body == {
        "prompt": "x",
        "resolution": "4k",
    }


@pytest.mark.parametrize(
    ("task_id", "path"),
    [
        ("task-v2v-abc123", "/api/v1/tasks/task-v2v-abc123"),
        ("a.b_c~d", "/api/v1/tasks/a.b_c~d"),
        ("a/b:c+d@e=f", "/api/v1/tasks/a%2Fb%3Ac%2Bd%40e%3Df"),
        ("a b?c#d%2F", "/api/v1/tasks/a%20b%3Fc%23d%252F"),
        ("../balance", "/api/v1/tasks/..%2Fbalance"),
        ("ü", "/api/v1/tasks/%C3%BC"),
    ],
)
def test_a_task_id_stays_one_part_of_the_path(task_id: str, path: str) -> None:
    assert make_gateway().task(task_id).request.path == path


@pytest.mark.parametrize("contract", [APRIL, AUGUST])
def test_reading_calls_are_the_same_in_both_contracts_and_may_be_repeated(contract: str) -> None:
    gateway = make_gateway(contract=contract)
    calls = [gateway.task("t"), gateway.balance(), gateway.key_validation(), gateway.models()]
    assert [call.request.path for call in calls] == [
        "/api/v1/tasks/t",
        "/api/v1/team/balance",
        "/api/v1/apikey/validate",
        "/api/v1/models",
    ]
    assert all(call.repeatable and call.request.body is None for call in calls)


@pytest.mark.parametrize("contract", [APRIL, AUGUST])
def test_a_submission_may_not_be_repeated(contract: str) -> None:
    assert make_gateway(contract=contract).submission(VideoO1Request(prompt="x")).repeatable is False


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"name": "kling"}, "gateway"),
        ({"contract": "2026-05"}, "contract"),
        ({"contract": ""}, "contract"),
        ({"webhook_url": "hooks.example"}, "webhook_url"),
        ({"webhook_url": "https://hooks.example/a\r\nX-Evil: 1"}, "webhook_url"),
        ({"webhook_url": "https://hooks.example/ü"}, "webhook_url"),
    ],
)
def test_a_connections_mistakes_are_named_before_anything_is_sent(
    options: dict[str, str], field: str
) -> None:
    with pytest.raises(KlingRequestError) as caught:
        make_gateway(**options)
    assert [rule.field for rule in caught.value.broken] == [field]


def test_a_webhook_that_is_refused_is_not_quoted_for_it_may_hold_a_secret() -> None:
    with pytest.raises(KlingRequestError) as caught:
        make_gateway(webhook_url="hooks.example?token=canary")
    assert "canary" not in str(caught.value)


def test_all_mistakes_of_a_connection_are_named_at_once() -> None:
    with pytest.raises(KlingRequestError) as caught:
        make_gateway(name="kling", contract="2026-05", webhook_url="x")
    assert [rule.field for rule in caught.value.broken] == ["gateway", "contract", "webhook_url"]

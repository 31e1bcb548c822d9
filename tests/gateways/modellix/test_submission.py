"""What is sent: paths, headers and bodies, in both versions of the API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingRequestError
from airflow_provider_kling.gateways import EncodedRequest, make_gateway
from airflow_provider_kling.http.message import HttpRequest, Operation
from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.models import VideoO1Request, parse_request
from tests.contract_case import I2V, IMAGE, O1, T2V, VIDEO, Case, Verdict
from tests.contract_cases import ACCEPTED, CASES, ONLY_IN_APRIL

APRIL, AUGUST = "2026-04", "2026-08"
PATHS = {APRIL: "/api/v1/kling/{}/async", AUGUST: "/api/v1/kling/{}"}

both_versions = pytest.mark.parametrize("api_version", [APRIL, AUGUST])


def encode(api_version: str, body: Any, **options: Any) -> EncodedRequest:
    return make_gateway(api_version=api_version).encode(VideoO1Request(**body), **options)


def submission(encoded: EncodedRequest, *, key: str = "", **options: Any) -> HttpRequest:
    return make_gateway(**options).submit(encoded, key=key).request


def sent_json(request: HttpRequest) -> Any:
    assert request.content_type == "application/json"
    return json.loads(request.content or b"")


# -- the request in the fields of the API version -------------------------------------------------


@both_versions
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_request_is_sent_as_the_api_version_wants_it_or_not_at_all(case: Case, api_version: str) -> None:
    if case.verdict(api_version) is Verdict.REJECTED:
        with pytest.raises(KlingRequestError) as caught:
            encode(api_version, case.body)
        assert case.field in [rule.field for rule in caught.value.broken]
        return
    post = case.post(api_version)
    assert post is not None
    request = submission(encode(api_version, case.body))
    assert (request.method, request.path) == ("POST", PATHS[api_version].format(post.slug))
    assert sent_json(request) == post.body


@pytest.mark.parametrize("case", ONLY_IN_APRIL, ids=lambda case: case.id)
def test_what_an_api_version_cannot_express_names_the_version(case: Case) -> None:
    with pytest.raises(KlingRequestError, match="in API version 2026-08"):
        encode(AUGUST, case.body)


def test_everything_that_an_api_version_cannot_express_is_named_at_once() -> None:
    body = {
        "prompt": "x",
        "multi_shot": True,
        "shot_type": "intelligence",
        "sound": "on",
        "images": [IMAGE] * 8,
        "aspect_ratio": "1:1",
    }
    with pytest.raises(KlingRequestError) as caught:
        encode(AUGUST, body)
    assert {rule.field for rule in caught.value.broken} == {"multi_shot", "sound", "images", "aspect_ratio"}
    assert caught.value.subject == f"{I2V} in API version 2026-08"


def test_too_many_images_are_counted_and_not_listed() -> None:
    with pytest.raises(KlingRequestError) as caught:
        encode(AUGUST, {"prompt": "x", "images": [IMAGE] * 8})
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
def test_the_media_choose_the_model_of_the_later_version(media: dict[str, list[str]], slug: str) -> None:
    later = encode(AUGUST, {"prompt": "x", **media})
    assert (later.model, later.path) == (slug, f"/api/v1/kling/{slug}")
    earlier = encode(APRIL, {"prompt": "x", **media})
    assert (earlier.model, earlier.path) == (O1, f"/api/v1/kling/{O1}/async")


def test_encoding_leaves_the_request_as_it_was() -> None:
    request = VideoO1Request(prompt="x", mode="std", images=[IMAGE])
    for api_version in (AUGUST, APRIL, AUGUST):
        make_gateway(api_version=api_version).encode(request)
    assert request.body() == {"prompt": "x", "mode": "std", "images": [IMAGE]}


@both_versions
def test_a_model_that_this_release_does_not_know_is_sent_as_it_is(api_version: str) -> None:
    body = {"prompt": "x", "mode": "std", "sound": "on"}
    encoded = make_gateway(api_version=api_version).encode(parse_request("kling/kling-v9-t2v", body))
    assert (encoded.path, encoded.body) == (PATHS[api_version].format("kling-v9-t2v"), body)


# -- media ----------------------------------------------------------------------------------------


@both_versions
def test_the_places_of_media_are_known_and_text_is_none(api_version: str) -> None:
    body = {"prompt": "x", "images": ["s3://in/a.png", IMAGE], "videos": [VIDEO], "mode": "std"}
    media = encode(api_version, body).media
    assert {one.path: (one.name, one.type, one.value) for one in media} == {
        ("images", 0): ("images[0]", MediaType.IMAGE, "s3://in/a.png"),
        ("images", 1): ("images[1]", MediaType.IMAGE, IMAGE),
        ("videos", 0): ("videos[0]", MediaType.VIDEO, VIDEO),
    }
    assert len(media) == 3


@both_versions
def test_media_that_are_resolved_later_are_sent_in_their_places(api_version: str) -> None:
    encoded = encode(api_version, {"prompt": "x", "images": ["s3://in/a.png", IMAGE]})
    resolved = encoded.with_media({("images", 0): "https://files.example/a.png"})
    assert sent_json(submission(resolved))["images"] == ["https://files.example/a.png", IMAGE]
    assert sent_json(submission(encoded))["images"] == ["s3://in/a.png", IMAGE]


# -- extra parameters -----------------------------------------------------------------------------


@both_versions
def test_extra_parameters_are_sent_as_they_are(api_version: str) -> None:
    extra = {"seed": 3, "camera": {"zoom": [1, None]}, "watermark": False}
    encoded = encode(api_version, {"prompt": "x"}, extra_parameters=extra)
    assert sent_json(submission(encoded)) == {"prompt": "x", **extra}


@pytest.mark.parametrize(
    ("api_version", "extra", "repeated"),
    [
        (APRIL, {"mode": "std", "prompt": "y", "seed": 1}, ["mode", "prompt"]),
        (AUGUST, {"resolution": "4k", "seed": 1}, ["resolution"]),
        (AUGUST, {"audio": "off"}, ["audio"]),
    ],
)
def test_extra_parameters_cannot_overwrite_what_was_checked(
    api_version: str, extra: dict[str, object], repeated: list[str]
) -> None:
    with pytest.raises(KlingRequestError) as caught:
        encode(api_version, {"prompt": "x", "mode": "pro", "sound": "off"}, extra_parameters=extra)
    assert [rule.field for rule in caught.value.broken] == [f"extra_parameters.{name}" for name in repeated]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {"deep": [b"bytes"]}])
def test_extra_parameters_that_json_cannot_express_are_found_when_the_request_is_encoded(
    value: object,
) -> None:
    with pytest.raises(KlingRequestError, match=r"extra_parameters\.new.*: must be "):
        encode(AUGUST, {"prompt": "x"}, extra_parameters={"new": value})


def test_extra_parameters_may_add_what_the_request_leaves_out() -> None:
    encoded = encode(AUGUST, {"prompt": "x"}, extra_parameters={"resolution": "4k"})
    assert encoded.body == {"prompt": "x", "resolution": "4k"}


def test_extra_parameters_are_no_media() -> None:
    extra = {"image": "s3://in/a.png"}
    assert encode(APRIL, {"prompt": "x"}, extra_parameters=extra).media == ()


# -- the calls ------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ACCEPTED[:3], ids=lambda case: case.id)
def test_a_webhook_goes_along_with_submissions_only(case: Case) -> None:
    url = "https://hooks.example/kling?token=1"
    encoded = encode(APRIL, case.body)
    assert submission(encoded, webhook_url=url).headers == {"X-Webhook-URL": url}
    assert make_gateway(webhook_url=url).task("t").request.headers == {}
    assert submission(encoded).headers == {}


@both_versions
def test_a_submission_is_never_repeated(api_version: str) -> None:
    call = make_gateway(api_version=api_version).submit(encode(api_version, {"prompt": "x"}), key="")
    assert (call.idempotent, call.operation) == (False, Operation.SUBMIT)


def test_a_key_changes_nothing_for_the_service_has_no_place_for_it() -> None:
    encoded = encode(APRIL, {"prompt": "x"})
    assert submission(encoded, key="k1") == submission(encoded, key="")


@both_versions
def test_a_poll_is_the_same_in_both_versions_and_may_be_repeated(api_version: str) -> None:
    call = make_gateway(api_version=api_version).task("t")
    assert (call.request.method, call.request.path, call.request.content) == ("GET", "/api/v1/tasks/t", None)
    assert (call.idempotent, call.operation) == (True, Operation.POLL)


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


def test_a_prompt_is_not_shown_where_a_request_is() -> None:
    encoded = encode(APRIL, {"prompt": "a secret plan", "images": ["https://media.example/a?sig=canary"]})
    shown = repr(encoded) + repr(submission(encoded))
    assert "secret plan" not in shown
    assert "canary" not in shown

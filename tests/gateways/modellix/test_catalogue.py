"""What the service publishes about its models: where it is requested, and how the response is parsed."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingNotFoundError, KlingProtocolError
from airflow_provider_kling.gateways.modellix import ModellixGateway
from airflow_provider_kling.models import ModelName
from tests.gateways.calls import response

CATALOGUE = ModellixGateway.catalogue
SCHEMA_CALL = CATALOGUE.schema(ModelName("kling", "kling-v2.6-t2v"))
SCHEMA = {"type": "object", "properties": {"prompt": {"type": "string"}}}
SUBMIT_URL = "https://api.modellix.ai/api/v1/kling/kling-v2.6-t2v"


def published(**changes: Any) -> dict[str, Any]:
    """Return an OpenAPI operation as the service publishes it."""
    content = {"application/json": {"schema": SCHEMA}}
    whole = {
        "servers": [{"url": SUBMIT_URL}],
        "post": {"summary": "Kling V2.6 T2V", "requestBody": {"content": content}, "responses": {}},
    }
    return {**whole, **changes}


# -- the list of models ---------------------------------------------------------------------------


def test_models_are_listed_and_those_without_a_name_left_out() -> None:
    price = {"fixed": 0.1008, "unit": "$/sec"}
    call = CATALOGUE.models()
    assert (call.request.method, call.request.path, call.idempotent) == ("GET", "/api/v1/models", True)
    models = call.parse(
        response(
            {
                "models": [
                    {"slug": "kling/kling-video-o1", "type": "video-to-video", "price": price, "new": 1},
                    {"slug": "kling/kling-v3-t2v", "price": None, "docs_url": None},
                    {"type": "text-to-video"},
                    None,
                ]
            }
        )
    )
    assert [model.slug for model in models] == ["kling/kling-video-o1", "kling/kling-v3-t2v"]
    assert [model.price for model in models] == [price, None]


@pytest.mark.parametrize("body", [{}, {"models": None}, {"models": {}}, []])
def test_a_missing_list_of_models_is_not_an_empty_one(body: object) -> None:
    with pytest.raises(KlingProtocolError):
        CATALOGUE.models().parse(response(body))


# -- the schema of a request ----------------------------------------------------------------------


def test_a_schema_is_read_from_the_website_for_the_service_and_from_the_same_host_for_another() -> None:
    assert SCHEMA_CALL.request.path == "/models/kling/kling-v2.6-t2v/api_schema"
    assert CATALOGUE.public_url(ModellixGateway.default_base_url) == "https://www.modellix.ai"
    assert CATALOGUE.public_url("http://127.0.0.1:8787") == "http://127.0.0.1:8787"


def test_a_models_name_stays_two_parts_of_the_path() -> None:
    path = CATALOGUE.schema(ModelName("a/b", "c?d")).request.path
    assert path == "/models/a%2Fb/c%3Fd/api_schema"


def test_the_schema_and_the_address_of_submissions_are_parsed() -> None:
    schema = SCHEMA_CALL.parse(response(published()))
    assert (schema.body, schema.submit_url) == (SCHEMA, SUBMIT_URL)


@pytest.mark.parametrize("servers", [None, [], {}, [None], [{"url": 5}]])
def test_a_missing_address_is_none(servers: object) -> None:
    assert SCHEMA_CALL.parse(response(published(servers=servers))).submit_url is None


@pytest.mark.parametrize("post", [None, {}, {"requestBody": []}, {"requestBody": {"content": {}}}])
def test_a_response_without_a_schema_is_a_protocol_error(post: object) -> None:
    with pytest.raises(KlingProtocolError, match="without a schema"):
        SCHEMA_CALL.parse(response(published(post=post)))


def test_a_model_that_is_not_published_is_not_found() -> None:
    with pytest.raises(KlingNotFoundError, match="Model Not Found"):
        SCHEMA_CALL.parse(response({"message": "Model Not Found"}, status=404))

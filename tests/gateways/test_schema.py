"""What the service publishes of a model's request: where it is asked, and how the answer is read."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingNotFoundError, KlingProtocolError
from airflow_provider_kling.gateways import DEFAULT_BASE_URL, make_gateway
from airflow_provider_kling.models import ModelName
from tests.gateways.wire import answer

GATEWAY = make_gateway()
CALL = GATEWAY.schema(ModelName("kling", "kling-v2.6-t2v"))
SCHEMA = {"type": "object", "properties": {"prompt": {"type": "string"}}}


def published(**changes: Any) -> dict[str, Any]:
    content = {"application/json": {"schema": SCHEMA}}
    whole = {
        "servers": [{"url": "https://api.modellix.ai/api/v1/kling/kling-v2.6-t2v"}],
        "post": {"summary": "Kling V2.6 T2V", "requestBody": {"content": content}, "responses": {}},
    }
    return {**whole, **changes}


def test_it_is_asked_at_the_website_for_the_service_and_at_its_own_place_for_another() -> None:
    assert CALL.request.path == "/models/kling/kling-v2.6-t2v/api_schema"
    assert GATEWAY.public_url(DEFAULT_BASE_URL) == "https://www.modellix.ai"
    assert GATEWAY.public_url("http://127.0.0.1:8787") == "http://127.0.0.1:8787"


def test_the_schema_and_the_address_of_submissions_are_read() -> None:
    read = CALL.parse(answer(published()))
    assert read.body == SCHEMA
    assert read.submit_url == "https://api.modellix.ai/api/v1/kling/kling-v2.6-t2v"


@pytest.mark.parametrize("servers", [None, [], {}, [None], [{"url": 5}]])
def test_an_address_that_is_not_told_is_none(servers: object) -> None:
    assert CALL.parse(answer(published(servers=servers))).submit_url is None


@pytest.mark.parametrize("post", [None, {}, {"requestBody": []}, {"requestBody": {"content": {}}}])
def test_an_answer_without_a_schema_is_not_the_contract(post: object) -> None:
    with pytest.raises(KlingProtocolError, match="without a schema"):
        CALL.parse(answer(published(post=post)))


def test_a_model_that_is_not_published_is_not_found() -> None:
    with pytest.raises(KlingNotFoundError, match="Model Not Found"):
        CALL.parse(answer({"message": "Model Not Found"}, status=404))

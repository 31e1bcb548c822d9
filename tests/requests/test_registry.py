"""Finding the request class for a model."""

from __future__ import annotations

import pytest

from airflow_provider_kling.exceptions import KlingRequestError
from airflow_provider_kling.requests import VideoO1Request, parse_request, request_class


@pytest.mark.parametrize("model", ["kling-video-o1", "kling/kling-video-o1"])
def test_a_model_is_found_with_and_without_its_provider(model: str) -> None:
    assert request_class(model) is VideoO1Request
    assert parse_request(model, {"prompt": "x"}) == VideoO1Request(prompt="x")


@pytest.mark.parametrize("model", ["kling-video-o2", "Kling-Video-O1", "other/kling-video-o1", ""])
def test_an_unknown_model_is_refused_and_the_known_ones_are_named(model: str) -> None:
    with pytest.raises(KlingRequestError, match="must be a model this release knows: kling-video-o1"):
        request_class(model)


def test_parameters_are_held_to_the_models_rules() -> None:
    with pytest.raises(KlingRequestError, match="duration: must be 5 or 10; got 7"):
        parse_request("kling-video-o1", {"prompt": "x", "duration": 7})

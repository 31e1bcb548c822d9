"""Which request class serves which model. A new model is one entry here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.requests.base import KlingRequest
from airflow_provider_kling.requests.video_o1 import VideoO1Request

_REQUEST_CLASSES: dict[str, type[KlingRequest]] = {
    VideoO1Request.slug: VideoO1Request,
}


def request_class(model: str) -> type[KlingRequest]:
    """Return the request class of a model, named ``kling-video-o1`` or ``kling/kling-video-o1``.

    :raises KlingRequestError: this release does not know the model.
    """
    found = _REQUEST_CLASSES.get(model.removeprefix(f"{KlingRequest.provider}/"))
    if found is None:
        known = ", ".join(sorted(_REQUEST_CLASSES))
        rule = BrokenRule(field="model", rule=f"must be a model this release knows: {known}", value=model)
        raise KlingRequestError(subject="model", broken=[rule])
    return found


def parse_request(model: str, parameters: Mapping[str, Any]) -> KlingRequest:
    """Check ``parameters`` against every rule of ``model``.

    :param model: the model's slug, with or without ``kling/``.
    :param parameters: the model's fields; None counts as not given.
    :raises KlingRequestError: one or more rules are broken; the message names each.
    """
    return request_class(model)(**parameters)

"""What a service publishes about its models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """A model as the service lists it.

    :param slug: ``provider/model``.
    :param type: what the model makes, in the service's own word.
    :param description: for people.
    :param docs_url: the page about the model.
    :param price: as published, such as ``{"fixed": 0.1, "unit": "$/s"}``.
    """

    slug: str
    type: str | None = None
    description: str | None = None
    docs_url: str | None = None
    price: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class PublishedSchema:
    """What the service publishes about a model's request.

    :param submit_url: where requests are sent; None where the service does not say.
    :param body: a JSON Schema.
    """

    submit_url: str | None
    body: Mapping[str, Any]

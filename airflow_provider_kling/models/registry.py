"""Finding a model by its name, and checking what is asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.models.base import KlingRequest
from airflow_provider_kling.models.image_models import IMAGE_MODELS
from airflow_provider_kling.models.model import KlingModel, unknown_model
from airflow_provider_kling.models.name import parse_name
from airflow_provider_kling.models.video_models import VIDEO_MODELS

MODELS: tuple[KlingModel, ...] = (*VIDEO_MODELS, *IMAGE_MODELS)
"""Every model that this release knows."""

_BY_NAME = {model.name: model for model in MODELS}
# A slip of the finger or two, or hyphens for dots as in the addresses of the service's pages.
_CLOSE = 0.85


def find_model(name: str) -> KlingModel:
    """Return a model by its name, ``kling-v2.6-t2v`` or ``kling/kling-v2.6-t2v``.

    A ``provider/model`` that this release does not know is one all the same: the service has a hundred more,
    and new ones every month. What is asked of it is sent unchecked, with a warning.

    :raises KlingRequestError: the name is no ``provider/model``, and no known model's.
    """
    read = parse_name(name) if isinstance(name, str) else None
    if read is not None and (found := _BY_NAME.get(read)):
        return found
    close = _close_to(str(name))
    if read is not None and "/" in name:
        return unknown_model(read, close=close)
    meant = f"did you mean {close!r}? It" if close else "it"
    rule = BrokenRule(
        field="model",
        rule=f"is not a model that this release knows; {meant} must be one of docs/models.md, or any other "
        "of the service's as provider/model, which is sent unchecked",
        value=name,
    )
    raise KlingRequestError(subject="model", broken=[rule])


def parse_request(model: str, parameters: Mapping[str, Any] | KlingRequest) -> KlingRequest:
    """Check ``parameters`` against every documented rule of ``model``.

    Rules that are only inferred warn (:class:`~airflow_provider_kling.exceptions.KlingRequestWarning`) and
    let the request through; so does a model that has been retired or that is not known.

    :param model: the model's name; see :func:`find_model`.
    :param parameters: the model's fields; None counts as not given.
    :raises KlingRequestError: one or more rules are broken; the message names each.
    """
    given = parameters.body() if isinstance(parameters, KlingRequest) else parameters
    return find_model(model).parse(given)


def _close_to(name: str) -> str | None:
    slug = name.rpartition("/")[2].lower()
    found = get_close_matches(slug, [model.slug for model in MODELS], n=1, cutoff=_CLOSE)
    return found[0] if found else None

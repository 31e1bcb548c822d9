"""From a model's name and parameters to a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_kling.models.base import KlingRequest
from airflow_provider_kling.models.registry import find_model


def parse_request(
    model: str, parameters: Mapping[str, Any] | KlingRequest, *, api_version: str | None = None
) -> KlingRequest:
    """Check ``parameters`` against every documented rule of ``model``.

    Rules that are only inferred warn (:class:`~airflow_provider_kling.exceptions.KlingRequestWarning`) and
    let the request through; so does a model that has been retired or that is not known.

    :param model: the model's name; see :func:`find_model`.
    :param parameters: the model's fields; None counts as not given.
    :param api_version: where a service has documented the model with different fields over time: the API
        version whose rules apply when ``parameters`` has only fields that are common to several. By default
        the oldest.
    :return: the request: one of the classes of ``docs/models.md``, or an
        :class:`~airflow_provider_kling.models.UncheckedRequest` where no documented rule applies.
    :raises KlingRequestError: one or more rules are broken, or ``parameters`` mixes fields of several API
        versions; the message names each.
    """
    given = parameters.body() if isinstance(parameters, KlingRequest) else parameters
    return find_model(model).parse(given, api_version=api_version)

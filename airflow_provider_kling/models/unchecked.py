"""A request for a model whose rules are not known for certain: sent as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ConfigDict

from airflow_provider_kling.exceptions import BrokenRule
from airflow_provider_kling.models.base import KlingRequest


class UncheckedRequest(KlingRequest):
    """Any fields, with any values that JSON can hold. The service checks them before it bills anything.

    :func:`~airflow_provider_kling.models.parse_request` returns one for a model that this release does not
    know, and where only inferred rules are broken.
    """

    model_config = ConfigDict(extra="allow")

    @classmethod
    def conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        """Yield the fields that cannot be sent at all."""
        for name, value in given.items():
            try:
                json.dumps(value, allow_nan=False)
            except (TypeError, ValueError, RecursionError):
                yield BrokenRule(field=name, rule="must be plain JSON", value=value)

    def body(self) -> dict[str, Any]:
        """Return the fields as they were given."""
        return dict(self.model_extra or {})

"""A request for a model whose rules are not known for certain: sent as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ConfigDict, PrivateAttr

from airflow_provider_kling.exceptions import BrokenRule
from airflow_provider_kling.models.base import ApiVersion, KlingRequest


class UncheckedRequest(KlingRequest):
    """Any fields, with any values. The service has the first word on them, before it bills anything."""

    model_config = ConfigDict(extra="allow")

    _contract: ApiVersion = PrivateAttr(default=ApiVersion.APRIL)

    @property
    def contract(self) -> ApiVersion:
        """The generation of field names that the author seems to use."""
        return self._contract

    @classmethod
    def conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        """Yield what could not be sent at all."""
        for name, value in given.items():
            try:
                json.dumps(value, allow_nan=False)
            except (TypeError, ValueError, RecursionError):
                yield BrokenRule(field=name, rule="must be plain JSON", value=value)

    def in_contract(self, contract: ApiVersion) -> UncheckedRequest:
        """Return the request as one in another generation's fields."""
        copied = self.model_copy()
        copied._contract = contract
        return copied

    def body(self) -> dict[str, Any]:
        """Return the fields as they were given."""
        return dict(self.model_extra or {})

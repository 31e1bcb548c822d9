"""Where what this release asks of a request is not what the service publishes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_provider_kling.catalogue.facts import Facts, facts_of
from airflow_provider_kling.models import KlingModel, KlingRequest

_ABSENT = object()


def differences(model: KlingModel, published: Mapping[str, Any]) -> list[str]:
    """Return how the published schema of a model's request differs from ours, a line each.

    The service publishes one generation of field names; of ours, the one that differs least is compared.
    Rules between fields stand in no such schema and are not compared.
    """
    theirs = facts_of(published)
    by_contract = {request: list(_compare(request, theirs)) for request in model.requests}
    return min(by_contract.values(), key=len)


def _compare(request: type[KlingRequest], theirs: Mapping[str, Facts]) -> Iterator[str]:
    ours = facts_of(request.model_json_schema())
    contract = request.api_version
    for name in [*ours, *(new for new in theirs if new not in ours)]:
        if name not in theirs:
            yield f"{name}: the service does not publish it ({contract})"
        elif name not in ours:
            yield f"{name}: this release does not know it ({contract})"
        else:
            yield from (f"{line} ({contract})" for line in _compare_field(name, ours[name], theirs[name]))


def _compare_field(name: str, ours: Facts, theirs: Facts) -> Iterator[str]:
    for fact in sorted(ours.keys() | theirs.keys()):
        our, their = ours.get(fact, _ABSENT), theirs.get(fact, _ABSENT)
        if fact == "items" and isinstance(our, dict) and isinstance(their, dict):
            yield from _compare_field(f"{name}[]", our, their)
        elif not _agree(fact, our, their):
            yield f"{name}: {fact} is {_shown(our)} here, {_shown(their)} at the service"


def _agree(fact: str, our: object, their: object) -> bool:
    if fact == "enum" and isinstance(our, list) and isinstance(their, list):
        return set(our) == set(their)
    # A default that only one of them states changes nothing that is sent. An empty text is no link and no
    # Base64, whether or not the service says so.
    if fact == "default" or (fact == "minLength" and 1 in (our, their)):
        return our == their or _ABSENT in (our, their)
    return our == their


def _shown(value: object) -> str:
    return "not given" if value is _ABSENT else repr(value)

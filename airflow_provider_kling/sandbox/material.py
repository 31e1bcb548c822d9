"""What a request brought, fetched: the bytes of an input."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_kling.sandbox.order import Medium

# What a contract says of the inputs, by their kind.
Limits = Mapping[str, Mapping[str, Any]]


class AbandonedError(Exception):
    """What is being made is no longer wanted."""


class UnusableMediaError(ValueError):
    """An input that cannot be had or decoded, or that breaks a documented limit."""


@dataclass(frozen=True, kw_only=True)
class Material:
    """The bytes of an input; ``name`` is the parameter that brought them, as messages name it."""

    name: str
    medium: Medium
    data: bytes


def only(medium: Medium, materials: Iterable[Material]) -> list[Material]:
    """Return the inputs of a kind, in their order."""
    return [material for material in materials if material.medium is medium]

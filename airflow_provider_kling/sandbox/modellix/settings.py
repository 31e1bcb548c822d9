"""The settings of a sandbox that simulates Modellix."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from airflow_provider_kling.sandbox.settings import Settings


class AcceptedVersions(StrEnum):
    """Which API versions the service accepts (option ``--api-version``)."""

    BOTH = "both"
    APRIL = "2026-04"
    AUGUST = "2026-08"


class Retired(StrEnum):
    """Whether models that were retired or have left the documents are served (option ``--retired``)."""

    SERVED = "served"
    GONE = "gone"


class OptionalFields(StrEnum):
    """Whether success responses have the fields that clients must not rely on."""

    ALL = "all"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class ModellixSettings(Settings):
    """The options of a sandbox with the gateway ``modellix``. ``kling-sandbox --help`` explains each."""

    tier: str = "10"
    api_version: AcceptedVersions = AcceptedVersions.BOTH
    retired: Retired = Retired.GONE
    result_ttl: float = 7 * 24 * 3600.0
    balance: float = 100.0
    optional_fields: OptionalFields = OptionalFields.ALL
    cover: bool = False
    facts_dir: Path | None = None

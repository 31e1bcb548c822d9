"""The settings of a sandbox. It imports no other module of the sandbox, so that every layer can read it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


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
class Settings:
    """The options of one sandbox. ``kling-sandbox --help`` explains each."""

    host: str = "127.0.0.1"
    port: int = 8787
    api_key: str = "sandbox-key"
    tier: str = "10"
    speed: float = 20.0
    seed: int = 1
    api_version: AcceptedVersions = AcceptedVersions.BOTH
    retired: Retired = Retired.GONE
    allow_unknown_fields: bool = False
    result_ttl: float = 7 * 24 * 3600.0
    balance: float = 100.0
    optional_fields: OptionalFields = OptionalFields.ALL
    cover: bool = False
    facts_dir: Path | None = None
    data_dir: Path | None = None
    parent_pid: int | None = None

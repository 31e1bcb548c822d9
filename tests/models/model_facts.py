"""The fact files, as the tests read them: neither the client's reader nor the sandbox's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import airflow_provider_kling

FOLDER = Path(airflow_provider_kling.__file__).parent / "models" / "facts"
_PLATFORM = FOLDER.parent / "platform_facts"
_SUFFIX = {"2026-04": "/async", "2026-08": ""}


@dataclass(frozen=True, kw_only=True)
class ModelVersion:
    """A model in one API version.

    :param documented: whether its rules are documented, and so enforced.
    :param schema: the JSON Schema of a request body.
    """

    slug: str
    api_version: str
    documented: bool
    schema: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.slug} {self.api_version}"

    @property
    def path(self) -> str:
        """Where a service that accepts both API versions takes a submission in this one."""
        return f"/api/v1/kling/{self.slug}{_SUFFIX[self.api_version]}"

    @property
    def fields(self) -> Mapping[str, Mapping[str, Any]]:
        fields: Mapping[str, Mapping[str, Any]] = self.schema["properties"]
        return fields


def _files(folder: Path) -> dict[str, Any]:
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))}


def _versions(files: Mapping[str, Any]) -> list[ModelVersion]:
    return [
        ModelVersion(
            slug=slug,
            api_version=api_version,
            documented=version["certainty"] == "documented",
            schema=version["schema"],
        )
        for slug, facts in files.items()
        for api_version, version in facts["api_versions"].items()
    ]


FILES = _files(FOLDER)
"""Those of the first service."""
VERSIONS = _versions(FILES)
PLATFORM_FILES = _files(_PLATFORM)
"""Those that only Kling's platform has."""
PLATFORM_VERSIONS = _versions(PLATFORM_FILES)

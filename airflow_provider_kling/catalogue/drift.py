"""Differences between a model of this release and what a service publishes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_kling.catalogue.schema import field_rules, schema_differences
from airflow_provider_kling.models import KlingModel


def differences(model: KlingModel, published: Mapping[str, Any]) -> list[str]:
    """Return how the published schema of a model's request differs from this release, a line each.

    A service publishes one API version. Of ours, the one that differs least is compared. Rules between fields
    are not part of such a schema and are not compared.
    """
    theirs = field_rules(published)
    lines = []
    for version in model.versions:
        ours = field_rules(version.request_class.model_json_schema())
        found = schema_differences(ours, theirs, place="at the service")
        lines.append([f"{line} ({version.api_version})" for line in found])
    return min(lines, key=len)

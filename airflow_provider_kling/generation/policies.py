"""The policies that a DAG author may choose, checked when the DAG is parsed."""

from __future__ import annotations

from enum import StrEnum

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.journal.rules import OnRerun, OnUnknownSubmission

__all__ = ["OnRerun", "OnUnknownSubmission", "Upload", "check_policies"]


class Upload(StrEnum):
    """How media on the user's storage reach the service.

    ``auto`` sends images and audio of up to 5 MiB as Base64, and uploads larger files and videos. ``always``
    uploads all. ``never`` sends all as Base64.
    """

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


_POLICIES: dict[str, type[StrEnum]] = {
    "on_unknown_submission": OnUnknownSubmission,
    "on_rerun": OnRerun,
    "upload": Upload,
}


def check_policies(**given: str) -> None:
    """Check each policy's value.

    :raises KlingRequestError: a value is not one of the policy's.
    """
    broken = [
        BrokenRule(
            field=name, rule=f"must be {' or '.join(repr(one.value) for one in policy)}", value=given[name]
        )
        for name, policy in _POLICIES.items()
        if given[name] not in [one.value for one in policy]
    ]
    if broken:
        raise KlingRequestError(subject="operator", broken=broken)

"""The policies that a DAG author may choose, checked when the DAG is parsed."""

from __future__ import annotations

from enum import StrEnum

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.generation.media_arguments import Upload
from airflow_provider_kling.journal.rules import OnRerun, OnUnknownSubmission

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

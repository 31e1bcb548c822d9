"""What a failed submission means: a certain rejection, or an unknown outcome."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from airflow_provider_kling.exceptions import (
    KlingAPIError,
    KlingBadRequestError,
    KlingConnectionError,
    KlingError,
    KlingSubmissionUnknownError,
)

# Statuses after which there is certainly no task. After any other failure there may be one.
_REJECTED = frozenset({400, 401, 402, 403, 404, 405, 413, 415, 422, 429})


def explain_submission(
    error: KlingError, *, api_version: str, distinctive_fields: Mapping[str, Iterable[str]]
) -> KlingError:
    """Return the error to raise for a submission that ended in ``error``.

    :param api_version: the one that the request was written in.
    :param distinctive_fields: the fields that only one of the versions has, by version.
    """
    if isinstance(error, KlingConnectionError) and not error.request_sent:
        return error
    if isinstance(error, KlingAPIError) and error.status_code in _REJECTED:
        hint = _version_hint(error, api_version=api_version, distinctive_fields=distinctive_fields)
        return error.with_context(
            f"The service rejected the submission: no task exists, and nothing is billed.{hint}"
        )
    return KlingSubmissionUnknownError(
        f"The outcome of the submission is unknown: {str(error).rstrip('.')}. A task may be running at the "
        "service and be billed, so nothing was sent again. Search the service's request log for it before "
        "you submit again."
    )


def _version_hint(
    error: KlingAPIError, *, api_version: str, distinctive_fields: Mapping[str, Iterable[str]]
) -> str:
    """Name the other API version when the service rejects a field in which the versions differ."""
    if not isinstance(error, KlingBadRequestError):
        return ""
    differing = frozenset[str]().union(*distinctive_fields.values())
    named = sorted(differing.intersection(re.findall(r"[a-z_]+", str(error).lower())))
    if not named:
        return ""
    others = " or ".join(repr(name) for name in distinctive_fields if name != api_version)
    return (
        f" The versions of the service's API differ in {', '.join(named)}; this request was written for "
        f"{api_version!r}. If the service now wants the other, set the connection's extra `api_version` to "
        f"{others}."
    )

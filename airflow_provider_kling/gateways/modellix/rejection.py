"""What a failed submission means: refused for certain, or unknown; and when another contract would help."""

from __future__ import annotations

import re

from airflow_provider_kling.exceptions import (
    KlingAPIError,
    KlingBadRequestError,
    KlingConnectionError,
    KlingError,
    KlingSubmissionUnknownError,
)
from airflow_provider_kling.gateways.modellix.api_version import CONTRACTS, Contract

# Statuses that say for certain that no task was made. Any other failure leaves it open.
_REFUSED = frozenset({400, 401, 402, 403, 404, 405, 413, 415, 422, 429})


def explain_submission(error: KlingError, *, contract: Contract) -> KlingError:
    """Return the error to raise for a submission that ended in ``error``."""
    if isinstance(error, KlingConnectionError) and not error.request_sent:
        return error
    if isinstance(error, KlingAPIError) and error.status_code in _REFUSED:
        return _refused(error, hint=_contract_hint(error, contract=contract))
    return KlingSubmissionUnknownError(
        f"Nobody knows whether the submission took effect: {error}. A task may be running and billed at the "
        "service, so nothing is sent again by itself; look for it in the service's request log first."
    )


def _refused(error: KlingAPIError, *, hint: str) -> KlingAPIError:
    return type(error)(
        f"{error}. The service refused the submission: no task exists, and nothing is billed.{hint}",
        status_code=error.status_code,
        category=error.category,
        task_id=error.task_id,
        retry_after=error.retry_after,
    )


def _contract_hint(error: KlingAPIError, *, contract: Contract) -> str:
    """Say so when the complaint is about a field in which the contracts differ."""
    if not isinstance(error, KlingBadRequestError):
        return ""
    differing = frozenset[str]().union(*(each.distinctive_fields for each in CONTRACTS.values()))
    named = sorted(differing.intersection(re.findall(r"[a-z_]+", str(error).lower())))
    if not named:
        return ""
    others = " or ".join(repr(name) for name in CONTRACTS if name != contract.name)
    return (
        f" The service's contracts differ in {', '.join(named)}; this request was written for "
        f"{contract.name!r}. If the service has moved on, set the connection's extra `contract` to {others}."
    )

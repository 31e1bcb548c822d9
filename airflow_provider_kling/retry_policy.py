"""A retry policy for Airflow 3.3 and newer: ``retry_policy=kling_retry_policy``."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from airflow_provider_kling import exceptions
from airflow_provider_kling.exceptions import NO_CAPACITY, KlingError

__all__ = ["kling_retry_policy"]

RESCHEDULE_TIMEOUT: Final = timedelta(days=1)
_RESCHEDULE: Any = getattr(RetryAction, "RESCHEDULE", None)  # from Airflow 3.4 on


def _classes() -> list[type[KlingError]]:
    """Return the classes of the tree, subclasses before their bases: the first rule that fits is taken.

    ``__subclasses__`` would also find the classes that are made when an error fails a task.
    """
    found = [
        kind
        for kind in vars(exceptions).values()
        if isinstance(kind, type) and issubclass(kind, KlingError) and kind is not KlingError
    ]
    return sorted(found, key=lambda kind: len(kind.__mro__), reverse=True)


def _rule(kind: type[KlingError]) -> RetryRule:
    action = RetryAction.RETRY if kind.retryable else RetryAction.FAIL
    bounds: dict[str, Any] = {}
    if _RESCHEDULE is not None and issubclass(kind, NO_CAPACITY):
        action, bounds = _RESCHEDULE, {"reschedule_timeout": RESCHEDULE_TIMEOUT}
    return RetryRule(
        exception=kind, action=action, retry_delay=kind.retry_delay, reason=kind.retry_reason, **bounds
    )


kling_retry_policy = ExceptionRetryPolicy(rules=[_rule(kind) for kind in _classes()])
"""Retries by the class of the error: ``KlingVideoOperator(retries=3, retry_policy=kling_retry_policy, ...)``.

The operators do not need it: an error that a retry cannot help fails their task at once in any case. The
policy adds the delay that suits each error (``retry_delay``). From Airflow 3.4 on, a task that found no
capacity (after its ``queue_timeout``, where it has one) runs again without using up a retry, for up to a day.
It also works for a DAG's own tasks that use the hook. It decides by the class alone. So with it a submission
whose outcome is unknown is never retried, and ``on_unknown_submission="resubmit"`` takes effect when the task
is cleared.
"""

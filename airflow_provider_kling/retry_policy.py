"""A retry policy for Airflow 3.3 and newer: ``retry_policy=kling_retry_policy``."""

from __future__ import annotations

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from airflow_provider_kling import exceptions
from airflow_provider_kling.exceptions import KlingError

__all__ = ["kling_retry_policy"]


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
    return RetryRule(exception=kind, action=action, retry_delay=kind.retry_delay, reason=kind.retry_reason)


kling_retry_policy = ExceptionRetryPolicy(rules=[_rule(kind) for kind in _classes()])
"""Retries by the class of the error: ``KlingVideoOperator(retries=3, retry_policy=kling_retry_policy, ...)``.

The operators do not need it: an error that a retry cannot help fails their task at once in any case. The
policy adds the delay that suits each error (``retry_delay``). It also works for a DAG's own tasks that use
the hook. It decides by the class alone. So with it a submission whose outcome is unknown is never retried,
and ``on_unknown_submission="resubmit"`` takes effect when the task is cleared.
"""

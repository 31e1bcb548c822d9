"""A retry policy for Airflow 3.3: ``KlingVideoOperator(..., retries=3, retry_policy=kling_retry_policy)``.

Tasks do without it: what a retry cannot mend fails at once in any case. The policy adds a delay that
fits each kind of trouble, and also covers a DAG's own tasks that use the hook. With it, a submission whose
outcome is unknown is never retried, so ``on_unknown_submission="resubmit"`` takes effect at a clear.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from airflow_provider_kling.exceptions import (
    KlingAuthenticationError,
    KlingBadRequestError,
    KlingBalanceError,
    KlingCapacityError,
    KlingConnectionError,
    KlingJournalError,
    KlingModerationError,
    KlingNotFoundError,
    KlingPermissionError,
    KlingProtocolError,
    KlingRateLimitError,
    KlingRequestError,
    KlingServerError,
    KlingSubmissionUnknownError,
    KlingTaskFailedError,
    KlingTimeoutError,
)

__all__ = ["kling_retry_policy"]

kling_retry_policy = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=[
                KlingRequestError,
                KlingBadRequestError,
                KlingAuthenticationError,
                KlingPermissionError,
                KlingBalanceError,
                KlingNotFoundError,
                KlingModerationError,
            ],
            action=RetryAction.FAIL,
            reason="the same request would fail again",
        ),
        RetryRule(
            exception=KlingSubmissionUnknownError,
            action=RetryAction.FAIL,
            reason="another submission might be paid twice",
        ),
        RetryRule(
            exception=KlingTimeoutError,
            retry_delay=timedelta(seconds=30),
            reason="the task may still finish; the retry waits for it and submits nothing",
        ),
        RetryRule(
            exception=[KlingConnectionError, KlingServerError, KlingProtocolError, KlingJournalError],
            retry_delay=timedelta(minutes=1),
            reason="trouble that passes",
        ),
        RetryRule(
            exception=[KlingRateLimitError, KlingCapacityError],
            retry_delay=timedelta(minutes=5),
            reason="the service has no room",
        ),
        RetryRule(
            exception=KlingTaskFailedError,
            retry_delay=timedelta(minutes=1),
            reason="the service failed the task; the retry submits a new one",
        ),
    ]
)

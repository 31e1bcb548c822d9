"""How this provider's errors end an Airflow task, and what is added to their messages on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSensorTimeout

from airflow_provider_kling.exceptions import KlingError, KlingTimeoutError


@contextmanager
def failing_fast() -> Iterator[None]:
    """Let an error that a retry cannot help fail the task at once, without using up its retries.

    A callback, a retry policy or a test that catches it gets the same class with the same attributes. It is
    an ``AirflowFailException`` as well.
    """
    try:
        yield
    except KlingError as error:
        if error.retryable or isinstance(error, AirflowFailException):
            raise
        raise _also(error, AirflowFailException) from error


@contextmanager
def failing_as_sensor() -> Iterator[None]:
    """Let every error fail a sensor at once: another poll of a task that has ended finds the same.

    A passed deadline is an ``AirflowSensorTimeout`` as well, so that ``soft_fail`` works.
    """
    try:
        yield
    except KlingError as error:
        timed_out = isinstance(error, KlingTimeoutError)
        raise _also(error, AirflowSensorTimeout if timed_out else AirflowFailException) from error


@contextmanager
def error_context(context: str | Callable[[KlingError], str]) -> Iterator[None]:
    """Let the message of an error say as well what it means for the task and its bill.

    :param context: sentences that follow the message.
    """
    try:
        yield
    except KlingError as error:
        added = context if isinstance(context, str) else context(error)
        raise error.with_context(added) from error.__cause__


def _also(error: KlingError, airflow_class: type[Exception]) -> KlingError:
    """Return ``error`` as one that is an ``airflow_class`` as well."""
    both = _both(type(error), airflow_class)  # type: ignore[arg-type]  # mypy: a class is hashable
    failure = both.__new__(both, *error.args)
    failure.__dict__.update(error.__dict__)
    return failure


@cache
def _both(kind: type[KlingError], airflow_class: type[Exception]) -> type[KlingError]:
    """Return a class that is both, with the first one's name in logs and callbacks."""
    named = {name: getattr(kind, name) for name in ("__doc__", "__module__", "__qualname__")}
    return type(kind.__name__, (kind, airflow_class), named)

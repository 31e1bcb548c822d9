"""How this provider's errors end an Airflow task."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow_provider_kling.compat import AirflowFailException, AirflowSensorTimeout
from airflow_provider_kling.exceptions import KlingError, KlingTimeoutError


@contextmanager
def failing_fast() -> Iterator[None]:
    """Let an error that a retry cannot mend fail the task at once, without using up its retries.

    Whoever catches it (a callback, a retry policy, a test) finds the same class with the same
    attributes; it is an ``AirflowFailException`` on top.
    """
    try:
        yield
    except KlingError as error:
        if error.retryable or isinstance(error, AirflowFailException):
            raise
        raise _also(error, AirflowFailException) from error


@contextmanager
def failing_as_sensor() -> Iterator[None]:
    """Let every error fail a sensor at once: looking at an ended task again shows the same end.

    A passed deadline is an ``AirflowSensorTimeout`` on top, so that ``soft_fail`` works.
    """
    try:
        yield
    except KlingError as error:
        timed_out = isinstance(error, KlingTimeoutError)
        raise _also(error, AirflowSensorTimeout if timed_out else AirflowFailException) from error


def _also(error: KlingError, airflow_class: type[Exception]) -> KlingError:
    """Return ``error`` as one that is an ``airflow_class`` too."""
    kind = type(error)
    # It goes by its own name in logs and callbacks.
    same_name = {name: getattr(kind, name) for name in ("__doc__", "__module__", "__qualname__")}
    both: type[KlingError] = type(kind.__name__, (kind, airflow_class), same_name)
    failure = both.__new__(both, *error.args)
    failure.__dict__.update(error.__dict__)
    return failure

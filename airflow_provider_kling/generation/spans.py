"""Spans of a generation for OpenTelemetry, below the span of its Airflow task.

Airflow keeps the context of a task's trace in its database, so the halves before and after a deferral belong
to the same trace. Where nothing has set up OpenTelemetry, all of this does nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context as TaskContext
    from opentelemetry.context import Context

Attributes = Mapping[str, str | None]
"""What a span says; None for what is not known, which is left out."""


class SpanName(StrEnum):
    """The steps of a generation."""

    SUBMIT = "kling.submit"
    WAIT = "kling.wait"
    STORE = "kling.store"


@contextmanager
def span(name: SpanName, *, context: TaskContext, attributes: Callable[[], Attributes]) -> Iterator[None]:
    """Let a step be a span. Of an error it has the class: a message may hold what is not for everybody.

    :param attributes: called at the end of the step, when most is known.
    """
    with _tracer().start_as_current_span(
        name,
        context=_parent(context),
        kind=SpanKind.CLIENT,
        record_exception=False,
        set_status_on_exception=False,
    ) as opened:
        try:
            yield
        except Exception as error:
            opened.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
        finally:
            opened.set_attributes(_known(attributes()))


def add_span(name: SpanName, *, context: TaskContext, since: float, attributes: Attributes) -> None:
    """Add the span of a step that ends now, and may have begun in another process.

    :param since: when it began, in Unix seconds.
    """
    now = time.time()
    started = _tracer().start_span(
        name,
        context=_parent(context),
        kind=SpanKind.CLIENT,
        attributes=_known(attributes),
        start_time=_nanoseconds(min(since, now)),
    )
    started.end(end_time=_nanoseconds(now))


def _tracer() -> trace.Tracer:
    return trace.get_tracer("airflow_provider_kling")


def _parent(context: TaskContext) -> Context | None:
    """Return the context of the task's trace; None for the current one, which Airflow sets from 3.2 on."""
    if trace.get_current_span().get_span_context().is_valid:
        return None
    carrier = getattr(context["ti"], "context_carrier", None)
    return TraceContextTextMapPropagator().extract(carrier) if carrier else None


def _known(attributes: Attributes) -> dict[str, str]:
    return {f"kling.{name}": value for name, value in attributes.items() if value is not None}


def _nanoseconds(moment: float) -> int:
    return int(moment * 1e9)

"""The steps of a generation are spans of the task's trace, on both sides of a deferral."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from airflow_provider_kling.exceptions import KlingError
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.airflow_names import TaskDeferred
from tests.conftest import FakeTaskInstance
from tests.task_runner import context, fire, run, video

pytestmark = pytest.mark.contract

TRACE, TASK = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CARRIER = {"traceparent": f"00-{TRACE}-{TASK}-01"}


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """What a set-up of OpenTelemetry would send."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    yield exporter
    provider.shutdown()


class TracedTaskInstance(FakeTaskInstance):
    """A task instance as Airflow gives it, with the context of its trace."""

    context_carrier = CARRIER


def own(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


def test_the_trace_of_a_task_goes_on_after_its_deferral(
    sandbox: SandboxProcess, exporter: InMemorySpanExporter, tmp_path: Path
) -> None:
    """Each half runs in a process of its own: nothing but the task instance is common to both."""
    operator, ti = video(output=f"file://{tmp_path}/clip.mp4"), TracedTaskInstance()
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(context(operator, ti))
    assert list(own(exporter)) == ["kling.submit"]
    event = fire(deferred.value.trigger)
    resumed = video(output=f"file://{tmp_path}/clip.mp4")
    result = resumed.execute_complete(context(resumed, ti), event=event)

    spans = own(exporter)
    assert list(spans) == ["kling.submit", "kling.wait", "kling.store"]
    for span in spans.values():
        assert span.context is not None
        assert span.parent is not None
        assert f"{span.context.trace_id:032x}" == TRACE
        assert f"{span.parent.span_id:016x}" == TASK
        assert span.attributes is not None
        assert span.attributes["kling.gateway"] == "modellix"
        assert span.attributes["kling.model"] == "kling-video-o1"
        assert span.attributes["kling.task_id"] == result["task_id"]
        assert "A paper boat" not in span.to_json()
    wait, store = spans["kling.wait"], spans["kling.store"]
    assert wait.start_time is not None
    assert wait.end_time is not None
    assert store.start_time is not None
    assert wait.start_time < wait.end_time <= store.start_time


def test_a_span_that_is_current_is_the_parent(
    sandbox: SandboxProcess, exporter: InMemorySpanExporter
) -> None:
    """From 3.2 on Airflow opens one for the task."""
    with trace.get_tracer_provider().get_tracer("airflow").start_as_current_span("worker.make") as current:
        run(video(deferrable=False), TracedTaskInstance())
    spans = own(exporter)
    for name in ("kling.submit", "kling.wait"):
        parent = spans[name].parent
        assert parent is not None
        assert parent.span_id == current.get_span_context().span_id


def test_a_step_that_fails_says_with_which_class_and_no_more(
    sandbox: SandboxProcess, exporter: InMemorySpanExporter
) -> None:
    sandbox.faults([{"method": "POST", "action": {"status": 400}}])
    with pytest.raises(KlingError):
        run(video(), FakeTaskInstance())
    span = own(exporter)["kling.submit"]
    assert span.status.status_code is trace.StatusCode.ERROR
    assert span.status.description == "KlingBadRequestError"
    assert not span.events


def test_without_a_set_up_nothing_changes(sandbox: SandboxProcess, task_instance: FakeTaskInstance) -> None:
    assert run(video(), task_instance)["status"] == "success"

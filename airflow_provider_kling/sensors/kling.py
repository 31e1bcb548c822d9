"""The sensor that waits for a task submitted elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from airflow.providers.common.compat.sdk import BaseSensorOperator, PokeReturnValue

from airflow_provider_kling.arguments import NOT_GIVEN, Arguments, Count, Location, NotGiven, Seconds, plain
from airflow_provider_kling.compat import default_deferrable
from airflow_provider_kling.configuration import configured
from airflow_provider_kling.defaults import CONN_ID
from airflow_provider_kling.exceptions import KlingError
from airflow_provider_kling.generation.completion import Completion
from airflow_provider_kling.generation.failure import error_context, failing_as_sensor, failing_fast
from airflow_provider_kling.generation.report import Report
from airflow_provider_kling.generation.result import GenerationResult
from airflow_provider_kling.generation.templates import is_rendered_later, known_now
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.http.ids import check_id
from airflow_provider_kling.operators.mapped_output import MappedOutput
from airflow_provider_kling.polling import PollingPlan
from airflow_provider_kling.triggers.kling import DEFER_NET_S, KlingTaskTrigger

if TYPE_CHECKING:
    from os import PathLike

    from airflow.providers.common.compat.sdk import Context, ObjectStoragePath

__all__ = ["KlingTaskSensor"]


class _SensorArguments(Arguments):
    output: Location | None = None
    max_bytes: Count | None = None
    conn_id: str = ""
    deferrable: bool | None = None


class _InheritedArguments(Arguments):
    """Those of every sensor that Airflow stores or calculates with unchecked."""

    timeout: Seconds | None = None
    poke_interval: Seconds | None = None
    max_wait: Seconds | None = None
    soft_fail: bool | None = None
    never_fail: bool | None = None
    silent_fail: bool | None = None
    exponential_backoff: bool | None = None


class KlingTaskSensor(MappedOutput, BaseSensorOperator):
    """Wait for a task that something else submitted, and return its result. Costs nothing at the service.

    Every error fails the sensor at once, without a retry. With ``soft_fail``, the sensor is skipped instead
    when its ``timeout`` is over. The task itself continues at the service.

    :param kling_task_id: the id of the task at the service (templated).
    :param conn_id: the connection whose credentials submitted the task (templated).
    :param deferrable: wait in the triggerer. False polls from the worker every ``poke_interval`` seconds, in
        the sensor's ``mode``. The default is True, unless Airflow's ``[operators] default_deferrable`` is
        set.
    :param output: where to copy the result, as for the generating operators; None copies nothing (templated).
    :param max_bytes: a larger result is not stored, and the sensor fails; None as for those operators.
    :param multiple_outputs: push each key of the result as an XCom of its own too, for
        ``task.output["url"]``.
    :param kwargs: the arguments of every sensor, such as ``timeout``, ``poke_interval``, ``mode`` and
        ``soft_fail``, and those of every operator.
    :returns: a :class:`~airflow_provider_kling.generation.result.GenerationResult`.
    :raises KlingRequestError: ``kling_task_id`` is no id, or another argument makes no sense; a literal one
        fails the import of the DAG. What a template renders to is checked before the first poll.
    :raises KlingTaskFailedError: the service ended the task as failed.
    :raises KlingNotFoundError: these credentials do not know the task, or it has expired.
    :raises KlingTimeoutError: the ``timeout`` is over, and the task is still running. A sensor that is not
        deferrable raises Airflow's ``AirflowSensorTimeout``.
    :raises KlingMediaError: the result cannot be downloaded or stored.
    """

    template_fields: Sequence[str] = ("kling_task_id", "conn_id", "output_uri")
    _ARGUMENTS: ClassVar[tuple[type[Arguments], ...]] = (_SensorArguments, _InheritedArguments)

    def __init__(
        self,
        *,
        kling_task_id: str,
        conn_id: str = CONN_ID,
        deferrable: bool | None = None,
        output: str | PathLike[str] | ObjectStoragePath | NotGiven | None = NOT_GIVEN,
        max_bytes: int | None = None,
        multiple_outputs: bool = True,
        **kwargs: Any,
    ) -> None:
        # Not every Airflow takes None for its default.
        given = {name: kwargs.pop(name, None) for name in _InheritedArguments.model_fields}
        given = {name: value for name, value in given.items() if value is not None}
        with failing_fast():
            inherited = _InheritedArguments.read(given, subject=type(self).__name__)
        kwargs |= inherited.model_dump(exclude_unset=True)
        super().__init__(multiple_outputs=multiple_outputs, **kwargs)
        self.kling_task_id = kling_task_id
        self.conn_id = conn_id
        self.deferrable = deferrable
        with failing_fast():
            defaults = configured()
        self.output_uri: str | None = defaults.default_output if output is NOT_GIVEN else plain(output)
        self.max_bytes = defaults.max_download_bytes if max_bytes is None else max_bytes
        with failing_fast():
            arguments = self._read_arguments(rendered=False)
            if not is_rendered_later(kling_task_id):
                self._check_id(kling_task_id)
        self.deferrable = default_deferrable() if arguments.deferrable is None else arguments.deferrable
        self.max_bytes = arguments.max_bytes or self.max_bytes

    @classmethod
    def check_given(cls, given: Mapping[str, Any]) -> None:
        """Check some of the arguments, while there is no operator with the rest."""
        super().check_given(given)
        if "kling_task_id" in given and not is_rendered_later(given["kling_task_id"]):
            with failing_fast():
                cls._check_id(given["kling_task_id"])

    def execute(self, context: Context) -> Any:
        """Poll the task once; if it is still running, wait for it."""
        if not self.deferrable:
            return super().execute(context)
        found = self.poke(context)
        if found.is_done:
            return found.xcom_value
        self._begin_report(context, None).update({})
        return self._defer()

    def _defer(self) -> NoReturn:
        now = time.time()
        bounds = KlingHook(conn_id=self.conn_id).connection.poll_bounds(configured().polling)
        plan = PollingPlan.joining(now=now, timeout=self.timeout, **bounds)
        self.defer(
            trigger=KlingTaskTrigger(
                conn_id=self.conn_id, kling_task_id=self.kling_task_id, plan=plan.to_json()
            ),
            method_name=self.execute_complete.__name__,
            kwargs={"kling_task_id": self.kling_task_id, "waiting_since": now},
            timeout=timedelta(seconds=self.timeout + DEFER_NET_S),
        )

    def poke(self, context: Context) -> PokeReturnValue:
        """Poll the task once. After a transient error, the sensor polls again."""
        hook = KlingHook(conn_id=self.conn_id)
        report = self._begin_report(context, hook)
        with failing_as_sensor(), report.failures(), hook:
            completion = self._completion(hook, context, report)
            self._check_id(self.kling_task_id)
            try:
                with error_context(f"Task {self.kling_task_id} may still run at the service and be billed."):
                    task = hook.get_task(self.kling_task_id)
            except KlingError as error:
                if not error.transient:
                    raise
                self.log.warning("A poll of the task failed, and the sensor polls again: %s", error)
                return PokeReturnValue(is_done=False)
            if not task.status.terminal:
                return PokeReturnValue(is_done=False)
            result = completion.complete_from_task(task)
            return PokeReturnValue(is_done=True, xcom_value=result)

    def execute_complete(
        self,
        context: Context,
        event: object,
        kling_task_id: str | None = None,
        waiting_since: float | None = None,
    ) -> GenerationResult:
        """Continue after the trigger's event. ``dag.test()`` passes only the event."""
        hook = KlingHook(conn_id=self.conn_id)
        report = self._begin_report(context, hook)
        with failing_as_sensor(), report.failures(), hook:
            completion = self._completion(hook, context, report)
            task = completion.task_from_event(event, task_id=kling_task_id, since=waiting_since)
            return completion.complete_from_task(task)

    def _read_arguments(self, *, rendered: bool = True) -> _SensorArguments:
        templated = {"output": self.output_uri, "conn_id": self.conn_id}
        given = {
            **(templated if rendered else known_now(templated)),
            "max_bytes": self.max_bytes,
            "deferrable": self.deferrable,
        }
        return _SensorArguments.read(given, subject=type(self).__name__)

    @classmethod
    def _check_id(cls, task_id: str) -> None:
        check_id(task_id, field="kling_task_id", subject=cls.__name__)

    def _begin_report(self, context: Context, hook: KlingHook | None) -> Report:
        report = self._report = Report(context=context, hook=hook)
        report.know({"task_id": self.kling_task_id})
        return report

    def _completion(self, hook: KlingHook, context: Context, report: Report) -> Completion:
        output = self._read_arguments().output
        return Completion(hook=hook, context=context, report=report, output=output, max_bytes=self.max_bytes)

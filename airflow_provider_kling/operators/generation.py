"""What every generating operator does: check, submit once, wait in the triggerer, keep the result."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator

from airflow_provider_kling.api.task import Task
from airflow_provider_kling.hooks.kling import DEFAULT_TIMEOUT_S, KlingHook
from airflow_provider_kling.hooks.waiting import Watch
from airflow_provider_kling.operators.conclusion import XCOM_TASK_ID, Conclusion
from airflow_provider_kling.operators.failure import failing_fast
from airflow_provider_kling.operators.templates import is_rendered_later, rendered_later
from airflow_provider_kling.requests import KlingRequest, request_class
from airflow_provider_kling.triggers.kling import KlingTaskTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context

# The trigger ends at the deadline by itself. This much later Airflow ends it, should it not.
DEFER_NET_S = 600.0


class GenerationOperator(BaseOperator):
    """The base of the generating operators. Subclasses say which request to make.

    :param model: the model's slug, such as ``kling-video-o1`` (templated).
    :param conn_id: an Airflow connection of type ``kling`` (templated).
    :param deferrable: wait in the triggerer, which holds no worker slot. False waits on the worker.
        The job at the service and its price are the same.
    :param timeout: seconds from the submission after which the task fails. It ends the waiting only:
        the job goes on at the service and may be billed.
    :param output: where to copy the result, as a URI on any storage Airflow knows (templated). A URI that
        ends in a media file's extension names the file, any other a folder. None returns links only, which
        the service lets expire.
    :param extra_parameters: fields to send as they are, unchecked, for those newer than this release
        (templated).
    :param multiple_outputs: push each part of the result as an XCom of its own too, so that the next step
        can take one: ``step.output["url"]``.
    """

    template_fields: Sequence[str] = ("model", "conn_id", "output_uri", "extra_parameters")
    wanted_type: ClassVar[str] = "video"

    def __init__(
        self,
        *,
        model: str,
        conn_id: str = KlingHook.default_conn_name,
        deferrable: bool = True,
        timeout: float = DEFAULT_TIMEOUT_S,
        output: str | None = None,
        extra_parameters: Mapping[str, Any] | None = None,
        multiple_outputs: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(multiple_outputs=multiple_outputs, **kwargs)
        self.model = model
        self.conn_id = conn_id
        self.deferrable = deferrable
        self.timeout = timeout
        # `output` itself is what other tasks take this one's result from.
        self.output_uri = output
        self.extra_parameters = extra_parameters

    def request_parameters(self) -> Mapping[str, Any]:
        """Return the fields of the request; None counts as not given."""
        raise NotImplementedError

    def check_literals(self) -> None:
        """Check what is known while the DAG is parsed; templates wait until they are rendered.

        :raises KlingRequestError: a rule is broken, so the DAG would fail when it runs. Nothing is sent.
        """
        parameters = self.request_parameters()
        if is_rendered_later(self.model) or not isinstance(parameters, Mapping):
            return
        with failing_fast():
            request_class(self.model).check_known(parameters, unknown=rendered_later(parameters))

    def execute(self, context: Context) -> dict[str, Any]:
        """Submit once, then wait; return the result dict (``docs/operators.md``)."""
        with failing_fast(), KlingHook(conn_id=self.conn_id) as hook:
            submitted_at = time.time()
            request, task = self._submit(hook, context=context)
            deadline = submitted_at + self.timeout
            usual_s = request.expected_s[1]
            if self.deferrable:
                self.defer(
                    trigger=KlingTaskTrigger(
                        conn_id=self.conn_id,
                        kling_task_id=task.task_id,
                        submitted_at=submitted_at,
                        deadline=deadline,
                        usual_s=usual_s,
                    ),
                    method_name=self.execute_complete.__name__,
                    kwargs={"kling_task_id": task.task_id, "submitted_at": submitted_at},
                    timeout=timedelta(seconds=self.timeout + DEFER_NET_S),
                )
            watch = Watch(task_id=task.task_id, submitted_at=submitted_at, deadline=deadline, usual_s=usual_s)
            return self._conclusion(hook, context, submitted_at=submitted_at).of_ending(hook.watch(watch))

    def execute_complete(
        self,
        context: Context,
        event: object,
        kling_task_id: str | None = None,
        submitted_at: float | None = None,
    ) -> dict[str, Any]:
        """Take over from the trigger. Needs only ``event``: ``dag.test()`` drops the rest."""
        with failing_fast(), KlingHook(conn_id=self.conn_id) as hook:
            conclusion = self._conclusion(hook, context, submitted_at=submitted_at)
            return conclusion.of_event(event, task_id=kling_task_id)

    def _submit(self, hook: KlingHook, *, context: Context) -> tuple[KlingRequest, Task]:
        request = request_class(self.model).from_rendered(self.request_parameters())
        task = hook.submit(request, extra_parameters=self.extra_parameters)
        context["ti"].xcom_push(key=XCOM_TASK_ID, value=task.task_id)
        self.log.info("Submitted %s as task %s; the service bills it from now on", self.model, task.task_id)
        return request, task

    def _conclusion(self, hook: KlingHook, context: Context, *, submitted_at: float | None) -> Conclusion:
        return Conclusion(
            hook=hook,
            context=context,
            model=self.model,
            wanted_type=self.wanted_type,
            output=self.output_uri,
            submitted_at=submitted_at,
        )

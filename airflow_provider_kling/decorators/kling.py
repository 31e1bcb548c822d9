"""``@task.kling_video`` and ``@task.kling_generate``: a function returns the request.

The function is called at each try, before anything is submitted. If it returns something else than before,
that is another request, which is submitted and billed on its own (``docs/never-pay-twice.md``).
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import (
    SET_DURING_EXECUTION,
    DecoratedOperator,
    context_merge,
    determine_kwargs,
    task_decorator_factory,
)

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.generation.failure import failing_fast
from airflow_provider_kling.generation.templates import decided_later
from airflow_provider_kling.models import KlingRequest, find_model
from airflow_provider_kling.operators.kling import KlingGenerateOperator, KlingVideoOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context
    from airflow.sdk.bases.decorator import TaskDecorator

    from airflow_provider_kling.models.model import KlingModel

__all__ = ["generate_task", "video_task"]


class _RequestFromFunction(DecoratedOperator):
    """Takes the request from a function, and what it leaves out from the arguments of the decorator."""

    overwrite_rtif_after_execution: bool = True
    _returned: Mapping[str, Any] | None = None  # before the function is called

    @property
    def output_is_shared(self) -> bool:
        """Whether all map indexes have the same ``output``: only the function's arguments are expanded."""
        return True

    def request_parameters(self) -> Any:
        """Return the arguments of the decorator, overridden by what the function returned."""
        given = super().request_parameters()  # type: ignore[misc]
        if given is None or _is_set_later(given):
            given = {}
        # A template is no dict yet. What is none at run time is rejected with the request.
        if self._returned is None or not isinstance(given, Mapping):
            return given
        decided = {name: value for name, value in given.items() if not _is_set_later(value)}
        return {**decided, **self._returned}

    @classmethod
    def later_fields(cls, model: KlingModel) -> frozenset[str]:
        """Return all fields of a model: the function may return each."""
        return model.fields

    def undecided(self, parameters: Mapping[str, Any]) -> frozenset[str]:
        """Return the fields that come from a template or from the function."""
        model = find_model(self.model)  # type: ignore[attr-defined]
        return decided_later(parameters, fields=self.later_fields(model))

    def execute(self, context: Context) -> Any:
        """Call the function, then do what the operator does."""
        self._call_function(context)
        return super().execute(context)

    def execute_queued(self, context: Context, event: object) -> Any:
        """Call the function again: after a deferral this is a new process."""
        self._call_function(context)
        return super().execute_queued(context, event)  # type: ignore[misc]

    def _call_function(self, context: Context) -> None:
        context_merge(context, self.op_kwargs)
        arguments = determine_kwargs(self.python_callable, self.op_args, context)
        returned = self.python_callable(*self.op_args, **arguments)
        if inspect.iscoroutine(returned):  # of an `async def`
            returned = _run(returned)
        with failing_fast():
            self._returned = _parameters(returned, model=self.model)  # type: ignore[attr-defined]


def _is_set_later(value: object) -> bool:
    return isinstance(value, type(SET_DURING_EXECUTION))


def _run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Return what a coroutine returns; in a thread of its own where this one runs an event loop (Jupyter)."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:  # none
        return asyncio.run(coroutine)
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(copy_context().run, asyncio.run, coroutine).result()


def _parameters(returned: object, *, model: str) -> Mapping[str, Any]:
    """Read what a function returned: a prompt, a request's fields, or a request for the model."""
    if isinstance(returned, str):
        return {"prompt": returned}
    if isinstance(returned, KlingRequest):
        return returned.body_for(find_model(model))
    if isinstance(returned, Mapping):
        return returned
    rule = BrokenRule(
        field="return value", rule="must be a prompt, a dict of fields or a request", value=returned
    )
    raise KlingRequestError(subject="the decorated function", broken=[rule])


class VideoDecoratedOperator(_RequestFromFunction, KlingVideoOperator):
    """The operator behind ``@task.kling_video``."""

    template_fields: Sequence[str] = (*DecoratedOperator.template_fields, *KlingVideoOperator.template_fields)
    template_fields_renderers: ClassVar[dict[str, str]] = {**DecoratedOperator.template_fields_renderers}
    custom_operator_name = "@task.kling_video"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"prompt": SET_DURING_EXECUTION, **kwargs})


class GenerateDecoratedOperator(_RequestFromFunction, KlingGenerateOperator):
    """The operator behind ``@task.kling_generate``."""

    template_fields: Sequence[str] = (
        *DecoratedOperator.template_fields,
        *KlingGenerateOperator.template_fields,
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {
        **DecoratedOperator.template_fields_renderers,
        **KlingGenerateOperator.template_fields_renderers,
    }
    custom_operator_name = "@task.kling_generate"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"parameters": SET_DURING_EXECUTION, **kwargs})


def video_task(
    python_callable: Callable[..., Any] | None = None, *, multiple_outputs: bool = True, **kwargs: Any
) -> TaskDecorator:
    """Generate a clip with Kling Video O1; a function returns the prompt, a dict of fields, or a request.

    The function is called at each try, before anything is submitted. If it returns something else than
    before, that is another request, which is submitted and billed on its own.

    :param python_callable: the decorated function, which may be an ``async def``.
    :param multiple_outputs: push each key of the result as an XCom of its own too.
    :param kwargs: the arguments of :class:`~airflow_provider_kling.operators.kling.KlingVideoOperator`.
        Fields that the function returns override them.
    :returns: what turns the function into a task. The task returns a
        :class:`~airflow_provider_kling.generation.result.GenerationResult`, and raises what the operator
        raises.
    """
    VideoDecoratedOperator.check_given(kwargs)  # expand() makes no operator before the task runs
    return task_decorator_factory(
        python_callable=python_callable,
        multiple_outputs=multiple_outputs,
        decorated_operator_class=VideoDecoratedOperator,
        **kwargs,
    )


def generate_task(
    python_callable: Callable[..., Any] | None = None, *, multiple_outputs: bool = True, **kwargs: Any
) -> TaskDecorator:
    """Generate with any model; a function returns its ``parameters``; see :func:`video_task`.

    :param kwargs: the arguments of :class:`~airflow_provider_kling.operators.kling.KlingGenerateOperator`,
        such as ``model``. Fields that the function returns override those in ``parameters``.
    """
    GenerateDecoratedOperator.check_given(kwargs)  # expand() makes no operator before the task runs
    return task_decorator_factory(
        python_callable=python_callable,
        multiple_outputs=multiple_outputs,
        decorated_operator_class=GenerateDecoratedOperator,
        **kwargs,
    )

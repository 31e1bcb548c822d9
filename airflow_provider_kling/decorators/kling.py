"""``@task.kling_video`` and ``@task.kling_generate``: a function returns the request.

The function is called at each try, before anything is sent. If it returns something else than before, that is
another request, which is submitted anew (``docs/never-pay-twice.md``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk.bases.decorator import DecoratedOperator, task_decorator_factory
from airflow.sdk.definitions._internal.types import SET_DURING_EXECUTION
from airflow.sdk.definitions.context import context_merge

from airflow_provider_kling.compat import determine_kwargs
from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.generation.failure import failing_fast
from airflow_provider_kling.generation.templates import rendered_later
from airflow_provider_kling.models import KlingRequest, find_model
from airflow_provider_kling.operators.kling import KlingGenerateOperator, KlingVideoOperator

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.bases.decorator import TaskDecorator

__all__ = ["generate_task", "video_task"]


class _AsksFunction(DecoratedOperator):
    """Lets a function say what the request is; the decorator's own arguments are what it leaves out."""

    overwrite_rtif_after_execution: bool = True
    _returned: Mapping[str, Any] = {}

    def request_parameters(self) -> dict[str, Any]:
        """Return the decorator's arguments, with what the function returned over them."""
        given: Mapping[str, Any] = super().request_parameters()  # type: ignore[misc]
        return {**given, **self._returned}

    def undecided(self, parameters: Mapping[str, Any]) -> frozenset[str]:
        """Return the fields that a template or the function decides."""
        fields = find_model(self.model).fields  # type: ignore[attr-defined]
        left_out = frozenset(name for name in fields if parameters.get(name) is None)
        return rendered_later(parameters) | left_out

    def execute(self, context: Context) -> Any:
        """Ask the function, then do what the operator does."""
        self._ask(context)
        return super().execute(context)

    def execute_queued(self, context: Context, event: object) -> Any:
        """Ask the function again: after a deferral this is a new process."""
        self._ask(context)
        return super().execute_queued(context, event)  # type: ignore[misc]

    def _ask(self, context: Context) -> None:
        context_merge(context, self.op_kwargs)
        arguments = determine_kwargs(self.python_callable, self.op_args, context)
        with failing_fast():
            self._returned = _parameters(self.python_callable(*self.op_args, **arguments))


def _parameters(returned: object) -> Mapping[str, Any]:
    """Read what a function returned: a prompt, a request's fields, or a request."""
    if isinstance(returned, str):
        return {"prompt": returned}
    if isinstance(returned, KlingRequest):
        return returned.body()
    if isinstance(returned, Mapping):
        return returned
    rule = BrokenRule(field="return value", rule="must be a prompt, a dict or a request", value=returned)
    raise KlingRequestError(subject="the decorated function", broken=[rule])


class VideoDecoratedOperator(_AsksFunction, KlingVideoOperator):
    """The operator behind ``@task.kling_video``."""

    template_fields: Sequence[str] = (*DecoratedOperator.template_fields, *KlingVideoOperator.template_fields)
    template_fields_renderers: ClassVar[dict[str, str]] = {**DecoratedOperator.template_fields_renderers}
    custom_operator_name = "@task.kling_video"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"prompt": SET_DURING_EXECUTION, **kwargs})


class GenerateDecoratedOperator(_AsksFunction, KlingGenerateOperator):
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

    def request_parameters(self) -> dict[str, Any]:
        """Return ``parameters``, where the decorator has some, with what the function returned over them."""
        if not isinstance(self.parameters, Mapping):
            return dict(self._returned)
        return super().request_parameters()


def video_task(
    python_callable: Callable[..., Any] | None = None, *, multiple_outputs: bool = True, **kwargs: Any
) -> TaskDecorator:
    """Make a task of a function that returns a prompt, the fields of Kling Video O1, or a request.

    :param python_callable: the function.
    :param multiple_outputs: push each part of the result as an XCom of its own too.
    :param kwargs: the arguments of ``KlingVideoOperator``; those that the function returns win.
    """
    return task_decorator_factory(
        python_callable=python_callable,
        multiple_outputs=multiple_outputs,
        decorated_operator_class=VideoDecoratedOperator,
        **kwargs,
    )


def generate_task(
    python_callable: Callable[..., Any] | None = None, *, multiple_outputs: bool = True, **kwargs: Any
) -> TaskDecorator:
    """Make a task of a function that returns the ``parameters`` of ``model``; see :func:`video_task`.

    :param kwargs: the arguments of ``KlingGenerateOperator``, ``model`` among them.
    """
    return task_decorator_factory(
        python_callable=python_callable,
        multiple_outputs=multiple_outputs,
        decorated_operator_class=GenerateDecoratedOperator,
        **kwargs,
    )

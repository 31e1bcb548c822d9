"""The operators that DAG authors import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.generation.completion import Completion
from airflow_provider_kling.generation.failure import failing_fast
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.media.download import DEFAULT_MAX_BYTES
from airflow_provider_kling.models import KlingRequest, VideoO1Request
from airflow_provider_kling.operators.base import GenerationOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

_DEFAULT_MODEL = "kling-video-o1"

__all__ = ["KlingDownloadOperator", "KlingGenerateOperator", "KlingVideoOperator"]


class KlingVideoOperator(GenerationOperator):
    """Make a clip with Kling Video O1: from text, from reference images, or by editing a video.

    The fields and their rules are those of
    :class:`~airflow_provider_kling.models.VideoO1Request`; all are templated. A rule that a literal
    argument breaks fails the import of the DAG; one that a template breaks fails the task before
    anything is sent. An argument left out is left out of the request.

    :param prompt: what the clip should show, 1 to 2500 characters.
    :param images: reference images, each a public URL or Base64.
    :param videos: one video to edit or follow, as a public URL or Base64. Forbids ``duration`` and sound.
    :param multi_shot: let the model cut between shots; needs ``shot_type="intelligence"``.
    :param shot_type: ``intelligence``, with ``multi_shot`` only.
    :param sound: ``on`` or ``off``.
    :param mode: ``std`` (720p) or ``pro`` (1080p, which costs a third more).
    :param aspect_ratio: ``16:9``, ``9:16`` or ``1:1``.
    :param duration: 5 or 10 seconds; the price grows with it.
    """

    template_fields: Sequence[str] = (*VideoO1Request.model_fields, *GenerationOperator.template_fields)

    def __init__(
        self,
        *,
        prompt: str,
        images: Sequence[str] | None = None,
        videos: Sequence[str] | None = None,
        multi_shot: bool | None = None,
        shot_type: str | None = None,
        sound: str | None = None,
        mode: str | None = None,
        aspect_ratio: str | None = None,
        duration: int | None = None,
        model: str = _DEFAULT_MODEL,
        **kwargs: Any,
    ) -> None:
        super().__init__(model=model, **kwargs)
        self.prompt = prompt
        self.images = images
        self.videos = videos
        self.multi_shot = multi_shot
        self.shot_type = shot_type
        self.sound = sound
        self.mode = mode
        self.aspect_ratio = aspect_ratio
        self.duration = duration
        self.check_literals()

    def request_parameters(self) -> dict[str, Any]:
        """Return the arguments that are fields of the request."""
        return {name: getattr(self, name) for name in VideoO1Request.model_fields}


class KlingGenerateOperator(GenerationOperator):
    """Make a video or pictures with any model of the service.

    The fields and rules of Kling's models are those of their request classes (``docs/models.md``); a rule
    that a literal breaks fails the import of the DAG, one that a template breaks fails the task before
    anything is sent. What is only inferred warns instead. Other models, as ``provider/model``, are sent
    unchecked. Of several results, each is in ``resources``.

    :param parameters: the model's fields, as a dict (templated) or as a request from
        :mod:`airflow_provider_kling.models`.
    """

    template_fields: Sequence[str] = ("parameters", *GenerationOperator.template_fields)
    template_fields_renderers: ClassVar[dict[str, str]] = {"parameters": "json"}

    def __init__(self, *, model: str, parameters: Mapping[str, Any] | KlingRequest, **kwargs: Any) -> None:
        super().__init__(model=model, **kwargs)
        # A dict is templated and survives the DAG's serialization; a request object would not.
        self.parameters = parameters.body() if isinstance(parameters, KlingRequest) else parameters
        self.check_literals()

    def request_parameters(self) -> Mapping[str, Any]:
        """Return ``parameters``."""
        return self.parameters


class KlingDownloadOperator(BaseOperator):
    """Copy the result of a task to storage. Costs nothing at the service.

    :param source: a task id, or the dict that a generating operator returned (templated).
    :param output: a file or folder URI on any storage Airflow knows (templated).
    :param max_bytes: a result that is larger is not stored, and the task fails.
    :param conn_id: the connection whose key submitted the task (templated).
    """

    template_fields: Sequence[str] = ("source", "output_uri", "conn_id")

    def __init__(
        self,
        *,
        source: str | Mapping[str, Any],
        output: str,
        max_bytes: int = DEFAULT_MAX_BYTES,
        conn_id: str = KlingHook.default_conn_name,
        multiple_outputs: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(multiple_outputs=multiple_outputs, **kwargs)
        self.source = source
        self.output_uri = output
        self.max_bytes = max_bytes
        self.conn_id = conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Read the task for links that work, copy its result, and return the result dict."""
        with failing_fast(), KlingHook(conn_id=self.conn_id) as hook:
            task = hook.get_task(self._task_id())
            conclusion = Completion(
                hook=hook,
                context=context,
                model=self._known("model"),
                wanted_type=self._known("type"),
                output=self.output_uri,
                max_bytes=self.max_bytes,
            )
            return conclusion.of_task(task)

    def _task_id(self) -> str:
        task_id = self._known("task_id") if isinstance(self.source, Mapping) else self.source
        if not isinstance(task_id, str) or not task_id:
            rule = BrokenRule(
                field="source", rule="must be a task id or a generation's result", value=self.source
            )
            raise KlingRequestError(subject=type(self).__name__, broken=[rule])
        return task_id

    def _known(self, key: str) -> Any:
        return self.source.get(key) if isinstance(self.source, Mapping) else None

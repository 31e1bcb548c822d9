"""The operators that DAG authors import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_kling.arguments import Arguments, Count, Location, plain, read_object
from airflow_provider_kling.configuration import configured
from airflow_provider_kling.defaults import CONN_ID
from airflow_provider_kling.exceptions import BrokenRule, KlingProtocolError, KlingRequestError
from airflow_provider_kling.generation.failure import failing_fast
from airflow_provider_kling.generation.templates import is_rendered_later, known_now
from airflow_provider_kling.http.ids import is_id
from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.models import find_model
from airflow_provider_kling.operators.base import GenerationOperator
from airflow_provider_kling.operators.mapped_output import MappedOutput

if TYPE_CHECKING:
    from os import PathLike

    from airflow.providers.common.compat.sdk import Context, ObjectStoragePath

    from airflow_provider_kling.generation.result import GenerationResult
    from airflow_provider_kling.models import KlingRequest
    from airflow_provider_kling.models.model import KlingModel

_DEFAULT_MODEL = "kling-video-o1"
# The fields of VideoO1Request. A test compares them, so that no DAG imports the class only for their names.
_VIDEO_FIELDS = (
    "prompt",
    "multi_shot",
    "shot_type",
    "images",
    "videos",
    "sound",
    "mode",
    "aspect_ratio",
    "duration",
)

__all__ = ["KlingDownloadOperator", "KlingGenerateOperator", "KlingVideoOperator"]


class KlingVideoOperator(GenerationOperator):
    """Generate a clip with Kling Video O1: from text, from reference images, or from a video.

    The fields and their rules are those of ``VideoO1Request`` (``docs/models.md``). A literal argument that
    breaks a rule fails the import of the DAG. A template that breaks one fails the task before anything is
    submitted. An argument that is left out is left out of the request.

    :param prompt: what the clip shows, 1 to 2500 characters (templated).
    :param images: reference images; each is a public URL, Base64, or the URI of a stored file (templated).
    :param videos: one video to edit or to continue: a public URL, Base64, or the URI of a stored file. It
        excludes ``duration`` and ``sound="on"`` (templated).
    :param multi_shot: let the model cut between shots; needs ``shot_type="intelligence"`` (templated).
    :param shot_type: ``intelligence``, only with ``multi_shot`` (templated).
    :param sound: ``on`` or ``off`` (templated).
    :param mode: ``std`` (720p) or ``pro`` (1080p, which costs more) (templated).
    :param aspect_ratio: ``16:9``, ``9:16`` or ``1:1`` (templated).
    :param duration: 5 or 10, in seconds; the price grows with it (templated).
    """

    template_fields: Sequence[str] = (*_VIDEO_FIELDS, *GenerationOperator.template_fields)

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
        self.images = plain(images)
        self.videos = plain(videos)
        self.multi_shot = multi_shot
        self.shot_type = shot_type
        self.sound = sound
        self.mode = mode
        self.aspect_ratio = aspect_ratio
        self.duration = duration
        self.check_literals()

    @classmethod
    def later_fields(cls, model: KlingModel) -> frozenset[str]:
        """Return the fields of a model that this operator has."""
        return model.fields.intersection(_VIDEO_FIELDS)

    @classmethod
    def given_fields(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of the request that are among some of the arguments."""
        return {name: given[name] for name in _VIDEO_FIELDS if name in given}

    def request_parameters(self) -> dict[str, Any]:
        """Return the arguments that are fields of the request."""
        return {name: getattr(self, name) for name in _VIDEO_FIELDS}


class KlingGenerateOperator(GenerationOperator):
    """Generate a video or images with any model of the service.

    The fields and rules of Kling's models are those of their request classes (``docs/models.md``). A literal
    value that breaks a rule fails the import of the DAG. A template that breaks one fails the task before
    anything is submitted. A rule that is only inferred warns instead. The parameters of other models, named
    ``provider/model``, are sent unchecked. A generation with several results has each in ``resources``.

    :param parameters: the fields of the model: a dict, a request for this model from
        :mod:`airflow_provider_kling.models`, or a template that ends in the filter ``tojson`` (templated).
    """

    template_fields: Sequence[str] = ("parameters", *GenerationOperator.template_fields)
    template_fields_renderers: ClassVar[dict[str, str]] = {"parameters": "json"}

    def __init__(
        self, *, model: str, parameters: Mapping[str, Any] | KlingRequest | str, **kwargs: Any
    ) -> None:
        from airflow_provider_kling.models import KlingRequest

        super().__init__(model=model, **kwargs)
        # A dict is templated and survives the DAG's serialization; a request object would not.
        self._request = parameters if isinstance(parameters, KlingRequest) else None
        self.parameters = parameters.body() if isinstance(parameters, KlingRequest) else plain(parameters)
        self.check_literals()

    @classmethod
    def given_fields(cls, given: Mapping[str, Any]) -> Any:
        """Return the fields of the request that are among some of the arguments."""
        return read_object(given.get("parameters"))

    def request_parameters(self) -> Any:
        """Return ``parameters``. A text that is JSON of a dict is that dict.

        :raises KlingRequestError: a request for another model was given.
        """
        if self._request is not None and not is_rendered_later(self.model):
            self._request.body_for(find_model(self.model))
        return read_object(self.parameters)


class _DownloadArguments(Arguments):
    output: Location = ""
    max_bytes: Count | None = None
    conn_id: str = ""


class _Source(Arguments):
    """What a download uses of a generation's result."""

    task_id: str
    model: str | None = None
    type: MediaType | None = None


class KlingDownloadOperator(MappedOutput):
    """Copy the result of a task to storage. Costs nothing at the service.

    :param source: the id of the task, or the dict that a generation returned (templated).
    :param output: the URI of a file or a folder, or a path object, as for the generating operators
        (templated).
    :param max_bytes: a larger result is not stored, and the task fails; None as for the generating operators.
    :param conn_id: the connection whose credentials submitted the task (templated).
    :param multiple_outputs: push each key of the result as an XCom of its own too, for
        ``task.output["uri"]``.
    :param kwargs: the arguments of every operator, such as ``task_id``, ``retries`` and ``pool``.
    :returns: a :class:`~airflow_provider_kling.generation.result.GenerationResult`.
    :raises KlingRequestError: ``source`` is no task; a literal one fails the import of the DAG.
    :raises KlingProtocolError: the task has not ended. A retry reads it again.
    :raises KlingTaskFailedError: the service ended the task as failed.
    :raises KlingNotFoundError: these credentials do not know the task, or it has expired.
    :raises KlingMediaError: the result cannot be downloaded or stored.
    """

    template_fields: Sequence[str] = ("source", "output_uri", "conn_id")
    _ARGUMENTS: ClassVar[tuple[type[Arguments], ...]] = (_DownloadArguments,)

    def __init__(
        self,
        *,
        source: str | Mapping[str, Any],
        output: str | PathLike[str] | ObjectStoragePath,
        max_bytes: int | None = None,
        conn_id: str = CONN_ID,
        multiple_outputs: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(multiple_outputs=multiple_outputs, **kwargs)
        self.source = source
        self.output_uri: str = plain(output)
        self.conn_id = conn_id
        with failing_fast():
            self.max_bytes = configured().max_download_bytes if max_bytes is None else max_bytes
            self.max_bytes = self._read_arguments(rendered=False).max_bytes or self.max_bytes
            if not is_rendered_later(source):
                self._read_source(source)

    @classmethod
    def check_given(cls, given: Mapping[str, Any]) -> None:
        """Check some of the arguments, while there is no operator with the rest."""
        super().check_given(given)
        if "source" in given and not is_rendered_later(given["source"]):
            with failing_fast():
                cls._read_source(given["source"])

    def execute(self, context: Context) -> GenerationResult:
        """Read the task, copy its result, and return it."""
        # Only now: parsing a DAG does without what a run needs.
        from airflow_provider_kling.generation.completion import Completion
        from airflow_provider_kling.generation.report import Report
        from airflow_provider_kling.hooks.kling import KlingHook

        hook = KlingHook(conn_id=self.conn_id)
        report = self._report = Report(context=context, hook=hook)
        with failing_fast(), report.failures(), hook:
            arguments = self._read_arguments()
            source = self._read_source(self.source)
            report.know({"task_id": source.task_id, "model": source.model})
            task = hook.get_task(source.task_id)
            completion = Completion(
                hook=hook,
                context=context,
                report=report,
                model=source.model,
                media_type=source.type,
                output=arguments.output,
                max_bytes=self.max_bytes,
            )
            if not task.status.terminal:
                raise KlingProtocolError(
                    f"Task {task.task_id} has no result yet: the service says that it is "
                    f"{task.raw_status!r}. A retry of this Airflow task reads it again and costs nothing."
                )
            return completion.complete_from_task(task)

    def _read_arguments(self, *, rendered: bool = True) -> _DownloadArguments:
        templated = {"output": self.output_uri, "conn_id": self.conn_id}
        given = {**(templated if rendered else known_now(templated)), "max_bytes": self.max_bytes}
        return _DownloadArguments.read(given, subject=type(self).__name__)

    @classmethod
    def _read_source(cls, written: object) -> _Source:
        source = read_object(written)
        given = source if isinstance(source, Mapping) else {"task_id": source}
        if not is_id(given.get("task_id")):
            rule = BrokenRule(
                field="source", rule="must be a task id or a generation's result", value=written
            )
            raise KlingRequestError(subject=cls.__name__, broken=[rule])
        known = {name: given.get(name) for name in _Source.model_fields}
        return _Source.read(known, subject=cls.__name__, prefix="source.")

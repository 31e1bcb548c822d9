"""What every generating operator does: check, submit once, wait in the triggerer, return the result."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from airflow.providers.common.compat.sdk import AirflowTaskTimeout
from pydantic import BeforeValidator

from airflow_provider_kling.arguments import (
    NOT_GIVEN,
    Amount,
    Arguments,
    Count,
    Location,
    NotGiven,
    Seconds,
    Upload,
    plain,
    read_object,
)
from airflow_provider_kling.compat import default_deferrable, is_expanded
from airflow_provider_kling.configuration import configured
from airflow_provider_kling.defaults import CONN_ID
from airflow_provider_kling.generation.failure import failing_fast
from airflow_provider_kling.generation.output_rules import check_extension
from airflow_provider_kling.generation.templates import (
    decided_later,
    is_rendered_later,
    known_now,
    rendered_later,
    without_rendered_none,
)
from airflow_provider_kling.journal.rules import OnRerun, OnUnknownSubmission
from airflow_provider_kling.models import find_model
from airflow_provider_kling.operators.mapped_output import MappedOutput

if TYPE_CHECKING:
    from os import PathLike

    from airflow.providers.common.compat.sdk import Context, ObjectStoragePath

    from airflow_provider_kling.generation.result import GenerationResult
    from airflow_provider_kling.generation.run import GenerationRun
    from airflow_provider_kling.hooks.kling import KlingHook
    from airflow_provider_kling.models.model import KlingModel

log = logging.getLogger(__name__)


class _Literals(Arguments):
    """The arguments that are not templated, so that they are known while the DAG is parsed."""

    deferrable: bool | None
    timeout: Seconds | None
    max_bytes: Count | None
    queue_timeout: Seconds
    min_balance: Amount | None
    on_unknown_submission: OnUnknownSubmission
    on_rerun: OnRerun
    upload: Upload
    keep_uploads: bool


class _Templated(Arguments):
    """The templated arguments that every generating operator has."""

    model: str = ""
    conn_id: str = ""
    output: Location | None = None
    extra_parameters: Annotated[dict[str, Any] | None, BeforeValidator(read_object)] = None


def _check_fields(model: KlingModel, fields: Mapping[str, Any], *, unknown: frozenset[str]) -> None:
    """Check the fields of a request, of which some are not known yet."""
    if (request := model.check_known(fields, unknown=unknown)) is not None:
        from airflow_provider_kling.media.media_value import check_media

        check_media(request)


class GenerationOperator(MappedOutput):
    """The base of the generating operators. Subclasses say which request to send.

    :param model: the name of the model, such as ``kling-video-o1``, or ``provider/model`` for any other model
        of the service (templated). ``docs/models.md`` has the list.
    :param conn_id: an Airflow connection of type ``kling`` (templated).
    :param deferrable: wait in the triggerer, which holds no worker slot. False waits on the worker. The
        default is True, unless Airflow's ``[operators] default_deferrable`` is set. The generation and its
        price are the same.
    :param timeout: seconds (or a ``timedelta``) from the submission after which the task fails. It ends the
        waiting only: the generation continues at the service and may be billed. None takes Airflow's
        ``[kling] default_timeout``, 3600 unless it is set.
    :param output: where to copy the result: a URI on any storage that Airflow supports, or a path object
        (templated). One that ends in the extension of a media file names the file; any other names a folder.
        None returns only links, which expire. Left out, it is Airflow's ``[kling] default_output``, None
        unless it is set. Beside each file, a ``.json`` file has the request and what it
        cost. Only a file that this task has written is replaced: another one fails the task before anything
        is submitted; one that appears later is kept, and the result gets a free name.
    :param max_bytes: a larger result is not stored, and the task fails. Several results count together. They
        were billed, and stay at the service until they expire. None takes Airflow's
        ``[kling] max_download_bytes``, 2 GiB unless it is set.
    :param extra_parameters: fields to send as they are, unchecked, for those newer than this release
        (templated).
    :param queue_timeout: longest wait (seconds or a ``timedelta``) for capacity when the service rejects a
        submission because of its limits. Nothing is billed during the wait, and a deferrable task holds no
        worker. After it, the task fails and can be retried.
    :param min_balance: with less than this in the account (in USD for most services), the task fails before
        anything is submitted.
    :param on_unknown_submission: what to do when the outcome of a submission is unknown. ``fail`` needs a
        manual decision. ``resubmit`` submits again at the next try, and may pay twice. Where the service can
        look a submission up by its key, the provider does that first, and neither is needed.
    :param on_rerun: what to do when this task is cleared after a success and its request is unchanged.
        ``reuse`` returns the recorded result and costs nothing. ``regenerate`` pays for a new one.
    :param upload: how media given as storage URIs (``s3://``, ``file://`` and so on) reach the service.
        ``auto`` sends images and audio of up to 5 MiB as Base64 and uploads the rest. ``always`` uploads all.
        ``never`` sends all as Base64. Uploading is free; the service limits the size and number of files.
    :param keep_uploads: leave uploaded files at the service, which deletes them later by itself. Otherwise
        they are deleted when the task has ended.
    :param multiple_outputs: push each key of the result as an XCom of its own too, for
        ``task.output["url"]``.
    :param kwargs: the arguments of every operator, such as ``task_id``, ``retries`` and ``pool``.
    :returns: a :class:`~airflow_provider_kling.generation.result.GenerationResult`.
    :raises KlingRequestError: an argument is invalid; a literal one fails the import of the DAG. Nothing was
        submitted.
    :raises KlingSubmissionUnknownError: the outcome of the submission is unknown, and it may be billed.
    :raises KlingTaskFailedError: the service ended the task as failed.
    :raises KlingTimeoutError: the ``timeout`` is over. The task continues at the service.
    :raises KlingMediaError: an input cannot be read, or the result cannot be stored.
    :raises KlingError: anything else that went wrong; ``docs/operators.md`` has all errors.
    """

    template_fields: Sequence[str] = ("model", "conn_id", "output_uri", "extra_parameters")
    _ARGUMENTS: ClassVar[tuple[type[Arguments], ...]] = (_Literals, _Templated)

    def __init__(
        self,
        *,
        model: str,
        conn_id: str = CONN_ID,
        deferrable: bool | None = None,
        timeout: float | timedelta | None = None,
        output: str | PathLike[str] | ObjectStoragePath | NotGiven | None = NOT_GIVEN,
        max_bytes: int | None = None,
        extra_parameters: Mapping[str, Any] | None = None,
        queue_timeout: float | timedelta = 86400.0,
        min_balance: float | str | Decimal | None = None,
        on_unknown_submission: str = OnUnknownSubmission.FAIL.value,
        on_rerun: str = OnRerun.REUSE.value,
        upload: str = Upload.AUTO.value,
        keep_uploads: bool = False,
        multiple_outputs: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(multiple_outputs=multiple_outputs, **kwargs)
        literals = {
            "deferrable": deferrable,
            "timeout": timeout,
            "max_bytes": max_bytes,
            "queue_timeout": queue_timeout,
            "min_balance": min_balance,
            "on_unknown_submission": on_unknown_submission,
            "on_rerun": on_rerun,
            "upload": upload,
            "keep_uploads": keep_uploads,
        }
        with failing_fast():
            checked = _Literals.read(literals, subject=type(self).__name__)
            defaults = configured()
        self.model = model
        self.conn_id = conn_id
        self.deferrable = default_deferrable() if checked.deferrable is None else checked.deferrable
        self.timeout = defaults.default_timeout if checked.timeout is None else checked.timeout
        # `output` itself is what other tasks take this one's result from.
        self.output_uri: str | None = defaults.default_output if output is NOT_GIVEN else plain(output)
        self.output_template = self.output_uri
        self.max_bytes = defaults.max_download_bytes if checked.max_bytes is None else checked.max_bytes
        self.extra_parameters = plain(extra_parameters)
        self.queue_timeout = checked.queue_timeout
        self.min_balance = checked.min_balance
        self.on_unknown_submission = checked.on_unknown_submission
        self.on_rerun = checked.on_rerun
        self.upload = checked.upload
        self.keep_uploads = checked.keep_uploads
        self._run: GenerationRun | None = None
        self._written: Any = None
        self._extra_written = self.extra_parameters
        with failing_fast():
            self._read_templated(rendered=False)

    @classmethod
    def check_given(cls, given: Mapping[str, Any]) -> None:
        """Check some of the arguments, while there is no operator with the rest.

        :raises KlingRequestError: one or more are invalid, whatever the others will be; the message names
            each.
        """
        super().check_given(given)
        if "model" not in given or is_rendered_later(given["model"]):
            return  # a default may come from the DAG, and the model from expand()
        with failing_fast():
            found = find_model(given["model"])
            fields = plain(cls.given_fields(given))
            if isinstance(fields, Mapping):
                later = decided_later(fields, fields=cls.later_fields(found))
                _check_fields(found, fields, unknown=later)

    @classmethod
    def later_fields(cls, model: KlingModel) -> frozenset[str]:
        """Return the fields of a model that may be given later, as by ``expand()``."""
        return model.fields

    @classmethod
    def given_fields(cls, given: Mapping[str, Any]) -> Any:
        """Return the fields of the request that are among some of the arguments."""
        raise NotImplementedError

    @property
    def output_is_shared(self) -> bool:
        """Whether ``output_template`` is that of all map indexes, if the task has any.

        Where ``expand()`` made the operator, it may be one of its arguments.
        """
        return not is_expanded(self)

    def request_parameters(self) -> Any:
        """Return the fields of the request, where the templates make a dict. None counts as not given."""
        raise NotImplementedError

    def _read_templated(self, *, rendered: bool = True) -> _Templated:
        given = {
            "model": self.model,
            "conn_id": self.conn_id,
            "output": self.output_uri,
            "extra_parameters": without_rendered_none(
                read_object(self._extra_written),
                read_object(plain(self.extra_parameters)),
                field="extra_parameters",
            ),
        }
        return _Templated.read(given if rendered else known_now(given), subject=type(self).__name__)

    def check_literals(self) -> None:
        """Check what is known while the DAG is parsed. Templates are checked when they are rendered.

        :raises KlingRequestError: a rule is broken, so the task would fail. Nothing is submitted.
        """
        with failing_fast():
            parameters = self._written = self.rendered_parameters()
            if is_rendered_later(self.model):
                return
            model = find_model(self.model)
            if self.output_uri is not None and not is_rendered_later(self.output_uri):
                check_extension(str(self.output_uri), makes=model.output, subject=str(model.name))
            if not isinstance(parameters, Mapping):
                model.warn()
                if not is_rendered_later(parameters):
                    model.choose_version(parameters)  # which tells that it must be a dict
            else:
                _check_fields(model, parameters, unknown=self.undecided(parameters))

    def rendered_parameters(self) -> Any:
        """Return the fields of the request as plain values. A template without a value is None."""
        return without_rendered_none(self._written, plain(self.request_parameters()))

    def templated(self) -> frozenset[str]:
        """Return the names of the fields that were written as templates."""
        return rendered_later(self._written) if isinstance(self._written, Mapping) else frozenset()

    def undecided(self, parameters: Mapping[str, Any]) -> frozenset[str]:
        """Return the fields that have no value before the task runs."""
        return rendered_later(parameters)

    def execute(self, context: Context) -> GenerationResult:
        """Submit once, wait, and return the result.

        What was submitted before a crash, a retry or a clear is found by its record and not submitted again.
        """
        with failing_fast(), self._hook(context) as hook:
            return self._begin(hook, context).advance()

    def execute_queued(self, context: Context, event: object) -> GenerationResult:
        """Submit after a wait for capacity."""
        with failing_fast(), self._hook(context) as hook:
            return self._begin(hook, context).advance_queued(event)

    def execute_complete(self, context: Context, event: object) -> GenerationResult:
        """Continue after the trigger's event. Needs only the event and the record."""
        with failing_fast(), self._hook(context) as hook:
            return self._begin(hook, context).complete(event)

    def on_kill(self) -> None:
        """End this try, and log what happens to the task at the service, which has no way to cancel it.

        A submission comes to its end first, and is recorded.

        :raises SystemExit: it ends here.
        """
        if self._run is None:
            return
        if self._run.task_id:
            from airflow_provider_kling.hooks.waiter import still_running_message

            log.warning(still_running_message(self._run.task_id))
        # Airflow calls this for a timeout, too, and goes on.
        if not isinstance(sys.exception(), AirflowTaskTimeout):
            self._run.termination.request()

    def _hook(self, context: Context) -> KlingHook:
        from airflow_provider_kling.hooks.kling import KlingHook

        ti = context["ti"]
        tags = {"model": str(find_model(self.model).name), "dag_id": ti.dag_id, "task_id": ti.task_id}
        return KlingHook(conn_id=self.conn_id, tags=tags)

    def _begin(self, hook: KlingHook, context: Context) -> GenerationRun:
        # Only now: parsing a DAG does without what a run needs.
        from airflow_provider_kling.generation.run import GenerationRun

        rendered = self._read_templated()
        self.output_uri, self.extra_parameters = rendered.output, rendered.extra_parameters
        self._run = GenerationRun(task=self, hook=hook, context=context)
        self._report = self._run.report
        return self._run

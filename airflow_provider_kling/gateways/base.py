"""The seam between what is asked and how a service wants it written."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol

from airflow_provider_kling.http.file import FileLimits, UploadedFile
from airflow_provider_kling.http.message import Call
from airflow_provider_kling.http.model_info import ModelInfo, PublishedSchema
from airflow_provider_kling.http.task import LoggedRequest, Task
from airflow_provider_kling.models import KlingRequest, MediaLimits, Medium, ModelName


class Gateway(Protocol):
    """One dialect. Its methods do no I/O: each returns the call for a client to carry out."""

    @property
    def dialect(self) -> str:
        """The service's name and the contract spoken with it, for people."""

    def submission(
        self, request: KlingRequest, *, extra_parameters: Mapping[str, Any] | None = None
    ) -> Call[Task]:
        """Start a generation. This is the only call that costs money.

        :param extra_parameters: fields to send as they are, for those newer than this release.
        :raises KlingRequestError: the request cannot be said in this dialect.
        """

    def task(self, task_id: str) -> Call[Task]:
        """Look at a task."""

    def balance(self) -> Call[Decimal]:
        """Read what the team has left, in USD."""

    def key_validation(self) -> Call[bool]:
        """Ask whether the key is valid. Free."""

    def models(self) -> Call[list[ModelInfo]]:
        """List the models on offer."""

    def schema(self, model: ModelName) -> Call[PublishedSchema]:
        """Read what is published of a model's request. For a client without a key, at :meth:`public_url`."""

    def public_url(self, base_url: str) -> str:
        """Return where the service publishes what needs no key.

        :param base_url: the connection's.
        """

    @property
    def file_limits(self) -> FileLimits:
        """What may be uploaded."""

    def upload(self, content: bytes, *, filename: str, content_type: str) -> Call[UploadedFile]:
        """Leave a file at the service, for use as an input. Free.

        :raises KlingMediaError: it is larger than the service takes.
        """

    def files(self) -> Call[list[UploadedFile]]:
        """List the team's files that are kept."""

    def file_deletion(self, file_id: str) -> Call[None]:
        """Delete a file."""

    def media_limits(self, request: KlingRequest) -> Mapping[Medium, MediaLimits]:
        """Return what is documented of the media of a request, as this dialect writes it."""

    def request_log(self, *, entries: int) -> Call[list[LoggedRequest]]:
        """Read the newest submissions of the key."""

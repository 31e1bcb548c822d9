"""The seam between the provider and a service: a core that every gateway has, and optional capabilities.

Nothing here does I/O: each method returns a :class:`~airflow_provider_kling.http.message.Call` for a client
to carry out.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Protocol

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.gateways.callbacks import Callbacks
from airflow_provider_kling.gateways.encoded import EncodedRequest
from airflow_provider_kling.gateways.video_sessions import VideoSessions
from airflow_provider_kling.http.credentials import Credentials
from airflow_provider_kling.http.message import Call
from airflow_provider_kling.http.task import Task
from airflow_provider_kling.models import KlingRequest, ModelName


class Recovery(Protocol):
    """Finding a submission by the caller's key. With it, an unknown outcome needs no manual decision."""

    def find(self, key: str, *, exists: bool = False) -> Call[Task | None]:
        """Look a submission up. None means that it is certainly absent; less than certain is an error.

        :param exists: the service has said that it has the submission. Not to find it is then a
            :class:`~airflow_provider_kling.exceptions.KlingNotFoundError` that passes.
        """


class TaskBatch(Protocol):
    """Reading several tasks in one request."""

    limit: int
    """The highest number of ids in one read."""

    def tasks(self, task_ids: Sequence[str]) -> Call[Mapping[str, Task]]:
        """Read tasks. One that is not in the response may still exist: read it by itself to be sure."""


@dataclass(frozen=True, kw_only=True)
class FileLimits:
    """Which files a service stores.

    :param max_bytes: largest size of one file.
    :param max_files: most files of an account at a time.
    :param days: how long a file is kept, about.
    """

    max_bytes: int
    max_files: int
    days: int


@dataclass(frozen=True, kw_only=True)
class UploadedFile:
    """A file that a service stores for a while. Only its id and its link are certain to be known.

    :param file_id: names the file in calls about it.
    :param url: goes into a request in place of the file.
    :param type: such as ``image``.
    :param filename: as the service lists it.
    :param size: bytes.
    :param created_at: when it was uploaded, by the service's clock.
    """

    file_id: str
    url: str = field(repr=False)  # it may be signed
    type: str | None = None
    filename: str | None = None
    size: int | None = None
    created_at: datetime | None = None


class Files(Protocol):
    """A store for input files. Free."""

    limits: FileLimits

    def upload(self, content: bytes, *, filename: str, content_type: str) -> Call[UploadedFile]:
        """Store a file, for use as an input.

        :raises KlingMediaError: it is larger than the service allows. Nothing is sent.
        """

    def list(self) -> Call[list[UploadedFile]]:
        """List the account's files."""

    def delete(self, file_id: str) -> Call[None]:
        """Delete a file."""


class Account(Protocol):
    """What can be read about the account for free."""

    unit: str
    """The unit of the balance, such as ``USD``."""

    def balance(self, *, now: float) -> Call[Decimal]:
        """Read the balance.

        :param now: Unix seconds, for services that ask for a period.
        """

    def key_validation(self, *, now: float) -> Call[bool]:
        """Ask whether the service accepts the credentials; for ``now``, see :meth:`balance`."""


@dataclass(frozen=True, kw_only=True)
class LoggedRequest:
    """A submission in the service's request log.

    :param task_id: the task that the submission started.
    :param status: in the service's own word.
    :param model: the model's name, without its provider.
    :param created_at: None where the log does not say, or in a form that this release cannot parse.
    """

    task_id: str
    status: str | None = None
    model: str | None = None
    created_at: datetime | None = None


class RequestLog(Protocol):
    """The service's own log of submissions."""

    def newest(self, *, entries: int, until: datetime) -> Call[list[LoggedRequest]]:
        """Read the newest submissions of these credentials, ``until`` now."""


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """A model as the service lists it.

    :param slug: ``provider/model``.
    :param type: what the model makes, in the service's own word.
    :param description: for people.
    :param docs_url: the page about the model.
    :param price: as published, such as ``{"fixed": 0.1, "unit": "$/sec"}``.
    """

    slug: str
    type: str | None = None
    description: str | None = None
    docs_url: str | None = None
    price: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class PublishedSchema:
    """What the service publishes about a model's request.

    :param submit_url: where requests are sent; None where the service does not say.
    :param body: a JSON Schema.
    """

    submit_url: str | None
    body: Mapping[str, Any]


class Catalogue(Protocol):
    """What the service publishes about its models."""

    def models(self) -> Call[list[ModelInfo]]:
        """List the models on offer."""

    def schema(self, model: ModelName) -> Call[PublishedSchema]:
        """Read the published schema of a model's request, without credentials, at :meth:`public_url`."""

    def public_url(self, base_url: str) -> str:
        """Return where the service of a connection's URL publishes what needs no credentials."""


class Gateway(ABC):
    """One service, in one version of its API.

    :param api_version: one of :attr:`api_versions`.
    :param webhook_url: where the service also reports the end of each task; None for nowhere.
    :param login: of the connection: it may tell what the credentials can do.
    """

    name: ClassVar[str]
    """As a connection names it; without spaces."""
    default_base_url: ClassVar[str]
    regions: ClassVar[Mapping[str, str]] = {}
    """The base URL by the name of a region, for a service that has several."""
    documented_root: ClassVar[str] = ""
    """The path after the host in the service's documents, which people paste into a connection's host."""
    api_versions: ClassVar[tuple[str, ...]]
    """What a connection may choose from; the first is the default."""
    retention: ClassVar[timedelta]
    """The longest time for which the service may keep a task. Only an older one is normally not found; a
    younger one that is not found is no reason to pay again, because a changed key looks the same."""

    assumed_requests_per_minute: ClassVar[int] = 100
    """How many it allows a key, until it says so itself."""

    recovery: Recovery | None = None
    task_batch: TaskBatch | None = None
    files: Files | None = None
    account: Account | None = None
    request_log: RequestLog | None = None
    catalogue: Catalogue | None = None
    video_sessions: VideoSessions | None = None
    callbacks: Callbacks | None = None

    def __init__(self, *, api_version: str, webhook_url: str | None = None, login: str | None = None) -> None:
        del login
        self.api_version = api_version
        self.webhook_url = webhook_url

    @property
    def label(self) -> str:
        """The service and the version of its API, for people and for the record."""
        return f"{self.name} {self.api_version}"

    @classmethod
    def choose_version(cls, wanted: str | None, *, login: str | None) -> str:
        """Return the API version of a connection.

        :param wanted: by the connection; None for the gateway's choice.
        :param login: of the connection.
        :raises KlingRequestError: there is no such version, or it does not go with the login.
        """
        del login
        if wanted is not None and wanted not in cls.api_versions:
            names = " or ".join(map(repr, cls.api_versions))
            rule = BrokenRule(field="api_version", rule=f"must be {names}", value=wanted)
            raise KlingRequestError(subject="the Kling connection", broken=[rule])
        return wanted or cls.api_versions[0]

    def recovery_of(self, model: str, *, gateway: str) -> Recovery | None:
        """Return how a submission is found by its key; None where it cannot be.

        :param model: as the record of the submission names it.
        :param gateway: the :attr:`label` in the record: of this service, and perhaps of another version.
        """
        del model, gateway
        return self.recovery

    def readable_id(self, task_id: str, *, model: str, gateway: str) -> str:
        """Return the id by which a recorded task is read; for the arguments, see :meth:`recovery_of`.

        :raises KlingRequestError: these credentials cannot read it.
        """
        del model, gateway
        return task_id

    @classmethod
    @abstractmethod
    def credentials(cls, *, login: str | None, password: str | None) -> Credentials:
        """Return what signs the requests of a connection.

        :raises KlingRequestError: a part is missing or malformed. Secrets are never quoted.
        """

    @abstractmethod
    def encode(
        self, request: KlingRequest, *, extra_parameters: Mapping[str, Any] | None = None
    ) -> EncodedRequest:
        """Write a request in the service's own fields. Media that are stored files are put in later.

        :param extra_parameters: fields that are newer than this release, to send as they are.
        :raises KlingRequestError: this version of the API cannot express it.
        """

    @abstractmethod
    def submit(self, encoded: EncodedRequest, *, key: str) -> Call[Task]:
        """Start a generation. This is the only call that costs money, and it is never repeated by itself.

        Its errors are classified: a :class:`KlingSubmissionUnknownError` where a task may have been made, a
        :class:`KlingDuplicateSubmissionError` where the key was used before, and any other error where it is
        certain that no task was made.

        :param key: identifies the submission, for services that take such a key.
        """

    def own_id(self, task_id: str) -> str:
        """Return the service's own id of a task, by which it reports it."""
        return task_id

    @abstractmethod
    def task(self, task_id: str) -> Call[Task]:
        """Read a task. Its errors say by their class and by ``transient`` what they are."""

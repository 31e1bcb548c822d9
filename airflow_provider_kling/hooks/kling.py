"""The hook: an Airflow connection, and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from time import time
from typing import TYPE_CHECKING, Any, Self, TypeVar

from airflow import __version__ as airflow_version
from airflow.providers.common.compat.connection import get_async_connection, get_async_extra_dejson
from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_kling.configuration import configured
from airflow_provider_kling.defaults import CONN_ID, TIMEOUT_S
from airflow_provider_kling.exceptions import KlingUnsupportedError
from airflow_provider_kling.gateways import Gateway
from airflow_provider_kling.gateways.base import LoggedRequest, ModelInfo, PublishedSchema, UploadedFile
from airflow_provider_kling.gateways.video_sessions import (
    FaceSession,
    SelectionPreview,
    SelectionSession,
    VideoSessions,
)
from airflow_provider_kling.hooks.connection import KlingConnection, parse_connection
from airflow_provider_kling.hooks.connection_test import check_connection
from airflow_provider_kling.hooks.metrics import StatsObserver, Tags
from airflow_provider_kling.hooks.shared_connection import shared_connections
from airflow_provider_kling.hooks.task_polling import poll_blocking, poll_shared
from airflow_provider_kling.hooks.waiter import PollOutcome, TaskWaiter
from airflow_provider_kling.http.client import KlingClient, shared_client
from airflow_provider_kling.http.ids import check_id
from airflow_provider_kling.http.message import Call
from airflow_provider_kling.http.observer import Observer
from airflow_provider_kling.http.task import Task
from airflow_provider_kling.models import KlingRequest, find_model
from airflow_provider_kling.polling import PollEnd

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection

T = TypeVar("T")


class KlingHook(BaseHook):
    """Submit generations to Kling, poll them, and use what else the service offers.

    It is a context manager that closes its connections. After a transient error, calls that are safe to
    repeat are repeated; a submission is sent once, whatever the response. The hook keeps no record. The
    operators submit a task once over retries and crashes; code that calls :meth:`submit` has to do that by
    itself.

    Not every gateway has files, an account, a request log and a catalogue. Where one is missing, its methods
    raise :class:`~airflow_provider_kling.exceptions.KlingUnsupportedError`, and nothing is sent.

    Every method raises :class:`~airflow_provider_kling.exceptions.KlingRequestError` when a part of the
    connection is missing or invalid. All derive from :class:`~airflow_provider_kling.exceptions.KlingError`,
    except Airflow's own error for a connection that does not exist.

    :param conn_id: an Airflow connection of type ``kling`` (``docs/connection.md``).
    :param observer: receives each submission, poll and wait. By default they become Airflow's metrics.
    :param tags: of those metrics, beside the gateway: ``model``, ``dag_id`` and ``task_id``.
    """

    conn_name_attr = "conn_id"
    default_conn_name = CONN_ID
    conn_type = "kling"
    hook_name = "Kling"

    def __init__(
        self, *, conn_id: str = default_conn_name, observer: Observer | None = None, tags: Tags | None = None
    ) -> None:
        super().__init__()
        self.conn_id = conn_id
        self._observer = observer
        self._tags: Tags = tags or {}
        self._connection: KlingConnection | None = None
        self._client: KlingClient | None = None

    @property
    def observer(self) -> Observer:
        """What receives each submission, poll and wait. Looks the connection up, as :attr:`connection`."""
        if self._observer is None:
            self._observer = StatsObserver(tags={**self._tags, "gateway": self.gateway.name})
        return self._observer

    @property
    def gateway_name(self) -> str | None:
        """The name of the connection's gateway; None before the connection is looked up."""
        return None if self._connection is None else self._connection.gateway.name

    @property
    def connection(self) -> KlingConnection:
        """The connection, looked up at the first use. For workers; it blocks.

        :raises KlingRequestError: a part of it is missing or invalid.
        """
        if self._connection is None:
            found = self.get_connection(self.conn_id)
            self._connection = self._parse(found, extra=found.extra_dejson)
        return self._connection

    async def connection_async(self) -> KlingConnection:
        """Return the connection, looked up without blocking; once a minute for all on the event loop."""
        if self._connection is None:
            self._connection = await shared_connections().get(self.conn_id, self._looked_up)
        return self._connection

    async def _looked_up(self) -> KlingConnection:
        found = await get_async_connection(self.conn_id)
        return self._parse(found, extra=await get_async_extra_dejson(found))

    @property
    def gateway(self) -> Gateway:
        """The connection's service: how its requests are written, and what it offers."""
        return self.connection.gateway

    def _parse(self, connection: Connection, *, extra: object) -> KlingConnection:
        return parse_connection(
            conn_id=self.conn_id,
            login=connection.login,
            password=connection.password,
            host=connection.host,
            schema=connection.schema,
            port=connection.port,
            # Airflow reads broken JSON as no extras.
            extra=extra or ({} if connection.extra in (None, "") else connection.extra),
            caller=f"apache-airflow/{airflow_version}",
        )

    def get_conn(self) -> KlingClient:
        """Return the synchronous client, made at the first use."""
        if self._client is None:
            self._client = KlingClient(settings=self.connection.client)
        return self._client

    def close(self) -> None:
        """Close the synchronous client's connections. The hook can be used again afterwards."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(
        self,
        request: KlingRequest,
        *,
        extra_parameters: Mapping[str, Any] | None = None,
        key: str = "",
    ) -> Task:
        """Start a generation. It costs money as soon as the service accepts it.

        :param request: from :func:`~airflow_provider_kling.models.parse_request`, or made by a request class.
            Media are links or Base64; only the operators take files on storage.
        :param extra_parameters: fields to send as they are, unchecked.
        :param key: identifies the submission at services that reject a second one with the same key: 1 to 64
            letters and digits. Empty for none.
        :returns: the new task.
        :raises KlingRequestError: the request cannot be expressed in the connection's API version. Nothing
            was sent.
        :raises KlingAPIError: the service rejected it, and nothing is billed.
        :raises KlingConnectionError: the service was not reached, and nothing is billed.
        :raises KlingDuplicateSubmissionError: the service has a submission with this key already.
        :raises KlingSubmissionUnknownError: the outcome is unknown. A second submission may be paid twice.
        """
        encoded = self.gateway.encode(request, extra_parameters=extra_parameters)
        return self.call(self.gateway.submit(encoded, key=key))

    async def submit_async(
        self,
        request: KlingRequest,
        *,
        extra_parameters: Mapping[str, Any] | None = None,
        key: str = "",
    ) -> Task:
        """Start a generation without blocking the event loop; see :meth:`submit`."""
        gateway = (await self.connection_async()).gateway
        encoded = gateway.encode(request, extra_parameters=extra_parameters)
        return await self.call_async(gateway.submit(encoded, key=key))

    def get_task(self, task_id: str) -> Task:
        """Read a task once. Free.

        :param task_id: the ``task_id`` of a task that :meth:`submit` returned.
        :returns: the task: its status and, when it has succeeded, its results and its cost.
        :raises KlingRequestError: ``task_id`` cannot be the id of a task. Nothing was sent.
        :raises KlingNotFoundError: these credentials do not know the task, or it has expired.
        :raises KlingError: the service could not be read.
        """
        return self.call(_poll(self.gateway, task_id))

    async def get_task_async(self, task_id: str) -> Task:
        """Read a task once without blocking the event loop; see :meth:`get_task`."""
        return await self.call_async(_poll((await self.connection_async()).gateway, task_id))

    def wait_for_task(
        self, task_id: str, *, timeout: float = TIMEOUT_S, submitted_at: float | None = None
    ) -> Task:
        """Poll a task until it has ended. Blocks. Free.

        :param task_id: the ``task_id`` of a task that :meth:`submit` returned.
        :param timeout: seconds from ``submitted_at``. After them, the task continues at the service.
        :param submitted_at: Unix seconds; None counts from now.
        :returns: the task, which has succeeded.
        :raises KlingRequestError: ``task_id`` cannot be the id of a task. Nothing was sent.
        :raises KlingTaskFailedError: the service ended the task as failed.
        :raises KlingTimeoutError: the ``timeout`` is over, and no poll found the task ended.
        :raises KlingAPIError: the credentials are rejected, or they do not know the task.
        """
        bounds = self.connection.poll_bounds(configured().polling)
        waiter = TaskWaiter.starting(task_id, timeout=timeout, submitted_at=submitted_at, **bounds)
        return self.poll_task(waiter).task_or_error()

    async def wait_for_task_async(
        self,
        task_id: str,
        *,
        timeout: float = TIMEOUT_S,  # noqa: ASYNC109  - it ends the polling, not the coroutine
        submitted_at: float | None = None,
    ) -> Task:
        """Poll a task until it has ended, without blocking the event loop; see :meth:`wait_for_task`."""
        bounds = (await self.connection_async()).poll_bounds(configured().polling)
        waiter = TaskWaiter.starting(task_id, timeout=timeout, submitted_at=submitted_at, **bounds)
        return (await self.poll_task_async(waiter)).task_or_error()

    def poll_task(self, waiter: TaskWaiter) -> PollOutcome:
        """Make a waiter's polls, and block meanwhile. The waits are reported to the hook's observer."""
        poll = _poll(self.gateway, waiter.task_id)
        return poll_blocking(
            waiter, poll, client=self.get_conn(), gateway=self.gateway, observer=self.observer
        )

    async def poll_task_async(self, waiter: TaskWaiter) -> PollOutcome:
        """Make a waiter's polls without blocking; see :meth:`poll_task`.

        All waiters of this event loop with the same key share connections, and the pace of their polls.
        """
        while True:
            connection = await self.connection_async()
            poll = _poll(connection.gateway, waiter.task_id)
            outcome = await poll_shared(waiter, poll, connection=connection, observer=self.observer)
            if outcome.end is not PollEnd.KEY_REJECTED:
                return outcome
            shared_connections().forget(self.conn_id, connection)  # the key may have been replaced
            self._connection = None
            if (await self.connection_async()).client == connection.client:
                return outcome

    def upload(self, content: bytes, *, filename: str, content_type: str) -> UploadedFile:
        """Store a file at the service. Free.

        :param content: the bytes of the file.
        :param filename: the name under which the service lists it.
        :param content_type: such as ``image/png``.
        :returns: the stored file; its ``url`` can be used in a request.
        :raises KlingMediaError: the file is larger than the service allows. Nothing was sent.
        :raises KlingBadRequestError: the service rejects the file, or stores as many as it will.
        """
        files = self._offered(self.gateway.files, "store files")
        return self.call(files.upload(content, filename=filename, content_type=content_type))

    def list_files(self) -> list[UploadedFile]:
        """Return the files that the account has at the service. Free."""
        return self.call(self._offered(self.gateway.files, "store files").list())

    def delete_file(self, file_id: str) -> None:
        """Delete a file at the service. Free. A generation that has not read it yet will fail.

        :param file_id: the ``file_id`` of an uploaded file.
        :raises KlingRequestError: ``file_id`` cannot be the id of a file. Nothing was sent.
        :raises KlingNotFoundError: there is no such file, or no longer.
        """
        files = self._offered(self.gateway.files, "store files")
        self.call(files.delete(check_id(file_id, field="file_id", subject="file")))

    def identify_faces(self, *, video: str | None = None, video_id: str | None = None) -> FaceSession:
        """Find the faces of a video, for ``kling-lip-sync``. It is paid, and not repeated by itself.

        :param video: a public link.
        :param video_id: the ``work_id`` of an earlier result, instead of a link.
        :returns: the session and its faces.
        :raises KlingConnectionError: the answer is lost; it may have been billed.
        """
        return self.call(self._sessions().identify_faces(video=video, video_id=video_id))

    def init_selection(self, *, video: str | None = None, video_id: str | None = None) -> SelectionSession:
        """Begin to select parts of a video, for ``kling-multi-elements``; see :meth:`identify_faces`."""
        return self.call(self._sessions().init_selection(video=video, video_id=video_id))

    def add_selection(self, session_id: str, *, frame: int, points: Sequence[tuple[float, float]]) -> None:
        """Select what is at some points of a frame.

        :param session_id: of the selection.
        :param frame: its number, from 0.
        :param points: each the distance from the left and from the top, as parts of the sides, 0 to 1.
        """
        self.call(self._sessions().add_selection(session_id, frame=frame, points=points))

    def delete_selection(self, session_id: str, *, frame: int, points: Sequence[tuple[float, float]]) -> None:
        """Take points out of a selection; see :meth:`add_selection`."""
        self.call(self._sessions().delete_selection(session_id, frame=frame, points=points))

    def clear_selection(self, session_id: str) -> None:
        """Select nothing.

        :param session_id: of the selection.
        """
        self.call(self._sessions().clear_selection(session_id))

    def preview_selection(self, session_id: str) -> SelectionPreview:
        """Show what is selected.

        :param session_id: of the selection.
        :returns: links to a video and a picture of it.
        """
        return self.call(self._sessions().preview_selection(session_id))

    def _sessions(self) -> VideoSessions:
        return self._offered(self.gateway.video_sessions, "prepare a video for an edit")

    def balance(self) -> Decimal:
        """Return the balance of the account, in the unit of the gateway (USD for most). Free."""
        account = self._offered(self.gateway.account, "tell the account's balance")
        return self.call(account.balance(now=time()))

    def validate_key(self) -> bool:
        """Return whether the service accepts the credentials. Free."""
        return self.call(self._offered(self.gateway.account, "check credentials").key_validation(now=time()))

    def request_log(self, *, entries: int = 50, until: datetime | None = None) -> list[LoggedRequest]:
        """Return the newest submissions with these credentials, as the service logged them. Free.

        :param entries: how many submissions to read at most.
        :param until: leave later ones out; None for now.
        """
        logged = self._offered(self.gateway.request_log, "list its submissions")
        return self.call(logged.newest(entries=entries, until=until or datetime.now(tz=UTC)))[:entries]

    def test_connection(self) -> tuple[bool, str]:
        """Check the connection with one free call, for the *Test* button of Airflow's UI.

        :returns: within 5 s, whether the connection can be used, and a sentence with the balance, or with
            what to do.
        """
        with self:
            return check_connection(self)

    def list_models(self) -> list[ModelInfo]:
        """Return the models that the service offers. Free."""
        return self.call(self._offered(self.gateway.catalogue, "list its models").models())

    def fetch_schema(self, model: str) -> PublishedSchema:
        """Read the schema that the service publishes for the requests of a model. Free, and without the key.

        :param model: the name of a model, such as ``kling-video-o1``, or ``provider/model`` for any other.
        :returns: the schema, and where requests are sent.
        :raises KlingRequestError: ``model`` cannot be the name of a model.
        :raises KlingNotFoundError: the service publishes no schema for it.
        """
        name = find_model(model).name
        catalogue = self._offered(self.gateway.catalogue, "publish its models' schemas")
        settings = self.connection.client
        public = replace(settings, base_url=catalogue.public_url(settings.base_url), credentials=None)
        with closing(KlingClient(settings=public)) as client:
            return client.call(catalogue.schema(name))

    def call(self, call: Call[T], *, until: float | None = None) -> T:
        """Make a call that the gateway prepared. After ``until`` (Unix seconds) it is not repeated."""
        return self.get_conn().call(call, observer=self.observer, until=until)

    async def call_async(self, call: Call[T]) -> T:
        """Make a call without blocking, with the client that is shared on this event loop."""
        async with shared_client((await self.connection_async()).client) as client:
            return await client.call(call, observer=self.observer)

    def _offered(self, capability: T | None, purpose: str) -> T:
        if capability is None:
            raise KlingUnsupportedError(
                f"The gateway {self.gateway.name!r} of connection {self.conn_id!r} cannot {purpose}. "
                "Nothing was sent."
            )
        return capability


def _poll(gateway: Gateway, task_id: str) -> Call[Task]:
    return gateway.task(check_id(task_id, field="task_id", subject="task"))

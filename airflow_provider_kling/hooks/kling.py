"""The hook that DAG authors and the other parts of the provider use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from airflow.sdk import BaseHook

from airflow_provider_kling.compat import airflow_version, get_connection_async, get_extra_async
from airflow_provider_kling.exceptions import KlingError
from airflow_provider_kling.hooks.connection import KlingConnection, parse_connection
from airflow_provider_kling.hooks.waiter import PollOutcome, Watch
from airflow_provider_kling.http.client import KlingClient
from airflow_provider_kling.http.file import UploadedFile
from airflow_provider_kling.http.message import Call
from airflow_provider_kling.http.model_info import ModelInfo, PublishedSchema
from airflow_provider_kling.http.settings import ClientSettings
from airflow_provider_kling.http.shared import SharedClient, shared_client
from airflow_provider_kling.http.task import LoggedRequest, Task
from airflow_provider_kling.models import KlingRequest, find_model
from airflow_provider_kling.polling import Budget

if TYPE_CHECKING:
    from airflow.sdk import Connection

T = TypeVar("T")

DEFAULT_TIMEOUT_S = 3600.0


class KlingHook(BaseHook):
    """Submit generations to Kling and follow them.

    Each method has an asynchronous twin with an ``a`` in front. Reading calls are repeated on
    trouble that passes; a submission is sent once, whatever comes back.

    :param conn_id: an Airflow connection of type ``kling``: the password is the API key, the host
        the base URL.
    """

    conn_name_attr = "conn_id"
    default_conn_name = "kling_default"
    conn_type = "kling"
    hook_name = "Kling"

    def __init__(self, *, conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.conn_id = conn_id
        self._connection: KlingConnection | None = None
        self._client: KlingClient | None = None

    # -- connecting ---------------------------------------------------------------------------

    @property
    def connection(self) -> KlingConnection:
        """The connection, looked up at the first use. For workers; it blocks."""
        if self._connection is None:
            found = self.get_connection(self.conn_id)
            self._connection = self._read(found, extra=found.extra_dejson)
        return self._connection

    async def aconnection(self) -> KlingConnection:
        """Return the connection, looked up at the first use without blocking the event loop."""
        if self._connection is None:
            found = await get_connection_async(self.conn_id)
            self._connection = self._read(found, extra=await get_extra_async(found))
        return self._connection

    def _read(self, connection: Connection, *, extra: Mapping[str, Any]) -> KlingConnection:
        return parse_connection(
            conn_id=self.conn_id,
            password=connection.password,
            host=connection.host,
            schema=connection.schema,
            port=connection.port,
            extra=extra,
            caller=f"apache-airflow/{airflow_version}",
        )

    def get_conn(self) -> KlingClient:
        """Return the synchronous client, made at the first use."""
        if self._client is None:
            self._client = KlingClient(settings=self.connection.client)
        return self._client

    @asynccontextmanager
    async def aget_conn(self) -> AsyncIterator[SharedClient]:
        """Hold the asynchronous client that everybody on this event loop shares."""
        connection = await self.aconnection()
        async with shared_client(connection.client) as shared:
            yield shared

    def close(self) -> None:
        """Close the synchronous client's connections. The hook can be used again afterwards."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- generations --------------------------------------------------------------------------

    def submit(self, request: KlingRequest, *, extra_parameters: Mapping[str, Any] | None = None) -> Task:
        """Start a generation. This costs money as soon as the service accepts it.

        :param extra_parameters: fields to send as they are, unchecked.
        :raises KlingRequestError: the request cannot be said in the connection's contract; nothing was sent.
        :raises KlingAPIError: the service refused; nothing was billed.
        :raises KlingConnectionError: the service was not reached; nothing was billed.
        :raises KlingSubmissionUnknownError: it may have taken effect; do not send it again blindly.
        """
        return self.call(self.submission(request, extra_parameters=extra_parameters))

    def submission(
        self, request: KlingRequest, *, extra_parameters: Mapping[str, Any] | None = None
    ) -> Call[Task]:
        """Prepare a submission without sending it; :meth:`call` sends it.

        :raises KlingRequestError: the request cannot be said in the connection's contract.
        """
        return self.connection.gateway.submission(request, extra_parameters=extra_parameters)

    async def asubmit(
        self, request: KlingRequest, *, extra_parameters: Mapping[str, Any] | None = None
    ) -> Task:
        """Start a generation; see :meth:`submit`."""
        connection = await self.aconnection()
        return await self.acall(connection.gateway.submission(request, extra_parameters=extra_parameters))

    def get_task(self, task_id: str) -> Task:
        """Look at a task once.

        :raises KlingNotFoundError: the key does not know the task, or the task has expired.
        """
        return self.call(self.connection.gateway.task(task_id))

    async def aget_task(self, task_id: str) -> Task:
        """Look at a task once; see :meth:`get_task`."""
        connection = await self.aconnection()
        return await self.acall(connection.gateway.task(task_id))

    def wait(
        self, task_id: str, *, timeout: float = DEFAULT_TIMEOUT_S, submitted_at: float | None = None
    ) -> Task:
        """Look at a task until it has ended, and return it. Blocks.

        :param timeout: seconds from ``submitted_at``. The task goes on at the service when they are over.
        :param submitted_at: Unix seconds; None counts from now.
        :raises KlingTaskFailedError: the service ended it as failed.
        :raises KlingTimeoutError: the time is over and the task still runs.
        :raises KlingAPIError: the key is refused, or the task is not known.
        """
        watch = Watch.starting(task_id, timeout=timeout, submitted_at=submitted_at)
        return self.watch(watch).task_or_error()

    async def await_(
        self,
        task_id: str,
        *,
        timeout: float = DEFAULT_TIMEOUT_S,  # noqa: ASYNC109  - it ends the watching, not the coroutine
        submitted_at: float | None = None,
    ) -> Task:
        """Look at a task until it has ended; see :meth:`wait`, whose name's twin is a Python keyword."""
        watch = Watch.starting(task_id, timeout=timeout, submitted_at=submitted_at)
        return (await self.awatch(watch)).task_or_error()

    def watch(self, watch: Watch) -> PollOutcome:
        """Carry out a watch, by blocking."""
        client, look = self.get_conn(), self.connection.gateway.task(watch.task_id)
        return watch.wait(lambda: client.call(look), lambda: Budget(rate_limit=client.rate_limit))

    async def awatch(self, watch: Watch) -> PollOutcome:
        """Carry out a watch without blocking; everybody who watches on this event loop shares one budget."""
        look = (await self.aconnection()).gateway.task(watch.task_id)
        async with self.aget_conn() as shared:
            return await watch.await_(
                lambda: shared.client.call(look),
                lambda: Budget(rate_limit=shared.client.rate_limit, watchers=shared.holders),
            )

    # -- files --------------------------------------------------------------------------------

    def upload(self, content: bytes, *, filename: str, content_type: str) -> UploadedFile:
        """Leave a file at the service; its ``url`` stands for it in a request. Free.

        :param filename: as it will be listed.
        :param content_type: such as ``image/png``.
        :raises KlingMediaError: it is larger than the service takes; nothing was sent.
        :raises KlingBadRequestError: the service does not take it, or keeps as many files as it will.
        """
        return self.call(
            self.connection.gateway.upload(content, filename=filename, content_type=content_type)
        )

    async def aupload(self, content: bytes, *, filename: str, content_type: str) -> UploadedFile:
        """Leave a file at the service; see :meth:`upload`."""
        gateway = (await self.aconnection()).gateway
        return await self.acall(gateway.upload(content, filename=filename, content_type=content_type))

    def list_files(self) -> list[UploadedFile]:
        """List the team's files that the service keeps. Free."""
        return self.call(self.connection.gateway.files())

    async def alist_files(self) -> list[UploadedFile]:
        """List the team's files that the service keeps. Free."""
        return await self.acall((await self.aconnection()).gateway.files())

    def delete_file(self, file_id: str) -> None:
        """Delete a file at the service. Free. A generation that has not read it yet will fail.

        :raises KlingNotFoundError: there is none, or no longer.
        """
        self.call(self.connection.gateway.file_deletion(file_id))

    async def adelete_file(self, file_id: str) -> None:
        """Delete a file at the service; see :meth:`delete_file`."""
        await self.acall((await self.aconnection()).gateway.file_deletion(file_id))

    # -- account ------------------------------------------------------------------------------

    def balance(self) -> Decimal:
        """Return what the team has left, in USD. Free."""
        return self.call(self.connection.gateway.balance())

    async def abalance(self) -> Decimal:
        """Return what the team has left, in USD. Free."""
        return await self.acall((await self.aconnection()).gateway.balance())

    def validate_key(self) -> bool:
        """Ask the service whether the key is valid. Free."""
        return self.call(self.connection.gateway.key_validation())

    async def avalidate_key(self) -> bool:
        """Ask the service whether the key is valid. Free."""
        return await self.acall((await self.aconnection()).gateway.key_validation())

    def list_models(self) -> list[ModelInfo]:
        """List the models the service offers. Free."""
        return self.call(self.connection.gateway.models())

    async def alist_models(self) -> list[ModelInfo]:
        """List the models the service offers. Free."""
        return await self.acall((await self.aconnection()).gateway.models())

    def fetch_schema(self, model: str) -> PublishedSchema:
        """Read what the service publishes of a model's request. Free, and sent without the key.

        :param model: ``kling-video-o1``, or ``provider/model`` for any other.
        :raises KlingRequestError: that is no model's name.
        :raises KlingNotFoundError: the service publishes nothing of it.
        """
        name = find_model(model).name
        with KlingClient(settings=self._public(self.connection)) as client:
            return client.call(self.connection.gateway.schema(name))

    async def afetch_schema(self, model: str) -> PublishedSchema:
        """Read what the service publishes of a model's request; see :meth:`fetch_schema`."""
        name = find_model(model).name
        connection = await self.aconnection()
        async with shared_client(self._public(connection)) as shared:
            return await shared.client.call(connection.gateway.schema(name))

    @staticmethod
    def _public(connection: KlingConnection) -> ClientSettings:
        url = connection.gateway.public_url(connection.client.base_url)
        return replace(connection.client, base_url=url, api_key=None)

    def request_log(self, *, entries: int = 50) -> list[LoggedRequest]:
        """Return the newest submissions of the key as the service logged them. Free."""
        return self.call(self.connection.gateway.request_log(entries=entries))

    async def arequest_log(self, *, entries: int = 50) -> list[LoggedRequest]:
        """Return the newest submissions of the key as the service logged them. Free."""
        return await self.acall((await self.aconnection()).gateway.request_log(entries=entries))

    def test_connection(self) -> tuple[bool, str]:
        """Check the connection with the two free calls: is the key valid, what is the balance."""
        try:
            with self:
                if not self.validate_key():
                    return False, "The service does not accept the API key."
                return True, f"The API key is valid; the team's balance is ${self.balance():.2f}."
        except KlingError as error:
            return False, str(error)

    # -- calling ------------------------------------------------------------------------------

    def call(self, call: Call[T]) -> T:
        """Carry out a call that the connection's gateway prepared."""
        return self.get_conn().call(call)

    async def acall(self, call: Call[T]) -> T:
        """Carry out a call that the connection's gateway prepared."""
        async with self.aget_conn() as shared:
            return await shared.client.call(call)

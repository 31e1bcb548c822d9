"""A notifier for chats with incoming webhooks: Slack, Mattermost, Rocket.Chat and those like them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from airflow.providers.common.compat.connection import get_async_connection
from airflow.providers.common.compat.sdk import BaseHook, BaseNotifier, conf

from airflow_provider_kling.exceptions import KlingError
from airflow_provider_kling.generation import xcom_keys
from airflow_provider_kling.generation.signed_link import NoSignedLinkError, signed_link
from airflow_provider_kling.generation.summary import Summary
from airflow_provider_kling.http.network import connection_pool, within
from airflow_provider_kling.links.gallery_address import PREFIX, TaskKey
from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.notifications.message import message
from airflow_provider_kling.notifications.result import pulled

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection, Context

__all__ = ["KlingWebhookNotifier"]

_TIMEOUT_S: Final = 10.0
_POSTER_LINK_S: Final = 7 * 86400.0  # chats keep a copy of the picture, but load it when somebody looks


class KlingWebhookNotifier(BaseNotifier):
    """Post to a chat what became of a generation: model, prompt, cost, length or error, poster and page.

    For ``on_success_callback``, ``on_failure_callback`` and ``on_retry_callback`` of a task of this provider.
    As a callback of a DAG, or of a deadline alert, it posts the ``text`` alone. An error is logged by Airflow
    and changes nothing for the task, or for its bill.

    The poster is shown where it is stored on a storage that signs links, such as S3.

    :param conn_id: a connection whose host is the webhook's address; where a part of that is secret, it is
        the password, which is added as the end of the path. Airflow's connections of type ``slackwebhook``
        are such.
    :param text: stands before what is known of the generation (templated).
    :param kwargs: the arguments of every notifier: ``context``, which Airflow gives.
    """

    template_fields: Sequence[str] = ("text",)

    def __init__(self, *, conn_id: str = "kling_webhook", text: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self.text = text

    def notify(self, context: Context) -> None:
        """Post the message.

        :raises KlingError: the webhook did not take it. The message names the connection, not the address.
        """
        self._post(BaseHook.get_connection(self.conn_id), self._message(context))

    async def async_notify(self, context: Context) -> None:
        """Post the text without blocking; deadline alerts await the notifier."""
        del context  # of a run, and of no generation
        body = message(text=self.text, summary=None, page=None, image=None)
        await asyncio.to_thread(self._post, await get_async_connection(self.conn_id), body)

    def _post(self, connection: Connection, body: Mapping[str, object]) -> None:
        address = _address(connection)
        try:
            # Not httpx: it logs addresses, and this one is a secret.
            with within(_TIMEOUT_S), closing(connection_pool(address)) as pool:
                headers = [("Host", urlsplit(address).netloc), ("Content-Type", "application/json")]
                response = pool.request("POST", address, headers=headers, content=json.dumps(body).encode())
        except Exception as error:  # noqa: BLE001  - of the library, and of what is below it: names, proxies
            told = f"the webhook of connection {self.conn_id!r} was not reached ({type(error).__name__})"
            raise KlingError(told) from None
        if not 200 <= response.status < 300:
            told = f"the webhook of connection {self.conn_id!r} answered {response.status}"
            raise KlingError(told)

    def _message(self, context: Context) -> dict[str, object]:
        summary = None
        if context.get("ti") is not None:
            summary = Summary.read(pulled(context, key=xcom_keys.SUMMARY))
        if summary is None:
            return message(text=self.text, summary=None, page=None, image=None)
        return message(text=self.text, summary=summary, page=_page(context), image=_poster(context))


def _address(connection: Connection) -> str:
    host = (connection.host or "").rstrip("/")
    address = host if "://" in host else f"https://{host}"
    return f"{address}/{connection.password.lstrip('/')}" if connection.password else address


def _page(context: Context) -> str | None:
    """Return the address of the task's page, where Airflow knows its own."""
    base = (conf.get("api", "base_url", fallback="") or "").rstrip("/")
    ti = context["ti"]
    key = TaskKey(ti.dag_id, ti.run_id, ti.task_id, -1 if ti.map_index is None else ti.map_index)
    return f"{base}{PREFIX}/{key.path()}" if base else None


def _poster(context: Context) -> str | None:
    """Return a link to the poster that a chat can load; None where there is none."""
    result = pulled(context, key="return_value")
    uri = result.get("poster_uri") if isinstance(result, Mapping) else None
    if not isinstance(uri, str):
        return None
    with suppress(NoSignedLinkError, KlingError):  # a message without a picture is better than none
        return signed_link(uri, needed_s=_POSTER_LINK_S, media_type=MediaType.IMAGE, public=False)
    return None

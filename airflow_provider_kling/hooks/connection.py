"""Reading an Airflow connection of type ``kling``. Pure: the connection's parts come as arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.gateways import DEFAULT_BASE_URL, DEFAULT_GATEWAY, Gateway, make_gateway
from airflow_provider_kling.http.settings import ClientSettings

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, kw_only=True)
class KlingConnection:
    """Where to send calls, and in which dialect."""

    client: ClientSettings
    gateway: Gateway


def parse_connection(
    *,
    conn_id: str,
    password: str | None,
    host: str | None,
    schema: str | None,
    port: int | None,
    extra: Mapping[str, Any],
    caller: str,
) -> KlingConnection:
    """Check a connection's parts and put them together.

    :param password: the API key.
    :param host: the base URL, or just a host name; empty for the service's own.
    :param schema: ``http`` or ``https``, where ``host`` does not say.
    :param extra: ``gateway``, ``contract``, ``request_timeout`` (seconds), ``requests_per_minute``,
        ``webhook_url``, ``allow_insecure_http``, ``allow_private_hosts``. Other keys are left alone.
    :param caller: for the User-Agent.
    :raises KlingRequestError: a part is missing or makes no sense. The key is never quoted.
    """
    broken: list[BrokenRule] = []
    base_url = _base_url(host, schema=schema, port=port)
    url = _split(base_url)
    if url is None or url.scheme not in ("http", "https") or not url.hostname:
        broken.append(
            BrokenRule(field="host", rule="must be a URL such as https://api.modellix.ai", value=host)
        )
    elif url.scheme == "http" and url.hostname not in _LOOPBACK and not extra.get("allow_insecure_http"):
        rule = "must be https, or the key travels readable; extra `allow_insecure_http` lifts this"
        broken.append(BrokenRule(field="host", rule=rule, value=base_url))
    if not password:
        broken.append(BrokenRule(field="password", rule="is required: it holds the API key"))
    timeout = _number(extra, "request_timeout", default=30.0, broken=broken)
    per_minute = _number(extra, "requests_per_minute", default=0.0, broken=broken)
    if broken:
        raise KlingRequestError(subject=f"connection {conn_id!r}", broken=broken)
    return KlingConnection(
        client=ClientSettings(
            base_url=base_url,
            api_key=(password or "").strip(),
            caller=caller,
            read_timeout_s=timeout,
            requests_per_minute=int(per_minute) or None,
            allow_private_hosts=bool(extra.get("allow_private_hosts")),
            allow_insecure_http=bool(extra.get("allow_insecure_http")),
        ),
        gateway=make_gateway(
            name=extra.get("gateway") or DEFAULT_GATEWAY,
            contract=extra.get("contract") or None,
            webhook_url=extra.get("webhook_url") or None,
        ),
    )


def _base_url(host: str | None, *, schema: str | None, port: int | None) -> str:
    if not host:
        return DEFAULT_BASE_URL
    url = host if "://" in host else f"{schema or 'https'}://{host}"
    parts = _split(url)
    if port and parts is not None and parts.port is None:
        url = f"{url.rstrip('/')}:{port}"
    # People paste what the documents show.
    return url.rstrip("/").removesuffix("/api/v1")


def _split(url: str) -> SplitResult | None:
    """Take a URL apart; None where it is none, such as half an IPv6 address or a port that is no number."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _number(extra: Mapping[str, Any], name: str, *, default: float, broken: list[BrokenRule]) -> float:
    """Read a positive number that a form may have stored as text."""
    value = extra.get(name)
    if value is None or value == "":
        return default
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = 0.0
    if number <= 0:
        broken.append(BrokenRule(field=f"extra.{name}", rule="must be a number above 0", value=value))
    return number

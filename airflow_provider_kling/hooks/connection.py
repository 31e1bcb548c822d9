"""Parsing an Airflow connection of type ``kling``. Pure: the parts of the connection are arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.gateways import Gateway, gateway_class, make_gateway
from airflow_provider_kling.http.settings import ClientSettings

T = TypeVar("T")

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, kw_only=True)
class KlingConnection:
    """Where calls are sent, and how they are written."""

    client: ClientSettings
    gateway: Gateway


def parse_connection(
    *,
    conn_id: str,
    login: str | None,
    password: str | None,
    host: str | None,
    schema: str | None,
    port: int | None,
    extra: Mapping[str, Any],
    caller: str,
) -> KlingConnection:
    """Check the parts of a connection, and return what they mean.

    :param login: for gateways whose credentials have two parts.
    :param password: the API key, or the gateway's other secret.
    :param host: the base URL, or just a host name; empty for the gateway's own.
    :param schema: ``http`` or ``https``, where ``host`` does not say.
    :param extra: ``gateway``, ``api_version``, ``request_timeout`` (seconds), ``requests_per_minute``,
        ``webhook_url``, ``allow_insecure_http``, ``allow_private_hosts``. Other keys are ignored.
    :param caller: for the User-Agent.
    :raises KlingRequestError: a part is missing or invalid. Secrets are never quoted.
    """
    subject = f"connection {conn_id!r}"
    broken: list[BrokenRule] = []
    kind = _parsed(lambda: gateway_class(extra.get("gateway") or None), broken=broken)
    if kind is None:  # what the other parts have to be depends on it
        raise KlingRequestError(subject=subject, broken=broken)
    base_url = _base_url(host, schema=schema, port=port, kind=kind)
    url = _split(base_url)
    if url is None or url.scheme not in ("http", "https") or not url.hostname:
        rule = f"must be a URL such as {kind.default_base_url}"
        broken.append(BrokenRule(field="host", rule=rule, value=host))
    elif url.scheme == "http" and url.hostname not in _LOOPBACK and not extra.get("allow_insecure_http"):
        rule = "must be https, or the key is sent unencrypted; extra `allow_insecure_http` allows that"
        broken.append(BrokenRule(field="host", rule=rule, value=base_url))
    credentials = _parsed(lambda: kind.credentials(login=login, password=password), broken=broken)
    timeout = _number(extra, "request_timeout", default=30.0, broken=broken)
    per_minute = _number(extra, "requests_per_minute", default=0.0, broken=broken)
    gateway = _parsed(
        lambda: make_gateway(
            name=kind.name,
            api_version=extra.get("api_version") or None,
            webhook_url=extra.get("webhook_url") or None,
        ),
        broken=broken,
    )
    if broken or gateway is None:
        raise KlingRequestError(subject=subject, broken=broken)
    return KlingConnection(
        client=ClientSettings(
            base_url=base_url,
            credentials=credentials,
            caller=caller,
            read_timeout_s=timeout,
            requests_per_minute=int(per_minute) or None,
            allow_private_hosts=bool(extra.get("allow_private_hosts")),
            allow_insecure_http=bool(extra.get("allow_insecure_http")),
        ),
        gateway=gateway,
    )


def _parsed(parse: Callable[[], T], *, broken: list[BrokenRule]) -> T | None:
    """Return what ``parse`` returns, or None when it breaks rules, which are added to ``broken``."""
    try:
        return parse()
    except KlingRequestError as error:
        broken += error.broken
        return None


def _base_url(host: str | None, *, schema: str | None, port: int | None, kind: type[Gateway]) -> str:
    if not host:
        return kind.default_base_url
    url = host if "://" in host else f"{schema or 'https'}://{host}"
    parts = _split(url)
    if port and parts is not None and parts.port is None:
        url = f"{url.rstrip('/')}:{port}"
    return url.rstrip("/").removesuffix(kind.documented_root)


def _split(url: str) -> SplitResult | None:
    """Split a URL; None where it is none, such as half an IPv6 address or a port that is no number."""
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

"""Parsing an Airflow connection of type ``kling``. Pure: the parts of the connection are arguments."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from urllib.parse import SplitResult, urlsplit

from pydantic import Field

from airflow_provider_kling.arguments import Arguments, Count, Number
from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.gateways import Gateway, gateway_class, make_gateway
from airflow_provider_kling.http.settings import ClientSettings

T = TypeVar("T")

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_SCHEMES = ("http", "https")


class _Extra(Arguments):
    """The extras that every gateway's connection has."""

    request_timeout: Annotated[Number, Field(gt=0, le=3600)] = 30.0
    requests_per_minute: Count | None = None
    allow_private_hosts: bool = False
    allow_insecure_http: bool = False


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
    extra: object,
    caller: str,
) -> KlingConnection:
    """Check the parts of a connection, and return what they mean.

    :param login: for gateways whose credentials have two parts.
    :param password: the API key, or the gateway's other secret.
    :param host: the base URL, or just a host name; empty for the gateway's own.
    :param schema: ``http`` or ``https``, where ``host`` does not say; or the path of a connection's URI.
    :param extra: a mapping, or its JSON: ``gateway``, ``api_version``, ``request_timeout`` (seconds),
        ``requests_per_minute``, ``webhook_url``, ``allow_insecure_http``, ``allow_private_hosts``. Other keys
        are ignored. Numbers and switches may be text. None and an empty text are as good as left out.
    :param caller: for the User-Agent.
    :raises KlingRequestError: a part is missing or invalid. Secrets are never quoted.
    """
    subject = f"connection {conn_id!r}"
    broken: list[BrokenRule] = []
    given = _parsed(lambda: _mapping(extra, subject=subject), broken=broken) or {}
    text = {name: _text(given.get(name), name=name, broken=broken) for name in _TEXTS}
    kind = None if broken else _parsed(lambda: gateway_class(text["gateway"]), broken=broken)
    if kind is None:  # what the other parts have to be depends on it
        raise KlingRequestError(subject=subject, broken=broken)
    url = _base_url(host, schema=schema, port=port, kind=kind, broken=broken)
    credentials = _parsed(lambda: kind.credentials(login=login, password=password), broken=broken)
    extras = _parsed(lambda: _Extra.read(given, subject=subject, prefix="extra."), broken=broken)
    if url is not None and extras is not None and _sends_the_key_unencrypted(url, extras):
        rule = "must be https, or the key is sent unencrypted; extra `allow_insecure_http` allows that"
        broken.append(BrokenRule(field="host", rule=rule, value=url.geturl()))
    gateway = _parsed(
        lambda: make_gateway(
            name=kind.name, api_version=text["api_version"], webhook_url=text["webhook_url"]
        ),
        broken=broken,
    )
    if broken or gateway is None or url is None or extras is None:
        raise KlingRequestError(subject=subject, broken=broken)
    return KlingConnection(
        client=ClientSettings(
            base_url=url.geturl(),
            credentials=credentials,
            caller=caller,
            read_timeout_s=extras.request_timeout,
            requests_per_minute=extras.requests_per_minute,
            allow_private_hosts=extras.allow_private_hosts,
            allow_insecure_http=extras.allow_insecure_http,
        ),
        gateway=gateway,
    )


_TEXTS = ("gateway", "api_version", "webhook_url")


def _parsed(parse: Callable[[], T], *, broken: list[BrokenRule]) -> T | None:
    """Return what ``parse`` returns, or None when it breaks rules, which are added to ``broken``."""
    try:
        return parse()
    except KlingRequestError as error:
        broken += error.broken
        return None


def _mapping(extra: object, *, subject: str) -> dict[str, Any]:
    """Return the extras that are given. A form stores a field that is left empty as an empty text."""
    if isinstance(extra, str):
        with suppress(ValueError, RecursionError):
            extra = json.loads(extra)
    if not isinstance(extra, Mapping):
        rule = BrokenRule(field="extra", rule="must be a JSON object")  # without the value: it may be secret
        raise KlingRequestError(subject=subject, broken=[rule])
    return {name: value for name, value in extra.items() if value is not None and value != ""}


def _text(value: object, *, name: str, broken: list[BrokenRule]) -> str | None:
    if value is None or isinstance(value, str):
        return value
    broken.append(BrokenRule(field=name, rule="must be a text"))
    return None


def _base_url(
    host: str | None, *, schema: str | None, port: int | None, kind: type[Gateway], broken: list[BrokenRule]
) -> SplitResult | None:
    """Return the base URL without a ``/`` at its end, however its parts are spread over a connection."""
    if not (host or "").strip():
        return urlsplit(kind.default_base_url)
    found = _split(str(host).strip(), scheme=schema if schema in _SCHEMES else "https")
    rule = f"must be a URL such as {kind.default_base_url}"
    if found is not None and found.username is not None:
        rule = "must not hold a user or a password: the key belongs into the password of the connection"
        broken.append(BrokenRule(field="host", rule=rule))  # without the value, which holds a secret
        return None
    if found is None or found.scheme not in _SCHEMES or not found.hostname or found.query or found.fragment:
        broken.append(BrokenRule(field="host", rule=rule, value=host))
        return None
    netloc = found.netloc if found.port or not port else f"{found.netloc.removesuffix(':')}:{port}"
    path = found.path if schema is None or schema in _SCHEMES else f"{found.path}/{schema.strip('/')}"
    return found._replace(netloc=netloc, path=path.rstrip("/").removesuffix(kind.documented_root))


def _sends_the_key_unencrypted(url: SplitResult, extras: _Extra) -> bool:
    return url.scheme == "http" and url.hostname not in _LOOPBACK and not extras.allow_insecure_http


def _split(host: str, *, scheme: str) -> SplitResult | None:
    """Split a URL or a host name; None where it is none, such as half an IPv6 address."""
    if not host.isprintable() or not host.isascii() or " " in host or "\\" in host:
        return None
    try:
        bare = f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        bare = host
    try:
        parts = urlsplit(bare if "://" in bare else f"{scheme}://{bare}")
        _ = parts.port
    except ValueError:
        return None
    return parts

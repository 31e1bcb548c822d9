"""Parsing an Airflow connection of type ``kling``. Pure: the parts of the connection are arguments."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import Field

from airflow_provider_kling.arguments import Arguments, Count, Number, WholeNumber, read_object
from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.gateways import Gateway, gateway_class, make_gateway
from airflow_provider_kling.http.settings import ClientSettings
from airflow_provider_kling.http.url import web_url

T = TypeVar("T")

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_SCHEMES = ("http", "https")
_HTTPS_PORT: Final = 443
_SANDBOX_POLL_S: Final = 2.0
_NETLOC: Final = re.compile(r"(?:[\w.-]+|\[[0-9a-f:.]+\])(?::[0-9]+)?", re.ASCII | re.IGNORECASE)
_SEGMENTS: Final = re.compile(r"(?:/(?:[\w.~!$&'()*+,;=:@-]|%[0-9a-f]{2})+)*", re.ASCII | re.IGNORECASE)
_LONGEST_PATH: Final = 2000  # the HTTP library takes a URL of 65536 characters


class _Port(Arguments):
    port: Annotated[WholeNumber, Field(ge=1, lt=2**16)] | None = None


class _Extra(Arguments):
    """The extras that every gateway's connection has."""

    request_timeout: Annotated[Number, Field(ge=0.1, le=3600)] = 30.0
    requests_per_minute: Annotated[Count, Field(le=1_000_000)] | None = None
    max_poll_interval: Annotated[Number, Field(ge=1, le=3600)] | None = None
    allow_private_hosts: bool = False
    allow_insecure_http: bool = False


@dataclass(frozen=True, kw_only=True)
class KlingConnection:
    """Where calls are sent, and how they are written.

    :param max_poll_interval_s: longest time between two polls of a task, in seconds, however unlikely its end
        is; None leaves that to Airflow's configuration. On this machine there are only sandboxes: 2 s by
        default.
    """

    client: ClientSettings
    gateway: Gateway
    max_poll_interval_s: float | None = None

    def poll_bounds(self, configured: Mapping[str, float]) -> dict[str, float]:
        """Return the bounds of the times between two polls.

        :param configured: those of Airflow's configuration, by the names of a ``PollingPlan``.
        """
        most = self.max_poll_interval_s
        return (
            dict(configured) if most is None else {name: min(most, each) for name, each in configured.items()}
        )


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
    :param extra: a mapping, or its JSON: ``gateway``, ``region``, ``api_version``, ``request_timeout``
        (seconds), ``requests_per_minute``, ``max_poll_interval`` (seconds), ``webhook_url``,
        ``allow_insecure_http``, ``allow_private_hosts``. Other keys are ignored. Numbers and switches may be
        text. None and an empty text count as left out.
    :param caller: for the User-Agent.
    :raises KlingRequestError: a part is missing or invalid. Secrets are never quoted.
    """
    subject = f"connection {conn_id!r}"
    broken: list[BrokenRule] = []
    given = _parsed(lambda: _mapping(extra, subject=subject), broken=broken) or {}
    parts = {"login": login, "password": password, "host": host, "schema": schema}
    named = {**parts, **{name: given.get(name) for name in _TEXTS}}
    text = {name: _text(value, name=name, broken=broken) for name, value in named.items()}
    kind = None if broken else _parsed(lambda: gateway_class(text["gateway"]), broken=broken)
    key = _Key((text["password"] or "").strip())
    if kind is None:  # what the other parts have to be depends on it
        raise KlingRequestError(subject=subject, broken=key.unquoted(broken))
    read = _parsed(lambda: _Port.read({"port": port}, subject=subject), broken=broken)
    host = (text["host"] or "").strip()
    default_url = _default_url(kind, region=text["region"], host=host, broken=broken)
    url = _base_url(
        host,
        schema=(text["schema"] or "").strip(),
        port=read.port if read else None,
        default_url=default_url,
        documented_root=kind.documented_root,
        broken=broken,
    )
    credentials = _parsed(
        lambda: kind.credentials(login=text["login"], password=text["password"]), broken=broken
    )
    extras = _parsed(lambda: _Extra.read(given, subject=subject, prefix="extra."), broken=broken)
    if url is not None and extras is not None and _sends_the_key_unencrypted(url, extras):
        rule = "must be https, or the key is sent unencrypted; extra `allow_insecure_http` allows that"
        broken.append(BrokenRule(field="host", rule=rule, value=url.geturl()))
    if url is not None and key.is_in(url.geturl()):
        rule = "must not hold the key, which belongs into the password of the connection"
        broken.append(BrokenRule(field="host", rule=rule))
    gateway = _parsed(
        lambda: make_gateway(
            name=kind.name,
            api_version=text["api_version"],
            webhook_url=text["webhook_url"],
            login=(text["login"] or "").strip() or None,
        ),
        broken=broken,
    )
    if broken or gateway is None or url is None or extras is None:
        raise KlingRequestError(subject=subject, broken=key.unquoted(broken))
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
        max_poll_interval_s=extras.max_poll_interval or _poll_interval(url),
    )


@dataclass(frozen=True)
class _Key:
    """The password, which may have been pasted into another part of the connection as well."""

    text: str

    def is_in(self, value: object) -> bool:
        # A shorter one is in many texts by chance, and no real key.
        return len(self.text) >= 8 and self.text in str(value)

    def unquoted(self, broken: list[BrokenRule]) -> list[BrokenRule]:
        return [replace(rule, value=None) if self.is_in(rule.value) else rule for rule in broken]


_TEXTS = ("gateway", "region", "api_version", "webhook_url")


def _parsed(parse: Callable[[], T], *, broken: list[BrokenRule]) -> T | None:
    """Return what ``parse`` returns, or None when it breaks rules, which are added to ``broken``."""
    try:
        return parse()
    except KlingRequestError as error:
        broken += error.broken
        return None


def _mapping(extra: object, *, subject: str) -> dict[str, Any]:
    """Return the extras that are given. A form stores a field that is left empty as an empty text."""
    extra = read_object(extra)
    if not isinstance(extra, Mapping):
        rule = BrokenRule(field="extra", rule="must be a JSON object")  # without the value: it may be secret
        raise KlingRequestError(subject=subject, broken=[rule])
    return {name: value for name, value in extra.items() if value is not None and value != ""}


def _text(value: object, *, name: str, broken: list[BrokenRule]) -> str | None:
    if value is None or isinstance(value, str):
        return value
    broken.append(BrokenRule(field=name, rule="must be a text"))
    return None


def _default_url(kind: type[Gateway], *, region: str | None, host: str, broken: list[BrokenRule]) -> str:
    """Return where the service is, if the connection names no host."""
    if region is None:
        return kind.default_base_url
    if region in kind.regions and not host:
        return kind.regions[region]
    if region in kind.regions:
        rule = "must be left out where a host is given"
    elif kind.regions:
        rule = f"must be {' or '.join(map(repr, kind.regions))}"
    else:
        rule = f"must be left out: the gateway {kind.name!r} has no regions"
    broken.append(BrokenRule(field="region", rule=rule, value=region))
    return kind.default_base_url


def _base_url(
    host: str,
    *,
    schema: str,
    port: int | None,
    default_url: str,
    documented_root: str,
    broken: list[BrokenRule],
) -> SplitResult | None:
    """Return the base URL without a ``/`` at its end, however its parts are spread over a connection."""
    if not host:
        default = urlsplit(default_url)
        other_port = None if port == (default.port or _HTTPS_PORT) else port
        alone = {name: value for name, value in (("schema", schema), ("port", other_port)) if value}
        broken += [
            BrokenRule(field=name, rule="needs a host; without one, the key is sent to the default service")
            for name in alone
        ]
        return None if alone else default
    scheme = schema.lower().rstrip(":/")
    is_scheme = scheme in _SCHEMES
    found = _split(host, scheme=scheme if is_scheme else "https")
    below = "" if is_scheme else f"/{schema.strip('/')}".rstrip("/")
    is_path = _is_path(below)
    if not is_path:
        rule = "must be http, https or a path such as kling"
        broken.append(BrokenRule(field="schema", rule=rule, value=_shown(schema)))
    if found is None:
        rule = f"must be a URL such as {default_url}"
        if "@" in host:
            rule += ", without a user or a password: the key belongs into the password of the connection"
        broken.append(BrokenRule(field="host", rule=rule, value=_shown(host)))
        return None
    netloc = found.netloc if found.port or not port else f"{found.netloc}:{port}"
    path = f"{found.path}{below}".removesuffix(documented_root)
    return found._replace(netloc=netloc, path=path) if is_path else None


def _shown(text: str) -> str | None:
    """Return what an error may quote: a user, a password and a query are secrets."""
    return None if "@" in text else text.partition("?")[0]


def _poll_interval(url: SplitResult) -> float | None:
    """Return the longest time between two polls where the service is a sandbox, whose tasks end sooner."""
    return _SANDBOX_POLL_S if url.hostname in _LOOPBACK else None


def _sends_the_key_unencrypted(url: SplitResult, extras: _Extra) -> bool:
    return url.scheme == "http" and url.hostname not in _LOOPBACK and not extras.allow_insecure_http


def _split(host: str, *, scheme: str) -> SplitResult | None:
    """Split a URL or a host name; None where no request can be sent to it, or where it is more than that."""
    try:
        bare = f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        bare = host
    text = bare if "://" in bare else f"{scheme}://{bare}"
    if web_url(text) is None or "?" in text or "#" in text:
        return None
    try:
        parts = urlsplit(text)
    except ValueError:  # a letter that no name has
        return None
    parts = parts._replace(path=parts.path.rstrip("/"))
    # A scheme in place of the host is what is left of a URL whose :// is mistyped.
    is_host = _NETLOC.fullmatch(parts.netloc) and parts.hostname not in _SCHEMES
    return parts if is_host and _is_path(parts.path) else None


def _is_path(path: str) -> bool:
    """Tell whether a path, empty or without a ``/`` at its end, is requested as it is written."""
    read = unquote(path)
    is_plain = read.isprintable() and " " not in read and not {".", ".."} & set(read.split("/"))
    is_path = len(path) < _LONGEST_PATH and _SEGMENTS.fullmatch(path) is not None
    return is_plain and is_path and not path.endswith(":")  # that is a scheme

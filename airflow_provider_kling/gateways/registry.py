"""The gateways there are, by the names that a connection uses."""

from __future__ import annotations

import re

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.gateways.base import Gateway
from airflow_provider_kling.gateways.kling import KlingGateway
from airflow_provider_kling.gateways.modellix import ModellixGateway
from airflow_provider_kling.http.url import web_url

GATEWAYS: dict[str, type[Gateway]] = {one.name: one for one in (ModellixGateway, KlingGateway)}
"""The first is the default."""

_URL = re.compile(r"https?://[!-~]+")


def gateway_class(name: str | None = None) -> type[Gateway]:
    """Return the gateway of a name; the default one for None.

    :raises KlingRequestError: there is no such gateway.
    """
    if name is None:
        return next(iter(GATEWAYS.values()))
    if name not in GATEWAYS:
        names = " or ".join(map(repr, GATEWAYS))
        rule = BrokenRule(field="gateway", rule=f"must be {names}", value=name)
        raise KlingRequestError(subject="the Kling connection", broken=[rule])
    return GATEWAYS[name]


def make_gateway(
    *,
    name: str | None = None,
    api_version: str | None = None,
    webhook_url: str | None = None,
    login: str | None = None,
) -> Gateway:
    """Return the gateway that a connection names; see :class:`Gateway`. None is the default.

    :param login: of the connection, on which the API version and what can be read may depend.
    :raises KlingRequestError: there is no such gateway or version, or the URL is none.
    """
    kind = gateway_class(name)
    broken: list[BrokenRule] = []
    try:
        api_version = kind.choose_version(api_version, login=login)
    except KlingRequestError as error:
        broken += error.broken
    if webhook_url is not None and not (_URL.fullmatch(webhook_url) and web_url(webhook_url)):
        rule = "must be a web address in printable ASCII: it is sent as a header"
        broken.append(BrokenRule(field="webhook_url", rule=rule))
    if broken or api_version is None:
        raise KlingRequestError(subject="the Kling connection", broken=broken)
    return kind(api_version=api_version, webhook_url=webhook_url, login=login)

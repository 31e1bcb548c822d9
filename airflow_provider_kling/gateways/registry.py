"""The gateways there are, by the names a connection uses."""

from __future__ import annotations

import re

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.gateways.base import Gateway
from airflow_provider_kling.gateways.modellix import ModellixGateway
from airflow_provider_kling.gateways.modellix.api_version import CONTRACTS, DEFAULT_CONTRACT
from airflow_provider_kling.gateways.modellix.gateway import DEFAULT_BASE_URL

__all__ = ["DEFAULT_BASE_URL", "DEFAULT_GATEWAY", "make_gateway"]

DEFAULT_GATEWAY = "modellix"
_WEB_ADDRESS = re.compile(r"https?://[!-~]+")


def make_gateway(
    *, name: str = DEFAULT_GATEWAY, contract: str | None = None, webhook_url: str | None = None
) -> Gateway:
    """Return the gateway a connection names.

    :param name: ``modellix``.
    :param contract: which generation of the service's documents to speak; None for the gateway's default.
    :param webhook_url: where the service also reports the end of each task.
    :raises KlingRequestError: there is no such gateway or contract.
    """
    broken = []
    if name != DEFAULT_GATEWAY:
        broken.append(BrokenRule(field="gateway", rule=f"must be {DEFAULT_GATEWAY!r}", value=name))
    if contract is not None and contract not in CONTRACTS:
        names = " or ".join(repr(known) for known in CONTRACTS)
        broken.append(BrokenRule(field="contract", rule=f"must be {names}", value=contract))
    if webhook_url is not None and not _WEB_ADDRESS.fullmatch(webhook_url):
        rule = "must be a web address in printable ASCII: it is sent as a header"
        broken.append(BrokenRule(field="webhook_url", rule=rule))
    if broken:
        raise KlingRequestError(subject="the Kling connection", broken=broken)
    return ModellixGateway(contract=CONTRACTS[contract or DEFAULT_CONTRACT], webhook_url=webhook_url)

"""What Modellix tells about the team that a key belongs to (docs: get-team-balance, validate-api-key)."""

from __future__ import annotations

from decimal import Decimal

from airflow_provider_kling.exceptions import KlingProtocolError
from airflow_provider_kling.gateways.json_values import amount
from airflow_provider_kling.gateways.modellix.response import parse_data
from airflow_provider_kling.http.message import Call, HttpRequest, HttpResponse, Operation


class ModellixAccount:
    """See :class:`~airflow_provider_kling.gateways.base.Account`."""

    unit = "USD"

    def balance(self) -> Call[Decimal]:
        """Read the balance."""
        return Call(
            request=HttpRequest(method="GET", path="/api/v1/team/balance"),
            parse=_parse_balance,
            idempotent=True,
            operation=Operation.OTHER,
        )

    def key_validation(self) -> Call[bool]:
        """Ask whether the key is valid. The service answers 200 in both cases."""
        return Call(
            request=HttpRequest(method="GET", path="/api/v1/apikey/validate"),
            parse=_parse_key_validation,
            idempotent=True,
            operation=Operation.OTHER,
        )


def _parse_balance(response: HttpResponse) -> Decimal:
    balance = amount(parse_data(response).get("balance"))
    if balance is None:
        raise KlingProtocolError(f"{response.request} was answered without a balance")
    return balance


def _parse_key_validation(response: HttpResponse) -> bool:
    return parse_data(response).get("is_valid") is True

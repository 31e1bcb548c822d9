"""An access key with its secret key: both make a token, valid for half an hour (docs: authentication).

The token is a JSON Web Token (RFC 7519). PyJWT makes it: every Airflow has it, and we could only sign worse.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import jwt

from airflow_provider_kling.http.credentials import Signature
from airflow_provider_kling.http.message import HttpRequest

LIFETIME_S: Final = 1800
_BEFORE_S: Final = 5  # the documents' allowance for a clock that is ahead
_MARGIN_S: Final = 300  # a token is replaced so long before it expires


@dataclass(frozen=True)
class AccessKey:
    """Signs requests with a token of both keys. It is made again before it expires.

    :param access_key: names the account. It is no secret, but without the other key it is of no use.
    :param secret_key: signs the token, and is never sent.
    """

    access_key: str
    secret_key: str = field(repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret key."""
        return (self.secret_key,)

    def sign(self, request: HttpRequest, *, now: float) -> Signature:
        """Return the header with a token, which is valid for every request until it expires."""
        del request
        claims = {"iss": self.access_key, "exp": int(now) + LIFETIME_S, "nbf": int(now) - _BEFORE_S}
        token = jwt.encode(claims, self.secret_key, algorithm="HS256")
        return Signature(
            headers={"Authorization": f"Bearer {token}"},
            secrets=(token,),
            valid_until=now + LIFETIME_S - _MARGIN_S,
        )

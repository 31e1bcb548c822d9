"""URLs of files: signed and short-lived, like those of a storage service."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request

from airflow_provider_kling.sandbox.core.stable_ids import stable_id

RESULTS: Final = "/results"
UPLOADS: Final = "/uploads"


@dataclass(frozen=True, kw_only=True)
class UrlSigner:
    """Signs paths together with an expiry time. A URL in which either was changed is not valid."""

    seed: int

    def sign(self, path: str, *, base_url: str, expires_at: float) -> str:
        """Return the URL of a path.

        :param expires_at: in epoch seconds; the URL is valid until the next full second.
        """
        expires = str(math.ceil(expires_at))
        query = urlencode({"Expires": expires, "Signature": self._signature(path, expires)})
        return f"{base_url}{path}?{query}"

    def is_valid(self, path: str, query: Mapping[str, str], *, now: float) -> bool:
        """Whether a URL with this query is valid at a moment, in epoch seconds."""
        expires = query.get("Expires", "")
        return query.get("Signature") == self._signature(path, expires) and now < int(expires)

    def _signature(self, path: str, expires: str) -> str:
        return stable_id(self.seed, path, expires)[:40]


def base_url_of(request: Request) -> str:
    """Return the address under which the client reached the sandbox."""
    return str(request.base_url).rstrip("/")

"""Addresses of files: signed and short-lived, as a storage service's are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request

from airflow_provider_kling.sandbox.opaque import opaque

RESULTS: Final = "/results"
UPLOADS: Final = "/uploads"


@dataclass(frozen=True, kw_only=True)
class Signer:
    """Signs paths, each until a moment in epoch seconds; a link is worth nothing when either is changed."""

    seed: int

    def link(self, path: str, *, base: str, expires_at: float) -> str:
        """Return the address of a path; it opens at least until the moment, and less than a second longer."""
        expires = str(math.ceil(expires_at))
        query = urlencode({"Expires": expires, "Signature": self._signature(path, expires)})
        return f"{base}{path}?{query}"

    def opens(self, path: str, query: Mapping[str, str], *, now: float) -> bool:
        """Whether a link with this query opens a path at a moment."""
        expires = query.get("Expires", "")
        return query.get("Signature") == self._signature(path, expires) and now < int(expires)

    def _signature(self, path: str, expires: str) -> str:
        return opaque(self.seed, path, expires)[:40]


def base_of(request: Request) -> str:
    """Return the address under which a client reached the sandbox."""
    return str(request.base_url).rstrip("/")

"""Gets the bytes of what a request brings: decodes Base64, downloads URLs."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

import httpx

from airflow_provider_kling.sandbox.material import Material, UnusableMediaError
from airflow_provider_kling.sandbox.order import Input, Medium

FETCHER: Final = "kling-sandbox-fetch"  # its User-Agent, by which its own downloads are told from a client's
_FETCH_TIMEOUT_S: Final = 30.0
# Where the contract names no bound.
_MAX_BYTES: Final = {Medium.IMAGE: 50 * 2**20, Medium.VIDEO: 200 * 2**20, Medium.SOUND: 50 * 2**20}


async def fetched(entry: Input, *, limits: Mapping[str, Any]) -> Material:
    """Return an input's bytes. Raises UnusableMediaError."""
    cap = int(limits.get("max_bytes", _MAX_BYTES[entry.medium]))
    if entry.text.startswith(("http://", "https://")):
        data = await _downloaded(entry, cap=cap)
    else:
        data = _decoded(entry)
    if len(data) > cap:
        raise UnusableMediaError(f"{entry.name} is larger than {cap} bytes")
    return Material(name=entry.name, medium=entry.medium, data=data)


def _decoded(entry: Input) -> bytes:
    try:
        return base64.b64decode("".join(entry.text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnusableMediaError(f"{entry.name} is neither a URL nor Base64") from error


async def _downloaded(entry: Input, *, cap: int) -> bytes:
    """Return what lies at an address, or its beginning, which is longer than the cap."""
    data = bytearray()
    try:
        async with (
            asyncio.timeout(_FETCH_TIMEOUT_S),
            httpx.AsyncClient(
                follow_redirects=True, max_redirects=5, timeout=10, headers={"User-Agent": FETCHER}
            ) as client,
            client.stream("GET", entry.text) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise UnusableMediaError(f"{entry.name} cannot be fetched: status {answer.status_code}")
            async for chunk in answer.aiter_bytes():
                data += chunk
                if len(data) > cap:
                    break
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        raise UnusableMediaError(f"{entry.name} cannot be fetched: {type(error).__name__}") from error
    return bytes(data)

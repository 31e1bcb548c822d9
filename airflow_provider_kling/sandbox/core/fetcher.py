"""Fetches the input files of a request: decodes Base64, downloads URLs."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

import httpx

from airflow_provider_kling.sandbox.render.media_input import InvalidMediaError, MediaInput
from airflow_provider_kling.sandbox.render.render_spec import MediaKind, MediaReference

USER_AGENT: Final = "kling-sandbox-fetch"  # tells the sandbox's own downloads from those of clients
_TIMEOUT_S: Final = 30.0
# The sandbox's own bounds, where the fact file has none.
_MAX_BYTES: Final = {
    MediaKind.IMAGE: 50 * 2**20,
    MediaKind.VIDEO: 200 * 2**20,
    MediaKind.AUDIO: 50 * 2**20,
}


async def fetch_input(reference: MediaReference, *, limits: Mapping[str, Any]) -> MediaInput:
    """Return an input file with its content.

    :param limits: the documented bounds; only ``max_bytes`` is checked here.
    :raises InvalidMediaError: it cannot be fetched, or is too large.
    """
    max_bytes = int(limits.get("max_bytes", _MAX_BYTES[reference.kind]))
    if reference.text.startswith(("http://", "https://")):
        data = await _download(reference, max_bytes=max_bytes)
    else:
        data = _decode(reference)
    if len(data) > max_bytes:
        raise InvalidMediaError(f"{reference.name} is larger than {max_bytes} bytes")
    return MediaInput(name=reference.name, kind=reference.kind, data=data)


def _decode(reference: MediaReference) -> bytes:
    try:
        return base64.b64decode("".join(reference.text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidMediaError(f"{reference.name} is neither a URL nor Base64") from error


async def _download(reference: MediaReference, *, max_bytes: int) -> bytes:
    """Return the file at a URL, or only its beginning where it is larger than ``max_bytes``."""
    data = bytearray()
    try:
        async with (
            asyncio.timeout(_TIMEOUT_S),
            httpx.AsyncClient(
                follow_redirects=True, max_redirects=5, timeout=10, headers={"User-Agent": USER_AGENT}
            ) as client,
            client.stream("GET", reference.text) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise InvalidMediaError(
                    f"{reference.name} cannot be downloaded: status {response.status_code}"
                )
            async for chunk in response.aiter_bytes():
                data += chunk
                if len(data) > max_bytes:
                    break
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        message = f"{reference.name} cannot be downloaded: {type(error).__name__}"
        raise InvalidMediaError(message) from error
    return bytes(data)

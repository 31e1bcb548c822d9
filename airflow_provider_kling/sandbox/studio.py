"""Turns orders into files: fetches the inputs, paints in one background thread, keeps what was painted."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import threading
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

import httpx

from airflow_provider_kling.sandbox.order import ClipOrder
from airflow_provider_kling.sandbox.video.painter import Clip, Limits, cover, paint, read_clip
from airflow_provider_kling.sandbox.video.source import UnusableMediaError

log = logging.getLogger(__name__)

FETCHER: Final = "kling-sandbox-fetch"  # its User-Agent, by which its own downloads are told from a client's
_FETCH_TIMEOUT_S: Final = 30.0
_MAX_BYTES: Final = {"images": 50 * 2**20, "videos": 200 * 2**20}  # where the contract names no bound
_CACHE_BYTES: Final = 512 * 2**20


@dataclass(frozen=True, kw_only=True)
class Footage:
    """The files of one result."""

    clip: Clip
    cover: Path


class Studio:
    """Makes clips; the same seed, order and input bytes give the same file, painted once.

    The folder is the memory: a clip that lies there is not painted again. ``in_use`` names the files that
    results still need; others go, the least used first, above ``cap_bytes``.
    """

    def __init__(
        self,
        *,
        folder: Path,
        seed: int,
        in_use: Callable[[], Collection[Path]],
        cap_bytes: int = _CACHE_BYTES,
    ) -> None:
        self._folder = folder
        self._seed = seed
        self._in_use = in_use
        self._cap_bytes = cap_bytes
        # One thread, not processes: an encoder gives up the interpreter's lock while it works, and a thread
        # cannot outlive the sandbox.
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="kling-sandbox-painter")

    async def produce(self, order: ClipOrder, *, limits: Limits) -> Footage:
        """Fetch the inputs and paint the clip. Raises UnusableMediaError where an input cannot be used."""
        images = [
            await _load(text, name=f"images[{index}]", cap=_cap("images", limits))
            for index, text in enumerate(order.images)
        ]
        videos = [
            await _load(text, name=f"videos[{index}]", cap=_cap("videos", limits))
            for index, text in enumerate(order.videos)
        ]
        dropped = threading.Event()
        work = partial(self._paint, order, tuple(images), tuple(videos), limits, dropped)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._worker, work)
        except asyncio.CancelledError:
            dropped.set()
            raise

    def close(self) -> None:
        """End the thread, once the clip that it is painting is done or dropped."""
        self._worker.shutdown(wait=True, cancel_futures=True)

    def _paint(
        self,
        order: ClipOrder,
        images: tuple[bytes, ...],
        videos: tuple[bytes, ...],
        limits: Limits,
        dropped: threading.Event,
    ) -> Footage:
        key = order.fingerprint(seed=self._seed, inputs=(*images, *videos))
        target = self._folder / f"{key}.mp4"
        picture = target.with_suffix(".jpg")
        if not target.exists():
            draft = target.with_suffix(".part")
            try:
                paint(
                    order,
                    draft,
                    images=images,
                    videos=videos,
                    limits=limits,
                    rng=Random(key),  # noqa: S311  - decides colours, not secrets
                    cancelled=dropped.is_set,
                )
                cover(draft, picture)
                draft.rename(target)  # last, so that a file under its final name is whole
            finally:
                draft.unlink(missing_ok=True)
        target.touch()
        self._tidy(spare=target)
        return Footage(clip=read_clip(target), cover=picture)

    def _tidy(self, *, spare: Path) -> None:
        """Remove clips that were not used for longest and that no result needs, while there is too much."""
        needed = {spare, *self._in_use()}
        clips = sorted(self._folder.glob("*.mp4"), key=lambda path: path.stat().st_mtime)
        total = sum(path.stat().st_size for path in clips)
        for path in clips:
            if total <= self._cap_bytes:
                return
            if path not in needed:
                total -= path.stat().st_size
                path.unlink()
                path.with_suffix(".jpg").unlink(missing_ok=True)


def _cap(kind: str, limits: Limits) -> int:
    return int(limits.get(kind, {}).get("max_bytes", _MAX_BYTES[kind]))


async def _load(text: str, *, name: str, cap: int) -> bytes:
    """Return the bytes of a URL or Base64 string. Raises UnusableMediaError."""
    if text.startswith(("http://", "https://")):
        return await _fetch(text, name=name, cap=cap)
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnusableMediaError(f"{name} is neither a URL nor Base64") from error
    if len(data) > cap:
        raise UnusableMediaError(f"{name} is larger than {cap} bytes")
    return data


async def _fetch(url: str, *, name: str, cap: int) -> bytes:
    data = bytearray()
    try:
        async with (
            asyncio.timeout(_FETCH_TIMEOUT_S),
            httpx.AsyncClient(
                follow_redirects=True, max_redirects=5, timeout=10, headers={"User-Agent": FETCHER}
            ) as client,
            client.stream("GET", url) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise UnusableMediaError(f"{name} cannot be fetched: status {answer.status_code}")
            async for chunk in answer.aiter_bytes():
                data += chunk
                if len(data) > cap:
                    raise UnusableMediaError(f"{name} is larger than {cap} bytes")
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        raise UnusableMediaError(f"{name} cannot be fetched: {type(error).__name__}") from error
    return bytes(data)

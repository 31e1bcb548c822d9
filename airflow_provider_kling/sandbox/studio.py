"""Turns orders into files: fetches the inputs, paints in one background thread, keeps what was painted."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from airflow_provider_kling.sandbox.fetcher import fetched
from airflow_provider_kling.sandbox.material import Limits, Material
from airflow_provider_kling.sandbox.order import ClipOrder, Order, PictureOrder
from airflow_provider_kling.sandbox.picture.painter import paint_pictures
from airflow_provider_kling.sandbox.result import STEM, Result, read_results
from airflow_provider_kling.sandbox.video.painter import cover, paint_clip

_CACHE_BYTES: Final = 512 * 2**20
_DONE: Final = ".made"
_DRAFT: Final = ".part"


class Studio:
    """Makes results; the same seed, order and input bytes give the same files, painted once.

    The folder is the memory: it holds a folder for each order, and what lies there is not painted again.
    ``in_use`` names the order's folders that results still need; others go, the least used first, above
    ``cap_bytes``.
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

    async def produce(self, order: Order, *, limits: Limits) -> tuple[Result, ...]:
        """Fetch the inputs and make the files. Raises UnusableMediaError where an input cannot be used."""
        materials = [await fetched(entry, limits=limits.get(entry.medium, {})) for entry in order.inputs]
        dropped = threading.Event()
        work = partial(self._made, order, materials, limits, dropped)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._worker, work)
        except asyncio.CancelledError:
            dropped.set()
            raise

    def close(self) -> None:
        """End the thread, once what it is painting is done or dropped."""
        self._worker.shutdown(wait=True, cancel_futures=True)

    def _made(
        self, order: Order, materials: list[Material], limits: Limits, dropped: threading.Event
    ) -> tuple[Result, ...]:
        key = order.fingerprint(seed=self._seed, inputs=tuple(material.data for material in materials))
        target = self._folder / f"{key}{_DONE}"
        if not target.exists():
            draft = target.with_suffix(_DRAFT)
            shutil.rmtree(draft, ignore_errors=True)  # of a run that was killed
            draft.mkdir()
            try:
                rng = Random(key)  # noqa: S311  - decides colours, not secrets
                self._paint(order, draft / STEM, materials, limits, rng, dropped)
                draft.rename(target)  # last, so that a folder under its final name is whole
            finally:
                shutil.rmtree(draft, ignore_errors=True)
        os.utime(target)
        self._tidy(spare=target)
        return read_results(target)

    def _paint(
        self,
        order: Order,
        stem: Path,
        materials: list[Material],
        limits: Limits,
        rng: Random,
        dropped: threading.Event,
    ) -> None:
        unwanted = dropped.is_set
        match order:
            case ClipOrder():
                clip = stem.with_suffix(".mp4")
                paint_clip(order, clip, materials=materials, limits=limits, rng=rng, cancelled=unwanted)
                cover(clip, stem.with_suffix(".jpg"))
            case PictureOrder():
                paint_pictures(order, stem, materials=materials, limits=limits, rng=rng, cancelled=unwanted)

    def _tidy(self, *, spare: Path) -> None:
        """Remove what was not used for longest and what no result needs, while there is too much."""
        needed = {spare, *self._in_use()}
        sizes = {
            path: sum(file.stat().st_size for file in path.iterdir())
            for path in self._folder.glob(f"*{_DONE}")
        }
        total = sum(sizes.values())
        for path in sorted(sizes, key=lambda path: path.stat().st_mtime):
            if total <= self._cap_bytes:
                return
            if path not in needed:
                total -= sizes[path]
                shutil.rmtree(path)

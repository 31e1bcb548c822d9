"""Renders the files of a spec in one background thread, and keeps what was rendered."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from airflow_provider_kling.sandbox.render.audio.encoder import make_audio
from airflow_provider_kling.sandbox.render.image.painter import paint_images
from airflow_provider_kling.sandbox.render.media_input import MediaInput, MediaLimits
from airflow_provider_kling.sandbox.render.render_spec import AudioSpec, ImageSpec, RenderSpec, VideoSpec
from airflow_provider_kling.sandbox.render.result import STEM, Result, read_results
from airflow_provider_kling.sandbox.render.video.painter import paint_video, write_cover

_CACHE_BYTES: Final = 512 * 2**20
_COMPLETE: Final = ".done"
_PARTIAL: Final = ".part"


class Renderer:
    """Renders results. The same seed, spec and input files give the same bytes, rendered only once.

    The folder is a cache with one subfolder for each spec.

    :param in_use: returns the subfolders that tasks still need. When the cache is larger than
        ``cache_bytes``, the others are removed, the least recently used first.
    """

    def __init__(
        self,
        *,
        folder: Path,
        seed: int,
        in_use: Callable[[], Collection[Path]],
        cache_bytes: int = _CACHE_BYTES,
    ) -> None:
        self._folder = folder
        self._seed = seed
        self._in_use = in_use
        self._cache_bytes = cache_bytes
        # One thread, not processes: the encoder releases the interpreter lock while it works, and a thread
        # cannot outlive the sandbox.
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="kling-sandbox-renderer")

    async def render(
        self, spec: RenderSpec, *, inputs: Sequence[MediaInput], limits: MediaLimits
    ) -> tuple[Result, ...]:
        """Return the files of a spec, rendered now or before.

        :raises InvalidMediaError: an input file cannot be used.
        """
        cancelled = threading.Event()
        work = partial(self._cached, spec, inputs, limits, cancelled)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._worker, work)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    def close(self) -> None:
        """Stop the thread, after the current file is finished or cancelled."""
        self._worker.shutdown(wait=True, cancel_futures=True)

    def _cached(
        self, spec: RenderSpec, inputs: Sequence[MediaInput], limits: MediaLimits, cancelled: threading.Event
    ) -> tuple[Result, ...]:
        key = spec.fingerprint(seed=self._seed, inputs=tuple(media.data for media in inputs))
        complete = self._folder / f"{key}{_COMPLETE}"
        if not complete.exists():
            partial_folder = complete.with_suffix(_PARTIAL)
            shutil.rmtree(partial_folder, ignore_errors=True)  # left by a run that was killed
            partial_folder.mkdir()
            try:
                rng = Random(key)  # noqa: S311  - decides colours, not secrets
                _paint(spec, partial_folder / STEM, inputs, limits, rng, cancelled)
                partial_folder.rename(complete)  # last, so that a folder with its final name is complete
            finally:
                shutil.rmtree(partial_folder, ignore_errors=True)
        os.utime(complete)
        self._evict(keep=complete)
        return read_results(complete)

    def _evict(self, *, keep: Path) -> None:
        """Remove the least recently used folders that no result needs, while the cache is too large."""
        needed = {keep, *self._in_use()}
        sizes = {
            path: sum(file.stat().st_size for file in path.iterdir())
            for path in self._folder.glob(f"*{_COMPLETE}")
        }
        total = sum(sizes.values())
        for path in sorted(sizes, key=lambda path: path.stat().st_mtime):
            if total <= self._cache_bytes:
                return
            if path not in needed:
                total -= sizes[path]
                shutil.rmtree(path)


def _paint(
    spec: RenderSpec,
    stem: Path,
    inputs: Sequence[MediaInput],
    limits: MediaLimits,
    rng: Random,
    cancelled: threading.Event,
) -> None:
    match spec:
        case VideoSpec():
            video = stem.with_suffix(".mp4")
            paint_video(spec, video, inputs=inputs, limits=limits, rng=rng, cancelled=cancelled.is_set)
            write_cover(video, stem.with_suffix(".jpg"))
        case AudioSpec():
            make_audio(spec, stem, rng=rng)
        case ImageSpec():
            paint_images(spec, stem, inputs=inputs, limits=limits, rng=rng, cancelled=cancelled.is_set)

"""Downloading to a path of a file system, as the storing of results does it."""

from __future__ import annotations

from typing import Any

from airflow_provider_kling.media.atomic_writer import AtomicWriter
from airflow_provider_kling.media.download import Download, Downloader


def download_to(path: str, url: str, *, files: Any, downloader: Downloader) -> Download:
    """Download ``url``; a file appears at ``path`` when it is whole."""
    with AtomicWriter(files=files, path=path, owner="tests") as writer:
        download = downloader.fetch(writer, url)
        writer.commit()
    return download

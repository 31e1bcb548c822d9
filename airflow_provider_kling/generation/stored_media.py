"""What is done with a result that is stored: measuring it, and making its poster."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from airflow.sdk import ObjectStoragePath

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.generation.files import reading, write
from airflow_provider_kling.media.frames import read_poster
from airflow_provider_kling.media.media_info import MediaInfo, differences
from airflow_provider_kling.media.probe import probe
from airflow_provider_kling.media.pyav import HAS_PYAV

log = logging.getLogger(__name__)

_RATIO = re.compile(r"\d+:\d+")
_AUDIO = {"on": True, "native": True, "off": False}


def probe_stored(file: ObjectStoragePath, *, request: Mapping[str, Any] | None) -> MediaInfo | None:
    """Return the properties of a stored video or image; None where the extra ``media`` is not installed.

    What differs from the request is logged as a warning, not raised: it was paid for.

    :param request: the fields of the request, where they are known.
    :raises KlingMediaError: the file cannot be decoded. It stays in the storage.
    """
    if not HAS_PYAV:
        return None
    try:
        with reading(file) as stored:
            info = probe(stored, name=file.name)
    except KlingMediaError as error:
        raise KlingMediaError(
            f"{error}. It was paid for and stays stored as {file}; downloading it again gives the same file.",
            retryable=error.retryable,
        ) from error
    for difference in differences(info, **_requested(request or {})):
        log.warning("%s is not what was requested: %s", file, difference)
    return info


def write_poster(video: ObjectStoragePath) -> str | None:
    """Store an image that represents a video beside it, and return its URI.

    A video without a poster is no failure: None is returned, and the reason is logged as a warning.
    """
    file = video.with_name(f"{PurePosixPath(video.name).stem}.jpg")
    try:
        with reading(video) as stored:
            poster = read_poster(stored, name=video.name)
        write(file, [poster.content])
    except KlingMediaError as error:
        log.warning("No poster could be made: %s", error)
        return None
    return str(file)


def _requested(request: Mapping[str, Any]) -> dict[str, Any]:
    ratio, duration = request.get("aspect_ratio"), request.get("duration")
    return {
        "aspect_ratio": ratio if isinstance(ratio, str) and _RATIO.fullmatch(ratio) else None,
        "duration_s": float(duration) if isinstance(duration, int) else None,
        "audio": _AUDIO.get(str(request.get("sound", request.get("audio")))),
    }

"""Looking into a stored result: what it is, and where that is not what was asked for."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

from airflow.sdk import ObjectStoragePath

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.generation.files import reading
from airflow_provider_kling.media.facts import MediaFacts, disagreements
from airflow_provider_kling.media.library import HAS_LIBRARY
from airflow_provider_kling.media.probe import probe

log = logging.getLogger(__name__)

_RATIO = re.compile(r"\d+:\d+")
_SOUND = {"on": True, "native": True, "off": False}


def measure(file: ObjectStoragePath, *, request: Mapping[str, Any] | None) -> MediaFacts | None:
    """Return what a stored video or picture is; None where the extra ``media`` is not installed.

    What is not as it was asked for is warned of: it was paid for all the same.

    :param request: the fields that were asked for, where they are known.
    :raises KlingMediaError: it cannot be decoded. The file stays.
    """
    if not HAS_LIBRARY:
        return None
    try:
        with reading(file) as stored:
            facts = probe(stored, name=file.name)
    except KlingMediaError as error:
        raise KlingMediaError(
            f"{error}. It was paid for and stays where it was stored, as {file}; to fetch it again brings "
            "the same.",
            retryable=error.retryable,
        ) from error
    for difference in disagreements(facts, **_asked(request or {})):
        log.warning("%s is not what was asked for: %s", file, difference)
    return facts


def _asked(request: Mapping[str, Any]) -> dict[str, Any]:
    ratio, seconds = request.get("aspect_ratio"), request.get("duration")
    return {
        "ratio": ratio if isinstance(ratio, str) and _RATIO.fullmatch(ratio) else None,
        "seconds": float(seconds) if isinstance(seconds, int) else None,
        "sound": _SOUND.get(str(request.get("sound", request.get("audio")))),
    }

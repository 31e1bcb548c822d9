"""The input files of a request, downloaded or decoded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_kling.sandbox.render.render_spec import MediaKind

# The bounds of input files by kind, as the fact files state them.
MediaLimits = Mapping[str, Mapping[str, Any]]


class RenderCancelledError(Exception):
    """The result is no longer needed."""


class InvalidMediaError(ValueError):
    """An input file that cannot be fetched or decoded, or that exceeds a documented limit."""


class InvalidSizeError(InvalidMediaError):
    """An image whose sides or whose aspect ratio exceed a documented limit."""


@dataclass(frozen=True, kw_only=True)
class MediaInput:
    """The content of an input file.

    :param name: the request parameter, as error messages show it, such as ``images[0]``.
    """

    name: str
    kind: MediaKind
    data: bytes


def of_kind(kind: MediaKind, inputs: Iterable[MediaInput]) -> list[MediaInput]:
    """Return the inputs of one kind, in their order."""
    return [media for media in inputs if media.kind is kind]

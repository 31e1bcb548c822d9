"""A request as a service wants it, on its way from the author's fields to the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.models import Estimate, MediaLimits

FieldPath = tuple[str | int, ...]
"""Where a value is in a body: names of fields, and numbers of items."""


@dataclass(frozen=True, kw_only=True)
class MediaField:
    """A place in a body that holds a media file: a link, Base64, or the URI of a stored file.

    :param path: where it is in the encoded body.
    :param name: the field as the DAG's author wrote it, for messages.
    :param type: what it has to hold; None where nothing says so.
    """

    path: FieldPath
    name: str
    type: MediaType | None
    value: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class EncodedRequest:
    """A request in a service's own words.

    :param model: the model as the service names it, which may differ from the author's.
    :param path: where it is sent, below the base URL.
    :param body: the JSON object that is sent, with media as the author gave them.
    :param media: where the body holds media.
    :param limits: what the service documents about the media it takes.
    :param links_only: types of files that are sent as links, and never inline.
    :param estimate: what it will cost; None where no price is published, or it depends on what is not known.
    """

    model: str
    path: str
    body: Mapping[str, Any] = field(repr=False)
    media: tuple[MediaField, ...] = ()
    limits: Mapping[MediaType, MediaLimits] = field(default_factory=dict)
    links_only: frozenset[MediaType] = frozenset()
    estimate: Estimate | None = None

    def with_media(self, values: Mapping[FieldPath, str]) -> EncodedRequest:
        """Return the request with other values at some of its media fields."""
        if not values:
            return self
        media = tuple(replace(one, value=values.get(one.path, one.value)) for one in self.media)
        return replace(self, body=_replaced((), self.body, values), media=media)


def _replaced(path: FieldPath, value: Any, values: Mapping[FieldPath, str]) -> Any:
    if path in values:
        return values[path]
    if isinstance(value, Mapping):
        return {name: _replaced((*path, name), inner, values) for name, inner in value.items()}
    if isinstance(value, list):
        return [_replaced((*path, number), inner, values) for number, inner in enumerate(value)]
    return value

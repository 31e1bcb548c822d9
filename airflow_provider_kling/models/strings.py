"""The strings of a request body, each with what it holds: a file, a text, or anything else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from airflow_provider_kling.models.annotations import Media, PromptText
from airflow_provider_kling.models.base import KlingRequest

Path = tuple[str | int, ...]
"""A field's name, and what leads on from there: the keys of dicts and the numbers of items in lists."""

# The names of texts where no class says what a field holds: every documented model calls its texts so.
_PROMPTS = frozenset({"prompt", "negative_prompt"})


@dataclass(frozen=True, kw_only=True)
class BodyString:
    """A string in a request body.

    :param path: where it is in the body.
    :param value: the string itself.
    :param holds: a file and its type, a text, or None for any other value. ``Media(None)``: no class
        declares the field, so that the string may be a file of any type.
    """

    path: Path
    value: str
    holds: Media | PromptText | None

    @property
    def name(self) -> str:
        """The path as error messages write it, such as ``dynamic_masks[0].mask``."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path[1:])
        return f"{self.path[0]}{''.join(steps)}"


def body_strings(request: KlingRequest, body: Mapping[str, Any] | None = None) -> Iterator[BodyString]:
    """Yield every string of a request body, at any depth, in the order of the body.

    What a string holds is what the class of the request says of its field. Fields that it does not declare
    (those of an unknown model, and extra parameters) fall back to this rule: the strings called ``prompt`` or
    ``negative_prompt``, at any depth, are texts; any other may be a file of an unknown type.

    :param body: the body that is sent, where it has more fields than the request or other values; by default
        the request's own.
    """
    declared = _declared(request.declaring_class)
    for field, value in (request.body() if body is None else body).items():
        holds = declared.get(field, Media(None))
        yield from _strings((field,), value, holds=holds, is_declared=field in declared)


def _strings(
    path: Path, value: object, *, holds: Media | PromptText | None, is_declared: bool
) -> Iterator[BodyString]:
    if isinstance(value, str):
        is_prompt = not is_declared and path[-1] in _PROMPTS
        yield BodyString(path=path, value=value, holds=PromptText() if is_prompt else holds)
        return
    inner: Iterable[tuple[Any, object]] = ()
    if isinstance(value, Mapping):
        inner = value.items()
    elif isinstance(value, list | tuple):
        inner = enumerate(value)
    for step, item in inner:
        yield from _strings((*path, step), item, holds=holds, is_declared=is_declared)


@cache
def _declared(request: type[KlingRequest]) -> Mapping[str, Media | PromptText | None]:
    return {
        name: next(_annotations((*field.metadata, field.annotation)), None)
        for name, field in request.model_fields.items()
    }


def _annotations(parts: Iterable[object]) -> Iterator[Media | PromptText]:
    for part in parts:
        if isinstance(part, Media | PromptText):
            yield part
        else:
            yield from _annotations(get_args(part))

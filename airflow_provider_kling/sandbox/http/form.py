"""Parses a body of the type multipart/form-data."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Final

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

FORM: Final = "multipart/form-data"

# The parser warns of each malformed form; the response says it already.
logging.getLogger("python_multipart").addHandler(logging.NullHandler())


class MalformedFormError(ValueError):
    """The body is not multipart/form-data, or is not complete."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a form.

    :param filename: None for a text field.
    :param type: the content type that the client declared.
    """

    name: str
    filename: str | None
    type: str | None
    data: bytes

    @property
    def summary(self) -> dict[str, Any]:
        """Return what the part is, without its content."""
        return {"name": self.name, "filename": self.filename, "type": self.type, "size": len(self.data)}


async def parse_form(body: bytes, *, content_type: str) -> list[Part]:
    """Return the parts in their order.

    :raises MalformedFormError: the body is not a complete form.
    """
    if content_type.partition(";")[0].strip().lower() != FORM:
        raise MalformedFormError(f"the body is not {FORM}")
    parser = _InMemoryParser(Headers({"content-type": content_type}), _chunks(body))
    try:
        form = await parser.parse()
    except (MultiPartException, ValueError) as error:  # older Starlette: the parser's own ValueError
        raise MalformedFormError(str(error)) from error
    return [await _part(name, value) for name, value in form.multi_items()]


class _InMemoryParser(MultiPartParser):
    # The body is in memory already, and its size is bounded.
    spool_max_size = 2**31


async def _chunks(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body


async def _part(name: str, value: str | UploadFile) -> Part:
    if isinstance(value, str):
        return Part(name=name, filename=None, type=None, data=value.encode())
    return Part(name=name, filename=value.filename, type=value.content_type, data=await value.read())

"""The names of models: ``kling-v2.6-t2v`` for one of Kling's, ``provider/model`` for any."""

from __future__ import annotations

import re
from dataclasses import dataclass

DEFAULT_PROVIDER = "kling"
# What a path can hold; a longer or stranger text is not the name of a model.
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True)
class ModelName:
    """A model at the service. Names are case-sensitive (docs: error-handling).

    :param provider: whose model it is, such as ``kling``.
    :param slug: its name at the provider, such as ``kling-v2.6-t2v``.
    """

    provider: str
    slug: str

    def __str__(self) -> str:
        """Read as authors write it: Kling's own models without their provider."""
        return self.slug if self.provider == DEFAULT_PROVIDER else f"{self.provider}/{self.slug}"


def parse_name(text: str) -> ModelName | None:
    """Parse ``model`` or ``provider/model``; None for a text that is neither."""
    provider, slash, slug = text.rpartition("/")
    parts = (provider if slash else DEFAULT_PROVIDER, slug)
    return ModelName(*parts) if all(map(_PART.fullmatch, parts)) else None

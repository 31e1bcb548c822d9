"""The models that this release knows, read from their facts files."""

from __future__ import annotations

import json
from importlib import resources
from importlib.resources.abc import Traversable

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.models.model import KlingModel, ModelName, parse_name

# One or two wrong characters, or hyphens for dots as in the addresses of the service's pages.
_CLOSE = 0.85


class ModelRegistry:
    """The models of a folder of facts files. A file is read when its model is first asked for.

    :param folder: has a file ``<slug>.json`` for each model; ``facts/README.md`` is the format.
    """

    def __init__(self, folder: Traversable) -> None:
        self._folder = folder
        self._models: dict[str, KlingModel | None] = {}

    @property
    def slugs(self) -> list[str]:
        """The names of the files, sorted."""
        names = (file.name for file in self._folder.iterdir())
        return sorted(name.removesuffix(".json") for name in names if name.endswith(".json"))

    def get(self, name: ModelName) -> KlingModel | None:
        """Return the model with exactly this name, if there is a file for it."""
        if name.slug not in self._models:
            self._models[name.slug] = self._read(name.slug)
        model = self._models[name.slug]
        # A file system may ignore case; the service does not.
        return model if model is not None and model.name == name else None

    def find(self, name: str) -> KlingModel:
        """Return a model by its name; see :func:`find_model`."""
        parsed = parse_name(name) if isinstance(name, str) else None
        if parsed is not None and (model := self.get(parsed)):
            return model
        close = self._close_to(str(name))
        if parsed is not None and "/" in name:
            return KlingModel.unknown(parsed, close=close)
        meant = f"did you mean {close!r}? It" if close else "it"
        rule = BrokenRule(
            field="model",
            rule=f"is not a model that this release knows; {meant} must be one of docs/models.md, or any "
            "other of the service's as provider/model, which is sent unchecked",
            value=name,
        )
        raise KlingRequestError(subject="model", broken=[rule])

    def all(self) -> tuple[KlingModel, ...]:
        """Return every model, sorted by slug. This reads all files."""
        models = (self._models.get(slug) or self._read(slug) for slug in self.slugs)
        return tuple(model for model in models if model is not None)

    def _read(self, slug: str) -> KlingModel | None:
        file = self._folder / f"{slug}.json"
        return KlingModel.from_facts(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None

    def _close_to(self, name: str) -> str | None:
        from difflib import get_close_matches  # only an unknown name needs it

        slug = name.rpartition("/")[2].lower()
        found = get_close_matches(slug, self.slugs, n=1, cutoff=_CLOSE)
        return found[0] if found else None


REGISTRY = ModelRegistry(resources.files(__package__) / "facts")
"""The models that come with the package."""


def find_model(name: str) -> KlingModel:
    """Return a model by its name, ``kling-v2.6-t2v`` or ``kling/kling-v2.6-t2v``.

    Any other ``provider/model`` is returned too, as one that this release does not know: services have
    many more models, and new ones every month. Its parameters are sent unchecked, with a warning.

    :param name: ``model`` or ``provider/model``.
    :return: the model with its facts.
    :raises KlingRequestError: the name is neither that of a known model nor a ``provider/model``.
    """
    return REGISTRY.find(name)


def list_models() -> tuple[KlingModel, ...]:
    """Return every model that this release knows, sorted by slug."""
    return REGISTRY.all()

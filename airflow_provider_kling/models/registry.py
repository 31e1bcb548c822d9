"""The models that this release knows, read from their facts files."""

from __future__ import annotations

import json
from importlib import resources
from importlib.resources.abc import Traversable

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.models.facts import Certainty, ModelVersion
from airflow_provider_kling.models.model import KlingModel, ModelName, parse_name

# One or two wrong characters, or hyphens for dots as in the addresses of the service's pages.
_CLOSE = 0.85


class ModelRegistry:
    """The models of folders of facts files. A file is read when its model is first asked for.

    :param folders: have a file ``<slug>.json`` for each model; ``facts/README.md`` is the format.
    """

    def __init__(self, *folders: Traversable) -> None:
        self._folders = folders
        self._models: dict[str, KlingModel] = {}

    def find(self, name: str) -> KlingModel:
        """Return a model by its name; see :func:`find_model`."""
        parsed = parse_name(name) if isinstance(name, str) else None
        model = self._read(parsed.slug) if parsed and parsed.provider else None
        # A file system may ignore case; a service does not.
        if model is not None and model.name == parsed:
            return model
        close = self._close_to(str(name))
        if parsed is not None and "/" in name:
            return _unknown(parsed, close=close)
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
        return tuple(model for slug in self._slugs() if (model := self._read(slug)))

    def _slugs(self) -> list[str]:
        names = (file.name for folder in self._folders for file in folder.iterdir())
        return sorted(name.removesuffix(".json") for name in names if name.endswith(".json"))

    def _read(self, slug: str) -> KlingModel | None:
        if slug not in self._models:
            files = (folder / f"{slug}.json" for folder in self._folders)
            if (file := next((one for one in files if one.is_file()), None)) is not None:
                self._models[slug] = KlingModel.from_facts(json.loads(file.read_text(encoding="utf-8")))
        return self._models.get(slug)

    def _close_to(self, name: str) -> str | None:
        from difflib import get_close_matches  # only an unknown name needs it

        slug = name.rpartition("/")[2].lower()
        found = get_close_matches(slug, self._slugs(), n=1, cutoff=_CLOSE)
        return found[0] if found else None


def _unknown(name: ModelName, *, close: str | None) -> KlingModel:
    version = ModelVersion(api_version=None, request="UncheckedRequest", certainty=Certainty.UNKNOWN)
    meant = f" Did you mean {close!r}?" if close else ""
    note = f"This release has no rules for it, so its fields are sent unchecked.{meant}"
    return KlingModel(provider=name.provider, slug=name.slug, type=None, versions=(version,), note=note)


REGISTRY = ModelRegistry(*(resources.files(__package__) / name for name in ("facts", "platform_facts")))
"""The models that come with the package: those of the first service, and those of Kling's platform only."""


def find_model(name: str) -> KlingModel:
    """Return a model by its name, ``kling-v2.6-t2v`` or ``kling/kling-v2.6-t2v``.

    Any other ``provider/model`` is returned too, as one that this release does not know: services have
    many more models, and new ones every month. So is a path of the service's own, such as
    ``/v1/videos/text2video``. The parameters are sent unchecked, with a warning.

    :param name: ``model``, ``provider/model`` or a path that begins with ``/``.
    :return: the model with its facts.
    :raises KlingRequestError: the name is neither that of a known model nor any of these.
    """
    return REGISTRY.find(name)


def list_models() -> tuple[KlingModel, ...]:
    """Return every model that this release knows, sorted by slug."""
    return REGISTRY.all()

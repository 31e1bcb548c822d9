"""PyAV, imported at its first use: only the extra ``media`` installs it, and DAGs are parsed without it."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pkgutil import walk_packages
from typing import TYPE_CHECKING

from airflow_provider_kling.exceptions import KlingMediaError

if TYPE_CHECKING:
    import av as av
else:

    class _LazyModule:
        """Stands for the package ``av`` and imports it when one of its names is read."""

        def __getattr__(self, name):
            require_pyav()
            import av

            return getattr(av, name)

    av = _LazyModule()

HAS_PYAV = find_spec("av") is not None
"""Whether the extra is installed, for steps that are left out without it."""


def require_pyav() -> None:
    """Check that the extra is installed.

    :raises KlingMediaError: it is not. A retry does not install it.
    """
    if not HAS_PYAV:
        raise KlingMediaError(
            "video files are read and written with PyAV, which is not installed: "
            "pip install 'airflow-provider-kling[media]'",
            retryable=False,
        )


def load_pyav() -> None:
    """Import all of PyAV, parts of which it imports at their first use only."""
    require_pyav()
    for module in walk_packages(import_module("av").__path__, "av."):
        with suppress(ImportError):
            import_module(module.name)

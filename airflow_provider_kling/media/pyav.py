"""PyAV, imported at its first use: only the extra ``media`` installs it, and DAGs are parsed without it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from airflow_provider_kling.exceptions import KlingMediaError

if TYPE_CHECKING:
    import av as av
else:

    class _LazyModule:
        """Stands for the package ``av`` and imports it when one of its names is read."""

        def __getattr__(self, name):
            try:
                import av
            except ModuleNotFoundError as error:
                raise KlingMediaError(
                    "video files are read and written with PyAV, which is not installed: "
                    "pip install 'airflow-provider-kling[media]'",
                    retryable=False,
                ) from error
            return getattr(av, name)

    av = _LazyModule()

HAS_PYAV = find_spec("av") is not None
"""Whether the extra is installed, for steps that are left out without it."""

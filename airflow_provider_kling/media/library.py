"""PyAV, loaded when it is first used: only the extra ``media`` brings it, and a DAG is parsed without it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from airflow_provider_kling.exceptions import KlingMediaError

if TYPE_CHECKING:
    import av as av
else:

    class _Library:
        """Stands for the package ``av``; the first look at one of its names imports it."""

        def __getattr__(self, name):
            try:
                import av
            except ModuleNotFoundError as error:
                raise KlingMediaError(
                    "video files are read and joined with PyAV, which is not installed: "
                    "pip install 'airflow-provider-kling[media]'",
                    retryable=False,
                ) from error
            return getattr(av, name)

    av = _Library()

HAS_LIBRARY = find_spec("av") is not None
"""Whether the extra is installed, for what is done with it where it is and left out where it is not."""

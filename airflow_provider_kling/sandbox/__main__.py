"""The command: ``python -m airflow_provider_kling.sandbox``, installed as ``kling-sandbox``."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from airflow_provider_kling.sandbox.http.connections import Connections
    from airflow_provider_kling.sandbox.settings import Settings

_NEEDED = ("av", "jwt", "multipart", "numpy", "PIL", "starlette", "uvicorn")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a sandbox until SIGINT or SIGTERM."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(
            f"The sandbox needs more packages (missing: {', '.join(missing)}). Install them with:\n"
            "  pip install 'airflow-provider-kling[sandbox]'"
        )
    from airflow_provider_kling.sandbox.http.server import run
    from airflow_provider_kling.sandbox.options import read_settings

    settings = read_settings(arguments)
    run(settings, build=_builder(settings), announce=lambda url: print(f"listening on {url}", flush=True))


def _builder(settings: Settings) -> Callable[[Path, Connections], ASGIApp]:
    """Return what builds the application of the chosen gateway; only that service is imported."""
    from airflow_provider_kling.sandbox.kling.settings import KlingSettings
    from airflow_provider_kling.sandbox.modellix.settings import ModellixSettings

    match settings:
        case KlingSettings():
            from airflow_provider_kling.sandbox.kling.app import build_app as build_kling

            return lambda folder, connections: build_kling(
                settings=settings, folder=folder, connections=connections
            )
        case ModellixSettings():
            from airflow_provider_kling.sandbox.modellix.app import build_app as build_modellix

            return lambda folder, connections: build_modellix(
                settings=settings, folder=folder, connections=connections
            )
        case _:
            raise TypeError(type(settings))


if __name__ == "__main__":
    main()

"""The command: ``python -m airflow_provider_kling.sandbox``, installed as ``kling-sandbox``."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence

_NEEDED = ("av", "multipart", "numpy", "PIL", "starlette", "uvicorn")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a sandbox until SIGINT or SIGTERM."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(
            f"The sandbox needs more packages (missing: {', '.join(missing)}). Install them with:\n"
            "  pip install 'airflow-provider-kling[sandbox]'"
        )
    from airflow_provider_kling.sandbox.server import run
    from airflow_provider_kling.sandbox.settings import read_settings

    run(read_settings(arguments), announce=lambda url: print(f"listening on {url}", flush=True))


if __name__ == "__main__":
    main()

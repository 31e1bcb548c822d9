"""The command: ``python -m airflow_provider_kling.sandbox``, installed as ``kling-sandbox``."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from airflow_provider_kling.sandbox.modellix.service.limits import TIERS
from airflow_provider_kling.sandbox.modellix.settings import (
    AcceptedVersions,
    ModellixSettings,
    OptionalFields,
    Retired,
)

_NEEDED = ("av", "multipart", "numpy", "PIL", "starlette", "uvicorn")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a sandbox until SIGINT or SIGTERM."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(
            f"The sandbox needs more packages (missing: {', '.join(missing)}). Install them with:\n"
            "  pip install 'airflow-provider-kling[sandbox]'"
        )
    from airflow_provider_kling.sandbox.http.server import run
    from airflow_provider_kling.sandbox.modellix.app import build_app

    settings = read_settings(arguments)
    run(
        settings,
        build=lambda folder, connections: build_app(
            settings=settings, folder=folder, connections=connections
        ),
        announce=lambda url: print(f"listening on {url}", flush=True),
    )


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command; the defaults are those of Settings."""
    built = argparse.ArgumentParser(
        prog="kling-sandbox",
        description="A local sandbox for the Modellix service: same API, real videos and images, no bill.",
    )
    add = built.add_argument
    default = ModellixSettings()
    add("--host", default=default.host, help="address to listen on (default: %(default)s)")
    add("--port", type=int, default=default.port, help="port; 0 picks a free one (default: %(default)s)")
    add("--api-key", default=default.api_key, help="the only valid API key (default: %(default)s)")
    add(
        "--tier",
        choices=TIERS,
        default=default.tier,
        help="top-up tier in USD, which sets the limits (default: %(default)s)",
    )
    add(
        "--speed",
        type=_positive,
        default=default.speed,
        help="how many times faster than the real service a generation is (default: %(default)s)",
    )
    add("--seed", type=int, default=default.seed, help="seed of everything random (default: %(default)s)")
    add(
        "--api-version",
        type=AcceptedVersions,
        choices=list(AcceptedVersions),
        default=default.api_version,
        help="the API version that the service accepts (default: %(default)s)",
    )
    add(
        "--retired",
        type=Retired,
        choices=list(Retired),
        default=default.retired,
        help="whether models that were retired in 2026 are still served (default: %(default)s)",
    )
    add("--allow-unknown-fields", action="store_true", help="ignore fields that the model does not have")
    add(
        "--result-ttl",
        type=_positive,
        default=default.result_ttl,
        help="retention of results in seconds, where no document states one; --speed does not change it "
        "(default: %(default)s)",
    )
    add(
        "--balance",
        type=float,
        default=default.balance,
        help="the balance of the team in USD (default: %(default)s)",
    )
    add(
        "--optional-fields",
        type=OptionalFields,
        choices=list(OptionalFields),
        default=default.optional_fields,
        help="'none' leaves only url and type in success responses (default: %(default)s)",
    )
    add("--cover", action="store_true", help="list a cover image before the video in results")
    add("--facts-dir", type=Path, help="folder with fact files of further models")
    add(
        "--data-dir",
        type=Path,
        help="folder for the rendered files, kept (default: a temporary one, removed at the end)",
    )
    add("--parent-pid", type=int, help="exit when the process with this id is no longer the parent")
    return built


def read_settings(arguments: Sequence[str] | None = None) -> ModellixSettings:
    """Parse the command line; exits with a usage message if it is wrong."""
    given = vars(parser().parse_args(arguments))
    return ModellixSettings(**{field.name: given[field.name] for field in fields(ModellixSettings)})


def _positive(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError("must be above 0")
    return value


if __name__ == "__main__":
    main()

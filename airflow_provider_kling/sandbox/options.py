"""The options of the command, and the settings that they make."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from airflow_provider_kling.sandbox.kling.service.webhook_signature import (
    InvalidSecretError,
    decoded_secret,
)
from airflow_provider_kling.sandbox.kling.settings import KlingSettings
from airflow_provider_kling.sandbox.modellix.service.limits import TIERS
from airflow_provider_kling.sandbox.modellix.settings import (
    AcceptedVersions,
    ModellixSettings,
    OptionalFields,
    Retired,
)
from airflow_provider_kling.sandbox.settings import Settings


class Gateway(StrEnum):
    """The services that the sandbox simulates."""

    MODELLIX = "modellix"
    KLING = "kling"


_SETTINGS: Final[Mapping[Gateway, type[Settings]]] = {
    Gateway.MODELLIX: ModellixSettings,
    Gateway.KLING: KlingSettings,
}


def read_settings(arguments: Sequence[str] | None = None) -> Settings:
    """Parse the command line; exits with a usage message if it is wrong.

    :returns: the settings of the chosen gateway. An option that it does not have is wrong.
    """
    command = parser()
    given = vars(command.parse_args(arguments))
    gateway = given.pop("gateway", Gateway.MODELLIX)
    known = {field.name for field in fields(_SETTINGS[gateway])}
    if foreign := sorted(given.keys() - known):
        command.error(f"--{foreign[0].replace('_', '-')} is no option of --gateway {gateway}")
    return _SETTINGS[gateway](**given)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command; the defaults are those of the settings."""
    built = argparse.ArgumentParser(
        prog="kling-sandbox",
        description="A local sandbox: the same API as the real service, real files, no bill.",
        argument_default=argparse.SUPPRESS,
    )
    built.add_argument(
        "--gateway",
        type=Gateway,
        choices=list(Gateway),
        help=f"the service to simulate (default: {Gateway.MODELLIX})",
    )
    _add_common(_Group(built, ModellixSettings()))
    modellix = built.add_argument_group("with --gateway modellix")
    _add_modellix(_Group(modellix, ModellixSettings()))
    kling = built.add_argument_group("with --gateway kling")
    _add_kling(_Group(kling, KlingSettings()))
    built.add_argument(
        "--result-ttl",
        type=_positive,
        help="retention of results in seconds, where no document states one; --speed does not change it "
        f"(default: {ModellixSettings().result_ttl:g}, with kling {KlingSettings().result_ttl:g})",
    )
    return built


class _Group:
    """Adds options, whose defaults are those of some settings."""

    def __init__(self, group: Any, default: Settings) -> None:
        self._group = group
        self._default = default

    def add(self, name: str, help_: str, **how: Any) -> None:
        default = getattr(self._default, name.removeprefix("--").replace("-", "_"))
        self._group.add_argument(name, help=f"{help_} (default: {default})", **how)

    def switch(self, name: str, help_: str) -> None:
        self._group.add_argument(name, action="store_true", help=help_)

    def plain(self, name: str, help_: str, type_: Callable[[str], Any]) -> None:
        self._group.add_argument(name, type=type_, help=help_)


def _add_common(group: _Group) -> None:
    group.add("--host", "address to listen on")
    group.add("--port", "port; 0 picks a free one", type=int)
    group.add("--api-key", "the only valid API key")
    group.add("--speed", "how many times faster than the real service a generation is", type=_positive)
    group.add("--seed", "seed of everything random", type=int)
    group.switch("--allow-unknown-fields", "ignore fields that the model does not have")
    group.plain(
        "--data-dir",
        "folder for the rendered files, kept (default: a temporary one, removed at the end)",
        Path,
    )
    group.plain("--parent-pid", "exit when the process with this id is no longer the parent", int)


def _add_modellix(group: _Group) -> None:
    group.add("--tier", "top-up tier in USD, which sets the limits", choices=TIERS)
    group.add(
        "--api-version",
        "the API version that the service accepts",
        type=AcceptedVersions,
        choices=list(AcceptedVersions),
    )
    group.add(
        "--retired",
        "whether models that were retired in 2026 are still served",
        type=Retired,
        choices=list(Retired),
    )
    group.add("--balance", "the balance of the team in USD", type=float)
    group.add(
        "--optional-fields",
        "'none' leaves only url and type in success responses",
        type=OptionalFields,
        choices=list(OptionalFields),
    )
    group.switch("--cover", "list a cover image before the video in results")
    group.plain("--facts-dir", "folder with fact files of further models", Path)


def _add_kling(group: _Group) -> None:
    group.add("--access-key", "the access key that tokens of the legacy standard are issued by")
    group.add("--secret-key", "the secret key that they are signed with")
    group.plain("--webhook-secret", "sign callbacks with this secret: whsec_ and Base64", _secret)
    for pack in ("video", "image", "audio"):
        group.add(f"--{pack}-slots", f"how many {pack} tasks of a model run at the same time", type=_count)
    for pack in ("video", "image", "audio"):
        group.add(f"--{pack}-units", f"the units in the {pack} pack", type=_amount)
    group.add("--read-lag", "seconds after which a new task is found by queries", type=_amount)
    group.switch("--failed-frees-external-id", "the external id of a failed task can be used again")


def _positive(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def _amount(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError("must not be below 0")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _secret(text: str) -> str:
    try:
        decoded_secret(text)
    except InvalidSecretError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text

"""What a sandbox can be told: the command's options."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path

from airflow_provider_kling.sandbox.clock import DAY_S
from airflow_provider_kling.sandbox.contract.catalogue import Accepts, Retired
from airflow_provider_kling.sandbox.limits import TIERS


class OptionalFields(StrEnum):
    """Whether success answers carry the fields that clients must not rely on."""

    ALL = "all"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The options of one sandbox; see ``parser`` for what each does."""

    host: str = "127.0.0.1"
    port: int = 8787
    api_key: str = "sandbox-key"
    tier: str = "10"
    speed: float = 20.0
    seed: int = 1
    contract: Accepts = Accepts.BOTH
    retired: Retired = Retired.SERVED
    allow_unknown_fields: bool = False
    result_ttl: float = DAY_S
    balance: float = 100.0
    optional_fields: OptionalFields = OptionalFields.ALL
    cover: bool = False
    data_dir: Path | None = None
    parent_pid: int | None = None


def parser() -> argparse.ArgumentParser:
    """Return the command's parser; its defaults are those of Settings."""
    built = argparse.ArgumentParser(
        prog="kling-sandbox",
        description="A local stand-in for the Modellix service: same API, real videos and pictures, no bill.",
    )
    add = built.add_argument
    default = Settings()
    add("--host", default=default.host, help="address to listen on (default: %(default)s)")
    add("--port", type=int, default=default.port, help="port; 0 picks a free one (default: %(default)s)")
    add("--api-key", default=default.api_key, help="the only key that is accepted (default: %(default)s)")
    add(
        "--tier",
        choices=TIERS,
        default=default.tier,
        help="top-up tier that sets the limits (default: %(default)s)",
    )
    add(
        "--speed",
        type=_positive,
        default=default.speed,
        help="how many times faster than life a generation is (default: %(default)s)",
    )
    add("--seed", type=int, default=default.seed, help="fixes everything random (default: %(default)s)")
    add(
        "--contract",
        type=Accepts,
        choices=list(Accepts),
        default=default.contract,
        help="the generation of field names that is accepted (default: %(default)s)",
    )
    add(
        "--retired",
        type=Retired,
        choices=list(Retired),
        default=default.retired,
        help="whether the models that were retired in 2026 are still served (default: %(default)s)",
    )
    add("--allow-unknown-fields", action="store_true", help="ignore fields that the model does not have")
    add(
        "--result-ttl",
        type=_positive,
        default=default.result_ttl,
        help="seconds that results are kept, at any speed, where no document says it (default: %(default)s)",
    )
    add(
        "--balance",
        type=float,
        default=default.balance,
        help="the team's balance in USD (default: %(default)s)",
    )
    add(
        "--optional-fields",
        type=OptionalFields,
        choices=list(OptionalFields),
        default=default.optional_fields,
        help="'none' leaves everything but url and type out of success answers (default: %(default)s)",
    )
    add("--cover", action="store_true", help="list a cover image before the video in the results")
    add(
        "--data-dir",
        type=Path,
        help="folder for the results, kept (default: a temporary one, removed at the end)",
    )
    add("--parent-pid", type=int, help="end when the process with this id is no longer the parent")
    return built


def read_settings(arguments: Sequence[str] | None = None) -> Settings:
    """Read the command line; exits with a usage message where it is wrong."""
    given = vars(parser().parse_args(arguments))
    return Settings(**{field.name: given[field.name] for field in fields(Settings)})


def _positive(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError("must be above 0")
    return value

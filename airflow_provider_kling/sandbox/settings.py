"""The settings of a sandbox. It imports no other module of the sandbox, so that every layer can read it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The options that a sandbox has with each gateway. ``kling-sandbox --help`` explains each."""

    host: str = "127.0.0.1"
    port: int = 8787
    api_key: str = "sandbox-key"
    speed: float = 20.0
    seed: int = 1
    allow_unknown_fields: bool = False
    data_dir: Path | None = None
    parent_pid: int | None = None

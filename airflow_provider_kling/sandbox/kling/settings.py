"""The settings of a sandbox that simulates Kling's own platform."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_kling.sandbox.settings import Settings


@dataclass(frozen=True, kw_only=True)
class KlingSettings(Settings):
    """The options of a sandbox with the gateway ``kling``. ``kling-sandbox --help`` explains each.

    The defaults of slots and units are those of the vendor's trial packs.
    """

    access_key: str = "sandbox-access-key"
    secret_key: str = "sandbox-secret-key-0123456789abcdef"  # noqa: S105  - opens nothing but the sandbox
    webhook_secret: str = ""
    video_slots: int = 5
    image_slots: int = 9
    audio_slots: int = 5
    video_units: float = 100.0
    image_units: float = 1000.0
    audio_units: float = 100.0
    result_ttl: float = 30 * 24 * 3600.0
    read_lag: float = 0.0
    failed_frees_external_id: bool = False

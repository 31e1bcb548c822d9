"""Kling's own open platform; see ``docs/gateways.md``."""

from airflow_provider_kling.gateways.kling.gateway import KlingGateway

__all__ = ["KlingGateway"]

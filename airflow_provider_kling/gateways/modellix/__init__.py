"""Modellix (``https://api.modellix.ai``), in both versions of its API."""

from airflow_provider_kling.gateways.modellix.gateway import ModellixGateway

__all__ = ["ModellixGateway"]

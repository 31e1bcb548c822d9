"""The dialect of Modellix (``https://api.modellix.ai``), in both contracts that its documents describe."""

from airflow_provider_kling.gateways.modellix.gateway import ModellixGateway

__all__ = ["ModellixGateway"]

"""How requests and answers are written on the wire: one gateway for each dialect of the service."""

from airflow_provider_kling.gateways.base import Gateway
from airflow_provider_kling.gateways.registry import DEFAULT_BASE_URL, DEFAULT_GATEWAY, make_gateway

__all__ = ["DEFAULT_BASE_URL", "DEFAULT_GATEWAY", "Gateway", "make_gateway"]

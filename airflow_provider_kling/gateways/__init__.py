"""How requests and responses are written on the wire: one package for each service."""

from airflow_provider_kling.gateways.base import Gateway
from airflow_provider_kling.gateways.encoded import EncodedRequest
from airflow_provider_kling.gateways.registry import gateway_class, make_gateway

__all__ = ["EncodedRequest", "Gateway", "gateway_class", "make_gateway"]

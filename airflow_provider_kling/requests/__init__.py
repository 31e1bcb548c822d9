"""What may be asked of each Kling model, checked before anything is sent or billed."""

from airflow_provider_kling.requests.base import KlingRequest
from airflow_provider_kling.requests.registry import parse_request, request_class
from airflow_provider_kling.requests.video_o1 import VideoO1Request

__all__ = ["KlingRequest", "VideoO1Request", "parse_request", "request_class"]

"""What a client needs to reach the service."""

from __future__ import annotations

import platform
from dataclasses import dataclass

from airflow_provider_kling import __version__
from airflow_provider_kling.http.credentials import Credentials

_SLOWEST_BYTES_PER_S = 50_000


@dataclass(frozen=True, kw_only=True)
class ClientSettings:
    """Where the service is, how requests are signed, and how long to wait for it.

    Equal settings share one asynchronous client.

    :param base_url: scheme and host, with no ``/`` at the end.
    :param credentials: sign the requests. None for what the service publishes.
    :param caller: who calls, for the User-Agent, such as ``apache-airflow/3.3.2``.
    :param read_timeout_s: longest silence while a response is read, in seconds.
    :param requests_per_minute: spaces this client's requests; None sends them as they come.
    :param allow_private_hosts: results may be downloaded from hosts of a private network.
    :param allow_insecure_http: results, and the service itself, may be reached unencrypted.
    """

    base_url: str
    credentials: Credentials | None = None
    caller: str = ""
    read_timeout_s: float = 30.0
    requests_per_minute: int | None = None
    allow_private_hosts: bool = False
    allow_insecure_http: bool = False

    def longest_exchange_s(self, *, sent_bytes: int = 0) -> float:
        """Return how long a request and its response may take in all, in seconds.

        That is four times the longest silence, and longer for a large request. Without this limit, a service
        that sends a byte from time to time would hold the caller for ever.
        """
        return 4 * self.read_timeout_s + sent_bytes / _SLOWEST_BYTES_PER_S

    @property
    def user_agent(self) -> str:
        """Name this package, the caller and Python, with their versions."""
        parts = (f"airflow-provider-kling/{__version__}", self.caller, f"python/{platform.python_version()}")
        return " ".join(part for part in parts if part)

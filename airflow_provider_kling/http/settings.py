"""What a client needs to know to reach the service."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass, field

from airflow_provider_kling import __version__
from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError

REDACTED = "***"


@dataclass(frozen=True, kw_only=True)
class ClientSettings:
    """Where the service is, the key to it, and how patient to be.

    Two equal settings share one asynchronous client.

    :param base_url: scheme and host, with no ``/`` at the end.
    :param api_key: never part of ``repr``. None for what the service tells everybody.
    :param caller: who calls, for the User-Agent, such as ``apache-airflow/3.3.2``.
    :param read_timeout_s: longest silence while an answer is read.
    :param requests_per_minute: spaces this client's requests; None sends them as they come.
    :param allow_private_hosts: results may lie on hosts of a private network.
    :param allow_insecure_http: results, and the service itself, may be reached unencrypted.
    """

    base_url: str
    api_key: str | None = field(repr=False)
    caller: str = ""
    read_timeout_s: float = 30.0
    requests_per_minute: int | None = None
    allow_private_hosts: bool = False
    allow_insecure_http: bool = False

    @property
    def user_agent(self) -> str:
        """Name this package, the caller and Python, with their versions."""
        parts = (f"airflow-provider-kling/{__version__}", self.caller, f"python/{platform.python_version()}")
        return " ".join(part for part in parts if part)

    def __post_init__(self) -> None:
        if self.api_key is None:
            return
        # Anything else would not fit into a header, and the HTTP library would quote it in its error.
        if not self.api_key or not all(33 <= ord(character) <= 126 for character in self.api_key):
            rule = "must be the API key: printable ASCII, without spaces or line breaks"
            broken = BrokenRule(field="password", rule=rule)
            raise KlingRequestError(subject="the Kling connection", broken=[broken])

    def redact(self, text: str) -> str:
        """Take the key out of a text that came from outside, also as JSON may spell it."""
        if self.api_key is None:
            return text
        spelt = "".join(map(_json_spellings, self.api_key))
        return re.sub(spelt, REDACTED, text)


def _json_spellings(character: str) -> str:
    r"""Return a pattern: JSON writers may escape ``/`` as ``\/``, and ``+`` or ``=`` as ``\u002b``."""
    if character.isalnum():
        return character
    return rf"(?:\\?{re.escape(character)}|(?i:\\u{ord(character):04x}))"

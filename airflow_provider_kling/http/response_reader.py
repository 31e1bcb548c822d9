"""Reading one response, and naming what kept it from being read."""

from __future__ import annotations

from airflow_provider_kling.exceptions import KlingConnectionError, KlingError, KlingProtocolError
from airflow_provider_kling.http.library import httpx
from airflow_provider_kling.http.message import HttpRequest, HttpResponse
from airflow_provider_kling.http.redaction import Redactor

MAX_RESPONSE_BYTES = 16 * 1024 * 1024

# Failures that come before a single byte of the request is out.
_NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class ResponseReader:
    """Reads one response up to the cap, and redacts the client's secrets in it."""

    def __init__(self, *, request: HttpRequest, base_url: str, redactor: Redactor) -> None:
        self._request = request
        self._base_url = base_url
        self._redactor = redactor
        self._status: int | None = None
        self._headers: dict[str, str] = {}
        self._chunks: list[bytes] = []
        self._size = 0

    def begin(self, response: httpx.Response) -> None:
        """Take the status and the headers.

        :raises KlingProtocolError: the body is compressed: a few hundred bytes may become gigabytes.
        """
        self._status = response.status_code
        headers = self._headers
        for raw_name, raw_value in response.headers.raw:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        coding = headers.get("content-encoding", "identity").strip().lower()
        if coding not in ("identity", ""):
            raise KlingProtocolError(
                f"The response to {self._request} is compressed ({self._redactor.text(coding)[:40]}), "
                "although the request does not allow that"
            )

    def feed(self, chunk: bytes) -> None:
        """Add a piece of the body, as it was received.

        :raises KlingProtocolError: the body has grown over 16 MiB.
        """
        self._size += len(chunk)
        if self._size > MAX_RESPONSE_BYTES:
            limit = MAX_RESPONSE_BYTES // 2**20
            raise KlingProtocolError(f"The response to {self._request} has more than {limit} MiB")
        self._chunks.append(chunk)

    def finish(self, *, now: float) -> HttpResponse:
        """Return the complete response, received at ``now`` in Unix seconds."""
        if self._status is None:
            raise RuntimeError("a response begins before it is finished")
        redactor = self._redactor
        return HttpResponse(
            status=self._status,
            headers={name: redactor.text(value) for name, value in self._headers.items()},
            body=redactor.data(b"".join(self._chunks)),
            request=self._request,
            received_at=now,
            redactor=redactor,
        )

    def failure(self, error: httpx.HTTPError) -> KlingError:
        """Return this package's error for one of the HTTP library."""
        detail = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        detail = self._redactor.text(detail)
        if isinstance(error, httpx.RemoteProtocolError) and self._status is not None:
            return KlingProtocolError(f"The response to {self._request} was cut short ({detail})")
        if isinstance(error, _NOTHING_SENT):
            return KlingConnectionError(
                f"{self._request} did not reach {self._base_url} ({detail}); nothing was sent",
                request_sent=False,
            )
        return KlingConnectionError(
            f"The connection to {self._base_url} broke during {self._request} ({detail})", request_sent=True
        )

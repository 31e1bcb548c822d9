"""Reading one response, and naming what kept it from being read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from airflow_provider_kling.exceptions import KlingConnectionError, KlingError, KlingProtocolError
from airflow_provider_kling.http.library import httpcore
from airflow_provider_kling.http.message import HttpRequest, HttpResponse, one_line
from airflow_provider_kling.http.redaction import Redactor

MAX_RESPONSE_BYTES = 16 * 1024 * 1024

# What the HTTP library raises; its classes have no common base of their own.
HTTP_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)
# Those that come before a single byte of the request is out. A proxy may have received the name of the host.
_NOTHING_SENT = (
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)
# Neither a network nor a service leads to them: the code is wrong.
_FAULTS = (TypeError, AttributeError, NameError, AssertionError, NotImplementedError)


class ResponseReader:
    """Reads one response up to the cap.

    :param before_sending: called before the first byte of the request; see :class:`Call`.
    """

    def __init__(
        self,
        *,
        request: HttpRequest,
        base_url: str,
        redactor: Redactor,
        traced: bool = False,
        before_sending: Callable[[], None] | None = None,
    ) -> None:
        self._request = request
        self._sent: bool | None = False if traced else None  # None: it is not known
        self._before_sending = before_sending
        self._stopped_by: Exception | None = None
        self._base_url = base_url
        self._redactor = redactor
        self._status: int | None = None
        self._headers: dict[str, str] = {}
        self._chunks: list[bytes] = []
        self._size = 0

    def on_event(self, event: str, info: Mapping[str, Any]) -> None:
        """Take an event of the HTTP library's extension ``trace``."""
        if event.endswith("send_request_headers.started") and info["request"].method != b"CONNECT":
            if self._before_sending is not None:
                try:
                    self._before_sending()
                except Exception as error:
                    self._stopped_by = error
                    raise
            self._sent = True

    def begin(self, status: int, raw_headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Take the status and the headers.

        :raises KlingProtocolError: the body is compressed: a few hundred bytes may become gigabytes.
        """
        self._status = status
        headers = self._headers
        for raw_name, raw_value in raw_headers:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        coding = self._redactor.text(headers.get("content-encoding", "identity").strip())
        if coding.lower() not in ("identity", ""):
            raise KlingProtocolError(
                f"The response to {self._request} is compressed ({one_line(coding, longest=40)}), "
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
        return HttpResponse(
            status=self._status,
            headers=self._headers,
            body=b"".join(self._chunks),
            request=self._request,
            received_at=now,
            redactor=self._redactor,
        )

    def failure(self, error: Exception, *, now: float) -> HttpResponse | KlingError:
        """Return this package's error for what ended the exchange, or an error's status without its body.

        :param error: of this package, of the HTTP library, or a timeout of the event loop.
        :raises Exception: ``before_sending`` raised it; or it tells of wrong code, so that a repetition would
            not help, and the request was none whose sending is in question.
        """
        if error is self._stopped_by or (self._sent is None and isinstance(error, _FAULTS)):
            raise error
        if self._status is not None and self._status >= 300:
            self._chunks.clear()  # the status says what is certain, also where its page cannot be read
            return self.finish(now=now)
        if isinstance(error, KlingError):
            return error
        detail = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        detail = one_line(self._redactor.text(detail), longest=300)
        if isinstance(error, httpcore.RemoteProtocolError) and self._status is not None:
            return KlingProtocolError(f"The response to {self._request} was cut short ({detail})")
        sent = self._sent
        if not (not isinstance(error, _NOTHING_SENT) if sent is None else sent):
            return KlingConnectionError(
                f"{self._request} did not reach {self._base_url} ({detail}); nothing was sent",
                request_sent=False,
            )
        return KlingConnectionError(
            f"The connection to {self._base_url} broke during {self._request} ({detail})", request_sent=True
        )

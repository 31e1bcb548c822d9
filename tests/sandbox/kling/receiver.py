"""A server that receives callbacks, in a thread."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="


@dataclass
class Received:
    """One callback."""

    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.raw)
        return found

    @property
    def is_signed(self) -> bool:
        """Check the signature as a receiver does, written from Standard Webhooks."""
        signed = b".".join(
            (self.headers["webhook-id"].encode(), self.headers["webhook-timestamp"].encode(), self.raw)
        )
        digest = hmac.new(base64.b64decode(SECRET), signed, hashlib.sha256).digest()
        expected = f"v1,{base64.b64encode(digest).decode()}"
        return expected in self.headers["webhook-signature"].split(" ")


@dataclass
class Receiver:
    """What arrived, and how it is answered."""

    url: str = ""
    status: int = 200
    received: list[Received] = field(default_factory=list)

    @property
    def statuses(self) -> list[str]:
        return [each.body.get("status") or each.body["task_status"] for each in self.received]


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.received.append(Received(headers, raw))
            self.send_response(receiver.status)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/callback"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()

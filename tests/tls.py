"""One TLS context for the tests' own HTTP clients: making one takes longer than most tests."""

from __future__ import annotations

import httpx

TLS = httpx.create_ssl_context()

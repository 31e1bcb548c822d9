"""The HTTP library: ``httpx2`` where it is installed, else ``httpx``; and the library below it.

httpx2 is the successor of httpx by the same author, and costs a fraction of its CPU time per request. The two
have the same interface for what this package uses. No other module of the package imports either of them.

``httpcore`` sends one request and returns one response. It takes a backend that connects, which decides to
which address and until when, and it costs less CPU time than httpx on top of it.
"""

from __future__ import annotations

try:
    import httpcore2 as httpcore
    import httpx2 as httpx
except ImportError:
    import httpcore  # type: ignore[no-redef]
    import httpx  # type: ignore[no-redef]

__all__ = ["httpcore", "httpx"]

"""The HTTP library: ``httpx2`` where it is installed, else ``httpx``.

httpx2 is the successor of httpx by the same author, and costs a fraction of its CPU time per request. The two
have the same interface for what this package uses. No other module of the package imports either of them.
"""

from __future__ import annotations

try:
    import httpx2 as httpx
except ImportError:
    import httpx  # type: ignore[no-redef]

__all__ = ["httpx"]

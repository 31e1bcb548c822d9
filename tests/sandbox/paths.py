"""Submit paths. A sandbox that accepts both API versions holds each path to one of them."""

from __future__ import annotations

KLING = "/api/v1/kling"
FILES = "/api/v1/media/files"


def april(slug: str) -> str:
    """Return the path of the fields of April 2026."""
    return f"{KLING}/{slug}/async"


def august(slug: str) -> str:
    """Return the path of the fields of August 2026."""
    return f"{KLING}/{slug}"


O1 = april("kling-video-o1")
O1_T2V = august("kling-video-o1-t2v")

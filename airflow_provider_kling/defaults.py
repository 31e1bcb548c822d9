"""What the arguments of operators, sensor and hook are when they are left out."""

from __future__ import annotations

from typing import Final

CONN_ID: Final = "kling_default"

TIMEOUT_S: Final = 3600.0
"""Seconds from the submission to the deadline."""

MAX_BYTES: Final = 2 * 1024**3
"""A result that is larger is not stored."""

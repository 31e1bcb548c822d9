"""JSON answers as the server writes them."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import JSONResponse

from airflow_provider_kling.sandbox.refusal import Refusal


class Json(JSONResponse):
    """JSON in ASCII: what clients sent is quoted back in messages, and may hold what UTF-8 cannot encode."""

    def render(self, content: Any) -> bytes:
        """Return the body."""
        return json.dumps(content, separators=(",", ":")).encode("ascii")


def refused(refusal: Refusal) -> Json:
    """Return the answer to a refused request."""
    return Json(refusal.envelope, status_code=refusal.status)

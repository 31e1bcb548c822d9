"""Responses of the platform, made by hand after its documents."""

from __future__ import annotations

from typing import Any

from airflow_provider_kling.http.message import HttpRequest

TASK_ID = "893605946402811985"
OTHER_ID = "893605946402811986"
KEY = "0123456789abcdef0123456789abcdef"
READ = HttpRequest(method="GET", path="/tasks", params={"task_ids": TASK_ID})
SUBMIT = HttpRequest(method="POST", path="/omni-video/kling-o1")
CREATED_MS = 1_790_000_000_000
URL = "https://v1-kling.kechuangai.example/a.mp4?x=1"


def success(data: object) -> dict[str, Any]:
    """Wrap the data of a successful response (docs: query-tasks)."""
    return {
        "code": 0,
        "message": "SUCCEED",
        "request_id": "0b5f4e8c-4d1c-4a5e-8b73-0b6d4f6d2a11",
        "data": data,
    }


def error(code: object, message: object = "something") -> dict[str, Any]:
    """Return the envelope of an error; it has no data (docs: error-codes)."""
    return {"code": code, "message": message, "request_id": "0b5f4e8c-4d1c-4a5e-8b73-0b6d4f6d2a11"}


def task(task_id: str = TASK_ID, *, status: str = "succeeded", **more: Any) -> dict[str, Any]:
    """Return a task as the new standard reads it."""
    return {
        "id": task_id,
        "status": status,
        "message": "",
        "create_time": CREATED_MS,
        "update_time": CREATED_MS + 90_000,
        **more,
    }


def legacy_task(task_id: str = TASK_ID, *, status: str = "succeed", **more: Any) -> dict[str, Any]:
    """Return a task as the legacy standard reads it."""
    return {
        "task_id": task_id,
        "task_status": status,
        "task_status_msg": "",
        "created_at": CREATED_MS,
        "updated_at": CREATED_MS + 90_000,
        **more,
    }

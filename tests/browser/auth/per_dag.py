"""Airflow's simple auth manager, with one DAG that only an admin may see. Airflow imports it by its path."""

from __future__ import annotations

from typing import Any

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

SECRET_DAG = "secret"


class PerDagAuthManager(SimpleAuthManager):
    """Hides a DAG from everybody but the admin, as a deployment's own rules do."""

    def is_authorized_dag(self, *, user: Any, details: Any = None, **asked: Any) -> bool:
        if details is not None and details.id == SECRET_DAG and user.username != "admin":
            return False
        return bool(super().is_authorized_dag(user=user, details=details, **asked))

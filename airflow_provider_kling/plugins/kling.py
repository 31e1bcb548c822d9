"""The provider's Airflow plugin."""

from __future__ import annotations

import time
from typing import Any

from airflow.plugins_manager import AirflowPlugin
from airflow.providers.common.compat.sdk import conf

from airflow_provider_kling.hooks.callback_list import variable_of, with_report


class KlingPlugin(AirflowPlugin):
    """What the provider adds to the API server.

    With ``[kling] callbacks = True`` it receives the services' callbacks, at ``/kling/callbacks/<gateway>``.
    """

    name = "kling"
    fastapi_apps: list[Any] = []  # noqa: RUF012  - it is the class whose list Airflow reads


def _callback_app() -> dict[str, Any]:
    from airflow_provider_kling.plugins.callbacks import make_app

    secrets = (conf.get("kling", "callback_secrets", fallback="") or "").split()
    app = make_app(secrets=secrets, report=_report)
    return {"app": app, "url_prefix": "/kling/callbacks", "name": "Kling callbacks"}


def _report(task_id: str) -> None:
    """Add a task to those that the triggerers hear of."""
    from airflow.models.variable import Variable  # of the API server, which has the database

    name = variable_of(task_id)
    stored = Variable.get(name, default_var=None)
    Variable.set(name, with_report(stored, task_id=task_id, now=time.time()))


if conf.getboolean("kling", "callbacks", fallback=False):
    KlingPlugin.fastapi_apps = [_callback_app()]

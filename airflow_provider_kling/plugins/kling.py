"""The provider's Airflow plugin. What it adds is made when the API server asks for it, and nowhere else."""

from __future__ import annotations

import time
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlsplit

from airflow.plugins_manager import AirflowPlugin
from airflow.providers.common.compat.sdk import conf

from airflow_provider_kling.hooks.callback_list import variable_of, with_report
from airflow_provider_kling.links.gallery_address import PREFIX

_OPERATORS: Final = (
    "KlingVideoOperator",
    "KlingGenerateOperator",
    "KlingDownloadOperator",
    "KlingTaskSensor",
    "VideoConcatOperator",
    "VideoFrameOperator",
    "@task.kling_video",
    "@task.kling_generate",
)


class KlingPlugin(AirflowPlugin):
    """What the provider adds to the API server.

    - The gallery, at ``/kling/gallery`` and in the navigation, unless ``[kling] gallery`` is off.
    - Its page of a task as a tab. From Airflow 3.4 on, the tasks of this provider have it. Before, an Airflow
      gives a tab to every task of every DAG, so it has to be asked for: with ``[kling] player_tab``.
    - The receiver of the services' callbacks, at ``/kling/callbacks/<gateway>``, with ``[kling] callbacks``.
    """

    name = "kling"

    @cached_property
    def fastapi_apps(self) -> list[Any]:  # type: ignore[override]  # Airflow reads it of an instance
        """The applications, each with its path."""
        gallery = [_gallery_app()] if _is_on("gallery", default=True) else []
        return [*gallery, *([_callback_app()] if _is_on("callbacks") else [])]

    @cached_property
    def external_views(self) -> list[Any]:  # type: ignore[override]
        """The pages, each with its place in Airflow's own."""
        if not _is_on("gallery", default=True):
            return []
        has_tab = _applies_by_operator() or _is_on("player_tab")
        return [_gallery_view(), *([_player_tab()] if has_tab else [])]


def _is_on(option: str, *, default: bool = False) -> bool:
    return bool(conf.getboolean("kling", option, fallback=default))


def _gallery_app() -> dict[str, Any]:
    from airflow_provider_kling.plugins.gallery.app import make_app

    return {"app": make_app(), "url_prefix": PREFIX, "name": "Kling gallery"}


def _gallery_view() -> dict[str, Any]:
    return {
        "name": "Kling gallery",
        "href": f"{_root()}{PREFIX}/",
        "destination": "nav",
        "category": "browse",
        "url_route": "kling-gallery",
    }


def _player_tab() -> dict[str, Any]:
    applies_to = {"applies_to": {"operator_name": list(_OPERATORS)}} if _applies_by_operator() else {}
    return {
        "name": "Player",
        "href": f"{_root()}{PREFIX}/task/{{DAG_ID}}/{{RUN_ID}}/{{TASK_ID}}/{{MAP_INDEX}}",
        "destination": "task_instance",
        "url_route": "kling-player",
        **applies_to,
    }


def _applies_by_operator() -> bool:
    """Tell whether Airflow shows a tab only where it applies, as it does from 3.4 on."""
    from airflow.api_fastapi.core_api.datamodels import plugins

    return hasattr(plugins, "PluginAppliesToResponse")


def _root() -> str:
    """Return the path before those of Airflow's pages, as of an address behind a proxy."""
    return urlsplit(conf.get("api", "base_url", fallback="") or "").path.rstrip("/")


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

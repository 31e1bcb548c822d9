"""What the plugin adds to Airflow's API server, and where."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from typing import Any

import pytest

from airflow_provider_kling.get_provider_info import get_provider_info
from airflow_provider_kling.plugins import kling
from airflow_provider_kling.plugins.kling import KlingPlugin
from tests.links.test_links import OPERATORS


def views(**options: str) -> dict[str, dict[str, Any]]:
    """Return the pages that the plugin adds with these options, by their names."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in options.items():
            patch.setenv(f"AIRFLOW__{name}", value)
        plugin = KlingPlugin()
        return {view["name"]: view for view in plugin.external_views}


def paths(**options: str) -> list[str]:
    """Return where the applications are that the plugin adds with these options."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in options.items():
            patch.setenv(f"AIRFLOW__{name}", value)
        plugin = KlingPlugin()
        return [app["url_prefix"] for app in plugin.fastapi_apps]


def test_airflow_finds_the_plugin() -> None:
    (point,) = entry_points(group="airflow.plugins", name="kling")
    assert point.load() is KlingPlugin
    (listed,) = get_provider_info()["plugins"]
    assert listed["plugin-class"] == f"{KlingPlugin.__module__}.{KlingPlugin.__qualname__}"


def test_the_gallery_is_there_unless_it_is_switched_off_and_callbacks_only_if_asked_for() -> None:
    assert paths() == ["/kling/gallery"]
    assert paths(KLING__CALLBACKS="True") == ["/kling/gallery", "/kling/callbacks"]
    assert paths(KLING__GALLERY="False") == []
    assert views()["Kling gallery"]["href"] == "/kling/gallery/"
    assert views(KLING__GALLERY="False", KLING__PLAYER_TAB="True") == {}


def test_a_page_is_found_below_a_path() -> None:
    below = views(API__BASE_URL="https://example.com/team/airflow/", KLING__PLAYER_TAB="True")
    assert below["Kling gallery"]["href"] == "/team/airflow/kling/gallery/"
    assert below["Player"]["href"].startswith("/team/airflow/kling/gallery/task/{DAG_ID}/")


@pytest.mark.parametrize("applies", [True, False])
def test_the_tab_is_only_where_it_is_of_use_or_asked_for(
    applies: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kling, "_applies_by_operator", lambda: applies)
    assert ("Player" in views()) is applies
    tab = views(KLING__PLAYER_TAB="True")["Player"]
    decorators = [each["name"] for each in get_provider_info()["task-decorators"]]
    names = [*(one.__name__ for one in OPERATORS), *(f"@task.{name}" for name in decorators)]
    named = {"applies_to": {"operator_name": names}} if applies else {}
    assert {name: value for name, value in tab.items() if name == "applies_to"} == named


def test_other_processes_than_the_api_server_load_no_web_server() -> None:
    """A worker, a scheduler and a triggerer load every plugin, too."""
    probe = (
        "import sys\n"
        "from airflow_provider_kling.plugins.kling import KlingPlugin\n"
        "KlingPlugin()\n"
        "print('airflow_provider_kling.plugins.gallery.app' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[-1] == "False"

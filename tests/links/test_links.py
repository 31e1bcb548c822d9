"""The links of a task: always there, the same whatever becomes of it, and without a request or a secret."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_kling.get_provider_info import get_provider_info
from airflow_provider_kling.links.gallery_address import TaskKey
from airflow_provider_kling.links.kling import KlingGalleryLink, KlingPosterLink, KlingVideoLink
from airflow_provider_kling.operators.kling import (
    KlingDownloadOperator,
    KlingGenerateOperator,
    KlingVideoOperator,
)
from airflow_provider_kling.operators.media import VideoConcatOperator, VideoFrameOperator
from airflow_provider_kling.sensors.kling import KlingTaskSensor

LINKS = {"Video": KlingVideoLink, "Poster": KlingPosterLink, "Gallery": KlingGalleryLink}
OPERATORS = [
    KlingVideoOperator,
    KlingGenerateOperator,
    KlingDownloadOperator,
    KlingTaskSensor,
    VideoConcatOperator,
    VideoFrameOperator,
]


def key(**other: Any) -> Any:
    return SimpleNamespace(
        **{
            "dag_id": "films",
            "run_id": "r:1+2",
            "task_id": "group.make",
            "try_number": 2,
            "map_index": -1,
            **other,
        }
    )


@pytest.mark.parametrize(("name", "page"), [("Video", "/video"), ("Poster", "/poster"), ("Gallery", "")])
def test_a_link_leads_to_the_page_of_the_task(name: str, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **named: object) -> None:
        raise AssertionError("a link makes no request")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    link = LINKS[name]()
    assert link.name == name
    # Relative: Airflow's pages may be below a path.
    assert link.get_link(None, ti_key=key()) == f"kling/gallery/task/films/r%3A1%2B2/group.make/-1{page}"
    assert link.get_link(None, ti_key=key(map_index=7)).endswith(f"/7{page}")
    in_loop = key(region_index=2)  # of Airflow 3.4, where a mapped task has both
    assert link.get_link(None, ti_key=in_loop).endswith(f"/2{page}")
    assert link.get_link(None, ti_key=key(try_number=9)) == link.get_link(None, ti_key=key())


def test_without_the_gallery_there_is_nothing_to_link_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__KLING__GALLERY", "False")
    assert [link().get_link(None, ti_key=key()) for link in LINKS.values()] == ["", "", ""]


@pytest.mark.parametrize("operator", OPERATORS)
def test_each_operator_and_the_sensor_have_the_links(operator: Any) -> None:
    assert [link.name for link in operator.operator_extra_links] == list(LINKS)


def test_airflow_knows_each_link() -> None:
    named = {f"{link.__module__}.{link.__qualname__}" for link in LINKS.values()}
    assert set(get_provider_info()["extra-links"]) == named


@pytest.mark.parametrize("odd", ["a/b", "a?b#c", "a b", "ü", "../..", "%2e%2e"])
def test_a_name_cannot_change_where_an_address_leads(odd: str) -> None:
    path = TaskKey(odd, "run", "task").path()
    assert path.count("/") == 4
    assert not {"?", "#", " "} & set(path)
    assert path.isascii()

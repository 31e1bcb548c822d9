"""The example DAGs: each file is one that a user can copy as it is."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from dev.public_surface import PUBLIC_MODULES
from tests.dagbag import parse

DAGS = Path(__file__).parent.parent / "dags"
FILES = sorted(DAGS.glob("*.py"))


def test_they_all_import_without_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_KLING_DEFAULT", raising=False)
    bag = parse(DAGS)
    assert bag.import_errors == {}
    assert set(bag.dags) == {
        "kling_alerts",
        "kling_new_batch",
        "kling_new_clip",
        "kling_on_new_batch",
        "kling_on_new_clip",
        "kling_quickstart",
        "kling_chain",
        "kling_content_pipeline",
        "kling_storyboard",
        "kling_storyboard_parallel",
    }


def test_the_chain_restyles_the_clip_it_made() -> None:
    tasks = parse(DAGS).dags["kling_chain"].task_dict
    assert tasks["restyle"].upstream_task_ids == {"generate"}
    assert tasks["result"].upstream_task_ids == {"restyle"}


def test_the_storyboard_joins_the_scenes_of_a_list() -> None:
    dags = parse(DAGS).dags
    for dag_id, step in (("kling_storyboard", "scene.clip"), ("kling_storyboard_parallel", "clip")):
        tasks = dags[dag_id].task_dict
        assert tasks["film"].upstream_task_ids == {step}
        assert tasks[step].get_needs_expansion()
    assert dags["kling_storyboard"].task_dict["scene.clip"].upstream_task_ids >= {"scene.first_frame"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_they_use_public_names_only(file: Path) -> None:
    imported = {
        node.module
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("airflow_provider_kling")
    }
    assert imported
    assert imported <= set(PUBLIC_MODULES)

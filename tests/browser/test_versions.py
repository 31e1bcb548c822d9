"""The pages on the other versions of Airflow: they load, list and play. 3.1 keeps its token elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from dev.airflow_settings import PATIENT
from dev.airflow_stack import AirflowStack
from dev.service import sandbox_connection
from tests.browser.conftest import HERE
from tests.browser.visitor import visiting
from tests.e2e.run import Run

ENVIRONMENTS = HERE.parents[1] / ".venv"
PROMPT = "A paper boat in another version"


@pytest.fixture(params=["3.1", "3.2", "3.4"])
def other(request: pytest.FixtureRequest, sandbox: SandboxProcess, tmp_path: Path) -> Iterator[AirflowStack]:
    """An Airflow of another version, without a path before its own."""
    programs = ENVIRONMENTS / f"airflow-{request.param}" / "bin"
    if not (programs / "airflow").exists():
        pytest.skip(f"run `make environment-{request.param}` first")
    with AirflowStack(
        home=tmp_path / "home",
        dags_folder=HERE / "dags",
        env={"AIRFLOW_CONN_KLING_DEFAULT": sandbox_connection(sandbox)},
        settings=PATIENT,
        programs=programs,
    ) as stack:
        stack.wait_for(lambda: stack.api.has_dag("seen"), what="the DAG")
        stack.api.unpause("seen")
        yield stack


def test_the_pages_load_list_and_play(other: AirflowStack, chromium: Browser, tmp_path: Path) -> None:
    conf = {"prompt": PROMPT, "output": f"file://{tmp_path}/clips"}
    run = Run(stack=other, dag_id="seen", run_id=other.api.trigger("seen", conf))
    assert run.finish() == "success"
    with visiting(chromium, other.url) as visitor:
        visitor.log_in(None)
        visitor.page.goto(f"{visitor.url}/")  # Airflow's own page takes the token
        expect(visitor.page.get_by_role("button", name="Browse")).to_be_visible()
        visitor.gallery()
        expect(visitor.card(PROMPT)).to_have_count(1)
        visitor.played(visitor.card(PROMPT).locator("video"))
        assert visitor.foreign() == []
        assert visitor.errors == []

"""The pages on the other versions of Airflow: they load, list and play. 3.1 keeps its token elsewhere."""

from __future__ import annotations

import re
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
        for dag_id in ("seen", *(["looped"] if request.param == "3.4" else [])):
            stack.wait_for(lambda dag_id=dag_id: stack.api.has_dag(dag_id), what=f"the DAG {dag_id}")
            stack.api.unpause(dag_id)
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


@pytest.mark.parametrize("other", ["3.4"], indirect=True)
def test_each_iteration_of_a_loop_has_its_links_and_its_page(
    other: AirflowStack, chromium: Browser, tmp_path: Path
) -> None:
    run = Run(
        stack=other, dag_id="looped", run_id=other.api.trigger("looped", {"output": f"file://{tmp_path}"})
    )
    assert run.finish() == "success"
    with visiting(chromium, other.url) as visitor:
        visitor.log_in(None)
        for number in range(2):
            link = other.api.links(run.tasks()[f"again.clip#{number}"])["Gallery"]
            visitor.page.goto(f"{visitor.url}/{link}")
            expect(visitor.page.locator("h1")).to_have_text(f"Boat {number}")
            visitor.played(visitor.page.locator("video"))
        visitor.page.get_by_role("link", name="in Airflow").click()
        expect(visitor.page.get_by_text("Success", exact=True).first).to_be_visible()
        visitor.page.get_by_role("link", name="Player").click()  # which Airflow tells no iteration
        cards = visitor.page.frame_locator("iframe").locator("article.card")
        expect(cards).to_have_text([re.compile("Boat 1"), re.compile("Boat 0")])

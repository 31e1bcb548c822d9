"""The pictures that the docs show, of a gallery that has something to show."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PICTURES
from tests.browser.visitor import Visitor
from tests.e2e.run import Run

Visit = Callable[..., AbstractContextManager[Visitor]]

# The browser shows that it loads a poster for some time longer; no page tells when that is over.
SIGN_OF_LOADING_MS = 4000

PROMPTS = (
    "A paper boat sails down a rainy street at dusk",
    "The same street as a watercolour painting",
    "A lighthouse in a storm, seen from the sea",
    "A fox crosses a snowy field under northern lights",
    "A tram climbs a hill in the morning fog",
    "A kite above a harbour, filmed from a roof",
)


@pytest.fixture(scope="module")
def films(start: Callable[..., Run], tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """Runs of one DAG, made one after another, so that they are shown in this order."""
    output = f"file://{tmp_path_factory.mktemp('films')}"
    runs = []
    for prompt in reversed(PROMPTS):
        runs.append(start("films", prompt=prompt, output=output))
        assert runs[-1].finish() == "success"
    return runs


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where the pictures go: to the docs, when they are asked for."""
    return PICTURES if request.config.getoption("--pictures", default=False) else tmp_path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_gallery_has_its_picture_taken(visit: Visit, films: list[Run], folder: Path, scheme: str) -> None:
    with visit(color_scheme=scheme, viewport={"width": 1200, "height": 860}) as visitor:
        page = visitor.gallery("/?dag=films")
        for prompt in PROMPTS:
            expect(visitor.card(prompt).locator("video")).to_be_visible()
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(SIGN_OF_LOADING_MS)
        picture = page.screenshot(path=folder / f"gallery-{scheme}.png")
        visitor.gallery(f"/task/films/{films[-1].run_id}/clip/-1")
        visitor.played(page.locator("video"))
        page.locator("video").evaluate("video => video.pause()")
        player = page.screenshot(path=folder / f"player-{scheme}.png")
        page.goto(f"{visitor.url}/dags/films/runs/{films[-1].run_id}/tasks/clip/details")
        for link in ("Gallery", "Poster", "Video"):
            expect(page.get_by_role("link", name=link, exact=True)).to_be_visible()
        page.wait_for_load_state("networkidle")
        task = page.screenshot(path=folder / f"task-{scheme}.png")
    assert min(map(len, (picture, player, task))) > 20_000, "there is something on them"

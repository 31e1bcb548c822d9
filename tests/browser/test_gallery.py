"""People look at what was generated, in a real browser: they find it, play it, and seek in it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import HOSTILE, PROMPTS
from tests.browser.visitor import Visitor
from tests.e2e.run import Run

Visit = Callable[..., AbstractContextManager[Visitor]]
PAGES = ("/", "/costs", "task")


def page_of(run: Run) -> str:
    return f"/task/{run.dag_id}/{run.run_id}/clip/-1"


def path(page: str, generations: dict[str, Run]) -> str:
    return page_of(generations["boat"]) if page == "task" else page


def test_it_is_in_airflows_navigation(admin: Visitor, generations: dict[str, Run]) -> None:
    admin.page.goto(f"{admin.url}/")
    admin.page.get_by_role("button", name="Browse").click()
    admin.page.get_by_role("menuitem", name="Kling gallery").click()
    frame = admin.page.frame_locator("iframe")
    expect(frame.locator("article.card", has_text=PROMPTS["boat"])).to_be_visible()


def test_a_stored_clip_plays_in_place_and_can_be_sought_in(
    admin: Visitor, generations: dict[str, Run]
) -> None:
    statuses: list[int] = []
    admin.page.on(
        "response", lambda answer: statuses.append(answer.status) if "/media/0" in answer.url else None
    )
    admin.gallery()
    admin.played(admin.card(PROMPTS["boat"]).locator("video"))
    assert 206 in statuses, "parts of the clip were asked for"


def test_the_filters_find_one_among_many(admin: Visitor, generations: dict[str, Run]) -> None:
    page = admin.gallery()
    for prompt in PROMPTS.values():
        expect(admin.card(prompt)).to_have_count(1)
    page.get_by_label("DAG").select_option("secret")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("article.card")).to_have_count(1)
    admin.gallery()
    page.get_by_label("Prompt").fill("With a LANTERN")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("article.card")).to_have_count(1)
    expect(admin.card(PROMPTS["boat"])).to_be_visible()
    admin.gallery()
    page.get_by_label("Prompt").fill("lantern")
    page.get_by_label("State").select_option("failed")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(".nothing")).to_contain_text("Nothing here yet")


def test_costs_add_up(admin: Visitor, generations: dict[str, Run]) -> None:
    cost = generations["secret"].result("clip")["cost_usd"]
    total = admin.gallery("/costs?dag=secret").locator(".total")
    expect(total).to_have_text(f"${cost} for 1 generations.")


def test_what_people_wrote_is_shown_as_text(admin: Visitor, generations: dict[str, Run]) -> None:
    for page in ("/", page_of(generations["hostile"])):
        admin.gallery(page)
        heading = admin.page.locator("h1, h2", has_text="<script>")
        expect(heading).to_have_text(HOSTILE)
        assert admin.page.evaluate("() => window.hacked") is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_nothing_hinders_anybody(visit: Visit, generations: dict[str, Run], page: str, scheme: str) -> None:
    with visit(color_scheme=scheme) as visitor:
        visitor.gallery(path(page, generations))
        assert (visitor.brightness() > 0.5) is (scheme == "light")
        assert visitor.faults() == []


def test_it_has_the_theme_that_was_chosen_in_airflow(visit: Visit, generations: dict[str, Run]) -> None:
    with visit(color_scheme="light") as visitor:
        visitor.page.evaluate("() => localStorage.setItem('theme', 'dark')")
        visitor.gallery()
        assert visitor.brightness() < 0.5


@pytest.mark.parametrize("page", PAGES)
def test_a_phone_shows_it_without_sideways_scrolling(
    visit: Visit, generations: dict[str, Run], page: str
) -> None:
    with visit(viewport={"width": 390, "height": 844}, is_mobile=True) as visitor:
        visitor.gallery(path(page, generations))
        width = visitor.page.evaluate("() => document.documentElement.scrollWidth")
        assert width <= 390
        visitor.page.evaluate("() => window.scrollTo(1000, 0)")
        assert visitor.page.evaluate("() => window.scrollX") == 0


def test_what_is_not_stored_plays_from_the_services_link(visit: Visit, generations: dict[str, Run]) -> None:
    """The one request that leaves Airflow, and only where somebody plays it."""
    link = generations["linked"].result("clip")["url"]
    with visit() as visitor:
        visitor.gallery(page_of(generations["linked"]))
        assert visitor.foreign() == []
        visitor.played(visitor.page.locator("video"))
        assert set(visitor.foreign()) == {link}

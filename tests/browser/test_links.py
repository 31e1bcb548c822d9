"""Each link of a task leads somewhere, while it is deferred and when it has ended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from dev.waiting import wait_for
from tests.browser.conftest import PROMPTS
from tests.browser.visitor import Visitor
from tests.e2e.held import HeldSandbox
from tests.e2e.run import Run

PROMPT = "A boat that takes its time"


def follow(visitor: Visitor, run: Run, name: str) -> None:
    """Open the task in Airflow, and follow one of its links."""
    visitor.page.goto(f"{visitor.url}/dags/{run.dag_id}/runs/{run.run_id}/tasks/clip/details")
    visitor.page.get_by_role("link", name=name, exact=True).click()


def test_the_links_of_a_task_are_followed_while_it_is_deferred_and_when_it_is_done(
    admin: Visitor, start: Callable[..., Run], held: HeldSandbox, tmp_path: Path
) -> None:
    run = start(prompt=PROMPT, output=f"file://{tmp_path}", conn_id=held.conn_id)
    run.until("clip", "deferred")
    for name in ("Video", "Poster", "Gallery"):
        follow(admin, run, name)
        expect(admin.page.locator("h1")).to_have_text(PROMPT)
        expect(admin.page.locator(".progress")).to_contain_text("of usually")
    held.finish_generations()
    assert run.finish() == "success"
    expect(admin.page.locator("video")).to_be_visible()  # the page that is open has noticed

    follow(admin, run, "Gallery")
    admin.played(admin.page.locator("video"))
    follow(admin, run, "Poster")
    admin.page.wait_for_url("**/media/poster")
    assert admin.page.evaluate("() => document.images[0].naturalWidth") > 0
    follow(admin, run, "Video")
    admin.page.wait_for_url("**/media/0")
    # Scripts do not run beside a file, so the page cannot wait by itself.
    loaded = "() => document.querySelector('video').readyState >= 3"
    wait_for(lambda: admin.page.evaluate(loaded), what="the clip in the browser's own player")


def test_a_tab_of_the_task_plays_its_clip(admin: Visitor, generations: dict[str, Run]) -> None:
    run = generations["boat"]
    admin.page.goto(f"{admin.url}/dags/{run.dag_id}/runs/{run.run_id}/tasks/clip")
    admin.page.get_by_role("link", name="Player").click()
    frame = admin.page.frame_locator("iframe")
    expect(frame.locator("h1")).to_have_text(PROMPTS["boat"])
    expect(frame.locator("video")).to_be_visible()


def test_a_mapped_task_shows_all_its_clips_and_each_its_own(
    admin: Visitor, start: Callable[..., Run], tmp_path: Path
) -> None:
    run = start("many", output=f"file://{tmp_path}")
    assert run.finish() == "success"
    admin.gallery(f"/task/many/{run.run_id}/clip/-1")
    for prompt in ("A first boat", "A second boat"):
        expect(admin.card(prompt)).to_have_count(1)
    admin.card("A second boat").get_by_role("link", name="A second boat").click()
    expect(admin.page.locator("h1")).to_have_text("A second boat")
    admin.played(admin.page.locator("video"))
    admin.page.get_by_role("link", name="in Airflow").click()
    expect(admin.page.get_by_text("many", exact=True).first).to_be_visible()


def test_a_failed_tasks_page_says_why(admin: Visitor, start: Callable[..., Run], held: HeldSandbox) -> None:
    held.sandbox.faults([{"method": "POST", "action": {"status": 400}}])
    run = start(prompt=PROMPT, conn_id=held.conn_id)
    assert run.finish() == "failed"
    follow(admin, run, "Gallery")
    expect(admin.page.locator(".error")).to_contain_text("nothing is billed")


def test_what_is_not_stored_has_no_poster_but_a_page(admin: Visitor, generations: dict[str, Run]) -> None:
    follow(admin, generations["linked"], "Poster")
    expect(admin.page.locator("h1")).to_have_text("A clip that nobody stored")

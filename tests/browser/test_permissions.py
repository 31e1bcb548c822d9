"""Who may not read a DAG sees nothing of what it generated, on whatever way."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from playwright.sync_api import Browser, expect

from dev.airflow_stack import AirflowStack
from tests.browser.conftest import PROMPTS
from tests.browser.visitor import GALLERY, Visitor, visiting
from tests.e2e.run import Run

Visit = Callable[..., AbstractContextManager[Visitor]]
FILES = ("", "/video", "/poster", "/media/0", "/media/poster")


def test_a_user_sees_the_clips_of_those_dags_only_that_airflow_lets_them_see(
    visit: Visit, generations: dict[str, Run]
) -> None:
    with visit("guest") as guest:
        page = guest.gallery()
        for prompt in PROMPTS.values():
            expect(guest.card(prompt)).to_have_count(1)
        assert "secret" not in page.content().lower()
        guest.gallery("/?dag=secret")
        expect(page.locator("article.card")).to_have_count(0)
        costs = guest.gallery("/costs")
        assert "secret" not in costs.content().lower()


@pytest.mark.parametrize("file", FILES)
def test_a_direct_address_is_refused(visit: Visit, generations: dict[str, Run], file: str) -> None:
    secret, seen = (
        f"{GALLERY}/task/{run.dag_id}/{run.run_id}/clip/-1{file}"
        for run in (generations["secret"], generations["boat"])
    )
    with visit("guest") as guest:
        assert guest.page.request.get(f"{guest.url}{secret}").status == 403
        assert guest.page.request.get(f"{guest.url}{seen}").ok
    with visit("admin") as admin:
        assert admin.page.request.get(f"{admin.url}{secret}").ok


@pytest.mark.parametrize("file", FILES)
def test_who_has_not_logged_in_sees_nothing(
    chromium: Browser, stack: AirflowStack, generations: dict[str, Run], file: str
) -> None:
    run = generations["boat"]
    with visiting(chromium, stack.url) as nobody:
        for path in ("/", "/costs", f"/task/{run.dag_id}/{run.run_id}/clip/-1{file}"):
            answer = nobody.page.request.get(f"{nobody.url}{GALLERY}{path}")
            assert answer.status == 401
            assert "paper boat" not in answer.text()

"""What a new user does first: makes the connection in the form, tests it, and runs the quickstart."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from dev.airflow_stack import AirflowStack
from tests.browser.visitor import Visitor
from tests.e2e.run import Run

Visit = Callable[..., AbstractContextManager[Visitor]]


def fill_in(page: Page, conn_id: str, *, url: str, key: str) -> None:
    """Make a connection as a person does; the port has a field of its own."""
    parts = urlsplit(url)
    page.get_by_role("button", name="Add Connection").click()
    form = page.get_by_role("dialog")
    form.locator("input[name=connection_id]").fill(conn_id)
    form.get_by_role("combobox").fill("Kling")
    page.get_by_role("option", name="Kling", exact=True).click()
    form.locator("input[name=host]").fill(f"http://{parts.hostname}")
    form.locator("input[name=port]").fill(str(parts.port))
    password = form.locator("input[name=password]")
    expect(password).to_have_attribute("type", "password")
    password.fill(key)
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name=conn_id)).to_be_visible()


def press_test(page: Page, conn_id: str, told: str) -> None:
    """Press the button *Test* of a connection, and check what the page is told, and shows for a moment."""
    button = page.get_by_role("row", name=conn_id).get_by_role("button", name="Test Connection")
    with page.expect_response("**/connections/test") as answer:
        button.click()
    assert told in answer.value.json()["message"]


def test_a_connection_is_made_in_the_form_and_tested(
    admin: Visitor, stack: AirflowStack, sandbox: SandboxProcess
) -> None:
    page = admin.page
    page.goto(f"{admin.url}/connections")
    fill_in(page, "kling_wrong", url=sandbox.url, key="sk-not-the-key")
    press_test(page, "kling_wrong", "does not accept the key")
    fill_in(page, "kling_default", url=sandbox.url, key=sandbox.api_key)
    before = len(sandbox.requests("POST"))
    press_test(page, "kling_default", "The key is valid; the account's balance is")
    assert len(sandbox.requests("POST")) == before, "it is free"

    page.goto(f"{admin.url}/dags/kling_quickstart")
    page.get_by_role("button", name="Trigger").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Trigger").click()

    def run_id() -> str | None:
        runs = stack.api.call("GET", "/dags/kling_quickstart/dagRuns")["dag_runs"]
        return runs[0]["dag_run_id"] if runs else None

    run = Run(stack=stack, dag_id="kling_quickstart", run_id=stack.wait_for(run_id, what="the run of the UI"))
    assert run.finish() == "success"
    admin.gallery(f"/task/kling_quickstart/{run.run_id}/generate/-1")
    admin.played(page.locator("video"))

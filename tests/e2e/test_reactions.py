"""What reacts to a generation: a chat, and an alert for a run that is late."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from airflow_provider_kling.links.gallery_address import TaskKey
from dev.airflow_stack import AirflowStack
from tests.e2e.held import HeldSandbox
from tests.e2e.run import Run
from tests.notifications_server import Chat, running_chat


@pytest.fixture(scope="module")
def chat(stack: AirflowStack) -> Iterator[Chat]:
    """A chat that the connection ``kling_webhook`` leads to."""
    with running_chat() as chat:
        stack.api.create_connection(
            "kling_webhook", conn_type="slackwebhook", host=f"{chat.url}/services", password="T0/B0/secret"
        )
        yield chat


def test_a_chat_is_told_of_a_clip(
    stack: AirflowStack, chat: Chat, start_run: Callable[..., Run], mark: str
) -> None:
    run = start_run("kling_alerts", prompt=f"A boat {mark}")
    assert run.finish() == "success"

    def posted() -> str | None:
        return next((str(body["text"]) for _, body in chat.posts if mark in str(body["text"])), None)

    text = stack.wait_for(posted, what="the post")
    assert text.startswith("New clip:\nkling-video-o1 · done · ")
    assert f"{run.result('generate')['cost_usd']} USD" in text
    page = TaskKey("kling_alerts", run.run_id, "generate").path()
    assert f"/kling/gallery/{page}|Look at it>" in text
    assert "says generate" in run.log("generate"), "the callback of the DAG's own got the result"


def test_a_run_that_is_late_is_told_while_it_goes_on(
    stack: AirflowStack, chat: Chat, trigger: Callable[..., Run], held: HeldSandbox
) -> None:
    run = trigger("late", conn_id=held.conn_id)
    stack.wait_for(
        lambda: any(body["text"] == "This run is late" for _, body in chat.posts), what="the alert"
    )
    assert run.state() == "running"
    held.finish_generations()
    assert run.finish() == "success"

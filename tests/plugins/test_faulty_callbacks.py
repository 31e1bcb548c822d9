"""The receiver, where a real service's callbacks are lost, doubled, late, reordered or forged."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from airflow_provider_kling.hooks.callback_list import reported, with_report
from airflow_provider_kling.plugins.callbacks import make_app
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.sandbox.kling.conftest import LONG_S, Client, connected

SECRET = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="
LATE_S = 5000


class Board:
    """The list of reported tasks, as the API server keeps it in a Variable.

    :ivar now: of the service and the receiver: Unix seconds. It is moved here, as the service answers
        nothing while it delivers.
    """

    def __init__(self, *, now: float) -> None:
        self.now = now
        self.stored: str | None = None

    def report(self, task_id: str) -> None:
        self.stored = with_report(self.stored, task_id=task_id, now=self.now)

    @property
    def tasks(self) -> set[str]:
        return set(reported(self.stored))


@pytest.fixture
def service(kling_sandbox_factory: Any) -> Iterator[Client]:
    """A service whose time passes only when it is told to."""
    sandbox: SandboxProcess = kling_sandbox_factory(gateway="kling", speed=0.05, webhook_secret=SECRET)
    yield from connected(sandbox)


@pytest.fixture
def board(service: Client) -> Board:
    return Board(now=service.now())


@pytest.fixture
def address(service: Client, board: Board) -> Iterator[str]:
    """Where the receiver is reached."""
    app = make_app(secrets=[SECRET], report=board.report, clock=lambda: board.now)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/kling"
        server.should_exit = True
        thread.join()


def finish(service: Client, board: Board, address: str) -> str:
    """Make a video whose end is reported to the address; return its task's id."""
    board.now += LONG_S
    return str(service.finished(options={"callback_url": address})["id"])


@pytest.mark.parametrize(
    ("fault", "deliveries", "is_heard"),
    [
        (None, [200, 200], True),
        ({"action": "drop", "status": "succeeded"}, [200, None], False),
        ({"action": "double", "status": "succeeded"}, [200, 200, 200], True),
        ({"action": "reorder", "status": "processing"}, [200, 200], True),
        ({"action": "bad_signature", "status": "succeeded"}, [200, 403], False),
    ],
    ids=["none", "lost", "doubled", "reordered", "forged"],
)
def test_a_task_is_heard_of_once_and_only_through_a_signed_report_of_its_end(
    service: Client,
    board: Board,
    address: str,
    fault: dict[str, Any] | None,
    deliveries: list[int | None],
    is_heard: bool,
) -> None:
    service.sandbox.callback_faults([fault] if fault else [])
    task_id = finish(service, board, address)
    assert [one["response"] for one in service.sandbox.callbacks()] == deliveries
    assert board.tasks == ({task_id} if is_heard else set())


def test_a_late_report_is_heard_of_when_it_comes(service: Client, board: Board, address: str) -> None:
    service.sandbox.callback_faults([{"action": "late", "status": "succeeded", "delay_s": LATE_S}])
    task_id = finish(service, board, address)
    assert board.tasks == set()
    board.now += LATE_S
    service.sandbox.advance(LATE_S)
    service.sandbox.callbacks()
    assert board.tasks == {task_id}

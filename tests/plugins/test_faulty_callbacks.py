"""The receiver, where a real service's callbacks are lost, doubled, late, reordered or forged."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
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


@pytest.fixture(scope="module")
def service_process(kling_sandbox_factory: Any) -> SandboxProcess:
    started: SandboxProcess = kling_sandbox_factory(gateway="kling", speed=0.05, webhook_secret=SECRET)
    return started


@pytest.fixture
def service(service_process: SandboxProcess) -> Iterator[Client]:
    """A service whose time passes only when it is told to."""
    yield from connected(service_process)


@pytest.fixture
def board(service: Client) -> Board:
    return Board(now=service.now())


class Receiver:
    """The receiver on a server of its own.

    :ivar address: where it is reached.
    """

    def __init__(self, *, address: str, stop: Callable[[], None]) -> None:
        self.address = address
        self._stop = stop

    def passes_all_on(self) -> None:
        """Stop it, and wait until all that it has answered is passed on: it answers first."""
        self._stop()


@pytest.fixture
def receiver(service: Client, board: Board) -> Iterator[Receiver]:
    app = make_app(secrets=[SECRET], report=board.report, clock=lambda: board.now)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()

        def stop() -> None:
            server.should_exit = True
            thread.join()

        yield Receiver(address=f"http://127.0.0.1:{listening.getsockname()[1]}/kling", stop=stop)
        stop()


def finish(service: Client, board: Board, receiver: Receiver) -> str:
    """Make a video whose end is reported to the address; return its task's id."""
    board.now += LONG_S
    return str(service.finished(options={"callback_url": receiver.address})["id"])


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
    receiver: Receiver,
    fault: dict[str, Any] | None,
    deliveries: list[int | None],
    is_heard: bool,
) -> None:
    service.sandbox.callback_faults([fault] if fault else [])
    task_id = finish(service, board, receiver)
    assert [one["response"] for one in service.sandbox.callbacks()] == deliveries
    receiver.passes_all_on()
    assert board.tasks == ({task_id} if is_heard else set())


def test_a_late_report_is_heard_of_when_it_comes(service: Client, board: Board, receiver: Receiver) -> None:
    service.sandbox.callback_faults([{"action": "late", "status": "succeeded", "delay_s": LATE_S}])
    task_id = finish(service, board, receiver)
    assert board.tasks == set()
    board.now += LATE_S
    service.sandbox.advance(LATE_S)
    service.sandbox.callbacks()
    receiver.passes_all_on()
    assert board.tasks == {task_id}

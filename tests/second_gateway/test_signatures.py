"""Requests whose signature expires: it is replaced in time, and one that expired was rejected for certain."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingAuthenticationError, KlingSignatureExpiredError
from airflow_provider_kling.hooks.waiter import TaskWaiter
from airflow_provider_kling.http.client import AsyncKlingClient, KlingClient
from airflow_provider_kling.http.settings import ClientSettings
from airflow_provider_kling.models import parse_request
from tests.airflow_names import AirflowFailException
from tests.second_gateway.gateway import SecondGateway, TicketCredentials
from tests.second_gateway.logical_task import LogicalTask
from tests.second_gateway.service import ACCESS, SECRET, TICKET_S, SecondService
from tests.task_runner import video

pytestmark = pytest.mark.contract

GATEWAY = SecondGateway(api_version="v7")


class Clock:
    """A time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(service: SecondService, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the service, and of all clients that hooks make."""
    service.clock = clock
    for client in (KlingClient, AsyncKlingClient, TaskWaiter):
        monkeypatch.setitem(_defaults(client), "clock", clock)
    return clock


def _defaults(kind: Any) -> Any:
    """Return what the arguments of a class are where nobody gives them."""
    return kind.__init__.__kwdefaults__


def connect(service: SecondService, clock: Clock) -> closing[KlingClient]:
    credentials = TicketCredentials(ACCESS, SECRET)
    settings = ClientSettings(base_url=service.url, credentials=credentials)
    return closing(KlingClient(settings=settings, clock=clock, sleep=clock.advance))


def tickets(service: SecondService) -> set[str]:
    return {request.ticket for request in service.requests if request.ticket}


def submit(client: KlingClient) -> Any:
    request = parse_request("kling-video-o1", {"prompt": "A paper boat"})
    return client.call(GATEWAY.submit(GATEWAY.encode(request), key=""))


def test_a_signature_is_used_for_as_long_as_it_is_valid_and_then_replaced(
    service: SecondService, clock: Clock
) -> None:
    service.clock = clock
    with connect(service, clock) as client:
        task = submit(client)
        for _ in range(60):
            clock.advance(10)
            client.call(GATEWAY.task(task.task_id))
    assert len(service.requests) == 61, "none was rejected and repeated"
    assert len(tickets(service)) == 1 + 600 // 60


def test_a_read_whose_signature_the_service_calls_expired_is_signed_again(
    service: SecondService, clock: Clock
) -> None:
    """The service's clock is ahead, so that a signature expires there first."""
    service.clock = lambda: clock() + TICKET_S / 2
    with connect(service, clock) as client:
        task = submit(client)
        clock.advance(TICKET_S / 2 + 1)
        assert client.call(GATEWAY.task(task.task_id)).task_id == task.task_id
    first, expired, again = [request.ticket for request in service.requests]
    assert first == expired != again


def test_a_submission_whose_signature_has_expired_made_no_task_for_certain(
    service: SecondService, clock: Clock
) -> None:
    service.clock = lambda: clock() + TICKET_S / 2
    with connect(service, clock) as client:
        client.call(GATEWAY.task_batch.tasks(["1"]))
        clock.advance(TICKET_S / 2 + 1)
        with pytest.raises(KlingSignatureExpiredError, match="No task was made") as expired:
            submit(client)
        assert isinstance(expired.value, KlingAuthenticationError)
        assert len(service.references) == 1, "a submission is never repeated by the client"
        submit(client)
    assert len(service.accepted) == 1


def test_a_try_whose_submission_was_signed_too_long_ago_leaves_nothing_and_is_retried(
    service: SecondService, task: LogicalTask, world: Clock
) -> None:
    service.clock = lambda: world() + TICKET_S / 2

    def dawdle(request: Any) -> None:
        if request.path == "/v7/purse":
            world.advance(TICKET_S / 2 + 1)

    service.on_request = dawdle
    with pytest.raises(KlingSignatureExpiredError) as expired:
        task.run(video(retries=9, min_balance=1))
    assert not isinstance(expired.value, AirflowFailException)
    assert task.record is None, "certainly rejected, so nothing is unknown"
    assert service.seen("GET", "/v7/jobs") == [], "and nothing was looked up"
    task.retry()
    assert task.run(video(retries=9))["status"] == "success"
    assert len(service.accepted) == 1


@pytest.mark.parametrize("deferrable", [True, False], ids=["deferred", "blocking"])
def test_a_long_wait_signs_again_and_again(
    service: SecondService,
    task: LogicalTask,
    world: Clock,
    deferrable: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        world.advance(20)

    async def sleep_async(seconds: float) -> None:
        sleep(seconds)

    monkeypatch.setattr(SecondGateway, "task_batch", None)  # that waits by the clock of the event loop
    monkeypatch.setitem(_defaults(TaskWaiter), "sleep", sleep)
    monkeypatch.setitem(_defaults(TaskWaiter), "sleep_async", sleep_async)
    service.duration_s = 1800
    result = task.run(video(deferrable=deferrable))
    assert [job.number for job in service.accepted] == [result["task_id"]]
    assert len(pauses) == 90
    assert len(tickets(service)) >= 1800 / 60
    polls = service.seen("GET", "/v7/jobs")
    assert len(polls) == 90 + deferrable, "none was rejected and repeated"


def test_credentials_that_are_wrong_end_a_wait_at_once(
    service: SecondService, task: LogicalTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.keep_running()
    monkeypatch.setattr("tests.second_gateway.service.SECRET", "SK-changed")
    with pytest.raises(KlingAuthenticationError) as wrong:
        task.run(video(retries=9))
    assert not isinstance(wrong.value, KlingSignatureExpiredError)
    assert isinstance(wrong.value, AirflowFailException)

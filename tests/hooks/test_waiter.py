"""Waiting for a task: both loops, in a time that costs nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import cycle
from typing import Any

import pytest

from airflow_provider_kling.exceptions import (
    KlingAuthenticationError,
    KlingConnectionError,
    KlingError,
    KlingModerationError,
    KlingNotFoundError,
    KlingPermissionError,
    KlingRateLimitError,
    KlingTaskFailedError,
    KlingTimeoutError,
)
from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.hooks.pacer import Pacer
from airflow_provider_kling.hooks.waiter import (
    PollOutcome,
    TaskWaiter,
    finished_task,
    still_running_message,
    timed_out,
)
from airflow_provider_kling.http.client import AsyncKlingClient, KlingClient
from airflow_provider_kling.http.credentials import BearerToken
from airflow_provider_kling.http.message import Operation
from airflow_provider_kling.http.observer import NULL_OBSERVER, CallInfo, Observer, WaitReason
from airflow_provider_kling.http.rate_limit import RateLimit
from airflow_provider_kling.http.retry import RetryPolicy
from airflow_provider_kling.http.settings import ClientSettings
from airflow_provider_kling.http.task import Task, TaskFailure, TaskStatus
from airflow_provider_kling.polling import PollEnd, PollingPlan
from airflow_provider_kling.polling.pace import Pace
from dev.virtual_time import VirtualLoop, run_in_virtual_time
from tests.http.raw_server import Answer, RawServer, hang_up, raw, reply, reset, silence, unread

START = 1000.0  # an event loop at the time of today loses its smallest moments
TODAY = 1_800_000_000.0  # for what services say of times
EVERY_S = 4.0  # the polls of these plans; the first comes after a half of it
Poll = Task | KlingError


def task(status: TaskStatus, **fields: Any) -> Task:
    return Task(task_id="t", status=status, raw_status=status.value, **fields)


PENDING, RUNNING = task(TaskStatus.PENDING), task(TaskStatus.PROCESSING)
DONE, FAILED = task(TaskStatus.SUCCESS), task(TaskStatus.FAILED)
BROKEN = KlingConnectionError("broke", request_sent=True)
NOT_FOUND = KlingNotFoundError("no such task", status_code=404)
BUSY = KlingRateLimitError("busy", status_code=429, retry_after=40.0)


class Time:
    """A clock that only sleeping moves, unless it shows that of an event loop."""

    def __init__(self, now: float = START) -> None:
        self._now = now
        self.now_by: Callable[[], float] | None = None

    @property
    def now(self) -> float:
        return self._now if self.now_by is None else self.now_by()

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self._now += seconds

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)


@dataclass
class ScriptedHook:
    """Takes the place of the hook: polls as its script says, the last again and again, and notes when."""

    time: Time
    script: Sequence[Poll]
    rate_limit: RateLimit | None = None
    polled_at: list[float] = field(default_factory=list)

    def pace(self) -> Pace:
        pace = Pace(per_minute=100)
        if self.rate_limit is not None:
            pace.learn(self.rate_limit, now=self.time.now)
        return pace

    def poll(self) -> Task:
        poll = self.script[min(len(self.polled_at), len(self.script) - 1)]
        self.polled_at.append(self.time.now - START)
        if isinstance(poll, KlingError):
            raise poll
        return poll


def waiter(
    time: Time,
    *,
    timeout: float = 3600.0,
    jitters: Iterator[float] | None = None,
    observer: Observer = NULL_OBSERVER,
) -> TaskWaiter:
    """Return a waiter for which only sleeping takes time."""
    return TaskWaiter(
        task_id="t",
        plan=PollingPlan.starting(
            submitted_at=time.now,
            timeout=timeout,
            **dict.fromkeys(("min_interval_s", "max_interval_s", "max_overdue_interval_s"), EVERY_S),
        ),
        observer=observer,
        clock=lambda: time.now,
        random=lambda: next(jitters) if jitters else 0.5,
        sleep=time.sleep,
        sleep_async=time.sleep_async,
    )


def wait(
    kind: str,
    *script: Poll,
    timeout: float = 3600.0,
    jitters: Sequence[float] = (0.5,),
    observer: Observer = NULL_OBSERVER,
    **hook_facts: Any,
) -> tuple[PollOutcome, ScriptedHook]:
    """Wait for a scripted task with either loop."""
    time = Time()
    hook = ScriptedHook(time=time, script=script, **hook_facts)
    waits = waiter(time, timeout=timeout, jitters=cycle(jitters), observer=observer)
    return run(kind, waits, hook), hook


def run(kind: str, waits: TaskWaiter, hook: ScriptedHook) -> PollOutcome:
    """Run either loop."""

    async def poll() -> Task:
        return hook.poll()

    if kind == "sync":
        return waits.wait(hook.poll, hook.pace())

    async def work(loop: VirtualLoop) -> PollOutcome:
        hook.time.now_by = loop.time
        pacer = Pacer(pace=hook.pace(), rate_limit=lambda: None, clock=loop.time)
        virtual = replace(waits, clock=loop.time, sleep_async=asyncio.sleep)
        return await virtual.wait_async(virtual.alone(poll, pacer=pacer))

    return run_in_virtual_time(work, start=START)


both = pytest.mark.parametrize("kind", ["sync", "async"])


@pytest.mark.parametrize(
    "script",
    [
        [PENDING, RUNNING, RUNNING, DONE],
        [RUNNING, BROKEN, NOT_FOUND, RUNNING, NOT_FOUND, BUSY, BROKEN, FAILED],
        [RUNNING],
        [BROKEN],
        [NOT_FOUND],
        [RUNNING] * 30 + [DONE],
        [KlingAuthenticationError("401", status_code=401)],
    ],
    ids=["success", "errors", "endless", "unreachable", "unknown", "long", "rejected"],
)
@pytest.mark.parametrize("jitters", [(0.0,), (0.1, 0.9, 0.4)])
def test_both_loops_poll_at_the_same_moments_and_end_alike(
    script: list[Poll], jitters: Sequence[float]
) -> None:
    facts: dict[str, Any] = {"rate_limit": RateLimit(limit=100, remaining=50, reset_at=START + 30)}
    blocking, first = wait("sync", *script, jitters=jitters, timeout=1000.0, **facts)
    awaiting, second = wait("async", *script, jitters=jitters, timeout=1000.0, **facts)
    assert first.polled_at == pytest.approx(second.polled_at)
    assert replace(blocking, waited_s=0.0) == replace(awaiting, waited_s=0.0)


@both
def test_the_polls_follow_the_plan(kind: str) -> None:
    outcome, hook = wait(kind, RUNNING, RUNNING, RUNNING, BUSY, RUNNING, DONE)
    assert hook.polled_at == pytest.approx([2.0, 6.0, 10.0, 14.0, 54.0, 58.0])
    assert (outcome.end, outcome.task, outcome.error) == (PollEnd.FINISHED, DONE, None)
    assert outcome.waited_s == pytest.approx(58.0)


@both
@pytest.mark.parametrize(
    ("last", "end"),
    [
        (DONE, PollEnd.FINISHED),
        (FAILED, PollEnd.FAILED_AT_SERVICE),
        (KlingAuthenticationError("401", status_code=401), PollEnd.KEY_REJECTED),
        (KlingPermissionError("403", status_code=403), PollEnd.KEY_REJECTED),
    ],
    ids=lambda value: getattr(value, "value", type(value).__name__),
)
def test_nothing_is_polled_after_the_end(kind: str, last: Poll, end: PollEnd) -> None:
    outcome, hook = wait(kind, PENDING, BROKEN, RUNNING, last, RUNNING)
    assert len(hook.polled_at) == 4
    assert outcome.end is end
    assert last in (outcome.task, outcome.error)


@both
def test_a_task_that_is_twice_unknown_ends_the_wait(kind: str) -> None:
    outcome, hook = wait(kind, NOT_FOUND, RUNNING, NOT_FOUND, NOT_FOUND, DONE)
    assert (outcome.end, outcome.error) == (PollEnd.NOT_FOUND, NOT_FOUND)
    assert len(hook.polled_at) == 4


@both
def test_at_the_deadline_the_task_is_polled_once_more_and_may_be_done(kind: str) -> None:
    outcome, hook = wait(kind, RUNNING, RUNNING, DONE, timeout=8.0)
    assert hook.polled_at == pytest.approx([2.0, 6.0, 8.0])
    assert outcome.end is PollEnd.FINISHED


@both
def test_after_a_deadline_that_is_long_over_there_is_still_one_poll(kind: str) -> None:
    assert wait(kind, DONE, timeout=-500.0)[0].end is PollEnd.FINISHED
    outcome, hook = wait(kind, RUNNING, timeout=-500.0)
    assert (outcome.end, hook.polled_at) == (PollEnd.DEADLINE, [0.0])


@both
def test_a_poll_waits_until_the_key_has_requests_left(kind: str) -> None:
    _, alone = wait(kind, RUNNING, DONE)
    assert alone.polled_at == pytest.approx([2.0, 6.0])
    used_up = RateLimit(limit=100, remaining=20, reset_at=START + 30)
    _, late = wait(kind, RUNNING, DONE, rate_limit=used_up)
    assert late.polled_at == pytest.approx([30.0, 34.0])


@both
def test_an_error_that_is_not_about_the_service_is_not_swallowed(kind: str) -> None:
    class Broken(ScriptedHook):
        def poll(self) -> Task:
            raise ZeroDivisionError

    time = Time()
    with pytest.raises(ZeroDivisionError):
        run(kind, waiter(time), Broken(time=time, script=[RUNNING]))


@both
def test_only_changes_of_the_status_are_logged_at_info(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="airflow_provider_kling.hooks.waiter")
    wait(kind, PENDING, PENDING, BROKEN, PENDING, RUNNING, RUNNING, DONE)
    logged = [record.getMessage() for record in caplog.records if record.levelno >= logging.INFO]
    assert [line.split()[3] for line in logged] == ["pending", "processing", "success"]


@both
def test_the_error_that_ends_a_wait_is_logged(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    wait(kind, NOT_FOUND, NOT_FOUND)
    [warning] = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "no such task" in warning.getMessage()


# -- what observers learn --------------------------------------------------------------------------


class Recorder(Observer):
    """Notes every wait."""

    def __init__(self) -> None:
        self.waits: list[tuple[Operation, str, float, WaitReason]] = []

    def on_wait(self, call: CallInfo, /, *, seconds: float, reason: WaitReason) -> None:
        """Note a wait."""
        self.waits.append((call.operation, call.request, seconds, reason))


@both
def test_each_pause_between_two_polls_is_reported(kind: str) -> None:
    recorder = Recorder()
    _, hook = wait(kind, RUNNING, BROKEN, BUSY, DONE, observer=recorder)
    assert hook.polled_at == pytest.approx([2.0, 6.0, 10.0, 50.0])
    assert recorder.waits == [
        (Operation.POLL, "task t", pytest.approx(seconds), WaitReason.POLL) for seconds in (2, 4, 4, 40)
    ]


@both
def test_the_wait_of_a_poll_for_its_share_of_the_requests_is_reported(kind: str) -> None:
    recorder = Recorder()
    used_up = RateLimit(limit=100, remaining=0, reset_at=START + 30)
    _, hook = wait(kind, DONE, observer=recorder, rate_limit=used_up)
    assert hook.polled_at == pytest.approx([30.0])
    assert [(pytest.approx(seconds), reason) for _, _, seconds, reason in recorder.waits] == [
        (2.0, WaitReason.POLL),
        (28.0, WaitReason.RATE_LIMIT),
    ]


@both
def test_an_observer_that_fails_changes_nothing(kind: str) -> None:
    class Broken(Observer):
        def on_wait(self, _: CallInfo, /, **_facts: Any) -> None:
            raise ZeroDivisionError

    observed, _ = wait(kind, RUNNING, DONE, observer=Broken())
    assert observed == wait(kind, RUNNING, DONE)[0]


# -- the task or the error of an outcome ----------------------------------------------------------


def outcome(end: PollEnd, task: Task | None = None, error: KlingError | None = None) -> PollOutcome:
    return PollOutcome(task_id="t", end=end, waited_s=61.0, task=task, error=error)


def test_a_finished_task_is_the_result() -> None:
    assert outcome(PollEnd.FINISHED, task=DONE).task_or_error() is DONE
    assert outcome(PollEnd.DEADLINE, task=DONE).task_or_error() is DONE


@pytest.mark.parametrize("end", [PollEnd.FAILED_AT_SERVICE, PollEnd.DEADLINE])
def test_a_failed_task_is_an_error_with_the_services_reason(end: PollEnd) -> None:
    failed = task(TaskStatus.FAILED, failure=TaskFailure(code="5001", message="the model broke"))
    with pytest.raises(
        KlingTaskFailedError, match=r"Task t failed .*the model broke \(code 5001\)"
    ) as caught:
        outcome(end, task=failed).task_or_error()
    assert type(caught.value) is KlingTaskFailedError
    assert (caught.value.task_id, caught.value.code, caught.value.retryable) == ("t", "5001", True)


def test_a_failed_task_may_have_no_reason() -> None:
    with pytest.raises(KlingTaskFailedError, match="no reason given") as caught:
        finished_task(FAILED)
    assert caught.value.code is None


def test_rejected_content_is_an_error_of_its_own_that_no_retry_changes() -> None:
    moderated = task(TaskStatus.FAILED, failure=TaskFailure(moderated=True))
    with pytest.raises(KlingModerationError) as caught:
        finished_task(moderated)
    assert caught.value.retryable is False


def test_a_task_that_is_still_running_is_an_error_that_says_what_becomes_of_it() -> None:
    with pytest.raises(KlingTimeoutError) as caught:
        outcome(PollEnd.DEADLINE, task=RUNNING).task_or_error()
    assert caught.value.task_id == "t"
    text = str(caught.value)
    assert "Task t was still running after a wait of 61 s" in text
    assert "billed" in text
    assert "goes on at the service" in text


def test_a_timeout_claims_no_running_task_where_the_last_poll_failed() -> None:
    with pytest.raises(KlingTimeoutError) as caught:
        outcome(PollEnd.DEADLINE, error=BROKEN).task_or_error()
    text = str(caught.value)
    assert "still running" not in text
    assert f"was not seen to end after a wait of 61 s, and the last poll failed ({BROKEN})" in text
    assert "goes on at the service if it has not ended, may still finish, and is then billed" in text


def test_a_timeout_quotes_the_services_own_word() -> None:
    with pytest.raises(KlingTimeoutError, match=r"\(the service's status is 'paused for review'\)"):
        outcome(PollEnd.DEADLINE, task=replace(RUNNING, raw_status="paused for review")).task_or_error()


def test_a_timeout_says_how_long_was_waited_in_whole_seconds() -> None:
    assert "after a wait of 3600 s." in str(timed_out("t", waited_s=3600.4))


def test_a_timeout_claims_no_wait_that_is_not_known() -> None:
    text = str(timed_out("t", waited_s=None))
    assert "still running at the deadline." in text
    assert " s." not in text


def test_being_killed_is_told_with_what_becomes_of_the_task_and_of_the_next_try() -> None:
    text = still_running_message("t")
    assert "Task t cannot be cancelled: it goes on at the service and may be billed" in text
    assert "The next try of this Airflow task waits for it again and submits nothing" in text


@pytest.mark.parametrize("end", [PollEnd.KEY_REJECTED, PollEnd.NOT_FOUND])
def test_the_error_that_ended_the_polling_is_raised_itself(end: PollEnd) -> None:
    with pytest.raises(KlingNotFoundError) as caught:
        outcome(end, error=NOT_FOUND).task_or_error()
    assert caught.value is NOT_FOUND


# -- the loops, the clients and real sockets together ---------------------------------------------

WORKING = reply({"code": 0, "data": {"task_id": "t", "status": "processing", "progress": 0.5}})
FINISHED = reply({"code": 0, "data": {"task_id": "t", "status": "success"}})
ERRORS: list[Answer] = [
    *(reply({"code": status}, status=status) for status in (408, 425, 429, 500, 502, 503, 504)),
    reply(status=429, headers={"Retry-After": "2"}),
    reply(status=503, headers={"Retry-After": "Fri, 15 Jan 2027 08:00:09 GMT"}),
    reply(b"<html>502</html>", status=502),
    reply(b"<html>welcome</html>"),
    reply(b""),
    reply({"code": 0, "data": {"task_id": "another", "status": "failed"}}),
    reply({"code": 0, "data": {"task_id": "t"}}, declared=5000),
    reply({}, headers={"Content-Encoding": "gzip"}),
    raw(b"HTTP/1.1 200 OK\r\nContent-Le"),
    raw(b"not HTTP\r\n\r\n"),
    hang_up,
    reset,
    unread,
]
ODD: list[Answer] = [
    reply({"code": 404, "message": "Resource not found: task"}, status=404),
    reply({"code": 0, "data": {"task_id": "t", "status": "polishing"}}),
    reply({"code": 0, "data": {"task_id": "t", "status": None, "news": [{}]}}),
]


class Free(Pace):
    """Holds up nobody."""

    def free_at(self, now: float) -> float:
        return now


def run_over_sockets(
    kind: str, waits: TaskWaiter, *, url: str, time: Time, patience_s: float = 20.0
) -> tuple[PollOutcome, int]:
    """Run either loop with its real client, in virtual time; return the number of polls as well.

    :param patience_s: of the client with a response, in real seconds: enough for a busy machine.
    """
    call, polls = make_gateway().task("t"), 0
    options: dict[str, Any] = {
        "settings": ClientSettings(
            base_url=url, credentials=BearerToken("canary"), read_timeout_s=patience_s
        ),
        "retry": RetryPolicy(attempts=1),  # each error fails a poll
        "clock": lambda: time.now,
    }

    def blocking() -> PollOutcome:
        with closing(KlingClient(**options, sleep=time.sleep)) as client:

            def poll() -> Task:
                nonlocal polls
                polls += 1
                return client.call(call)

            return waits.wait(poll, Free(per_minute=1e6))

    async def awaiting() -> PollOutcome:
        client = AsyncKlingClient(**options, sleep=time.sleep_async)

        async def poll() -> Task:
            nonlocal polls
            polls += 1
            return await client.call(call)

        try:
            pacer = Pacer(pace=Free(per_minute=1e6), rate_limit=lambda: None, clock=lambda: time.now)
            return await waits.wait_async(waits.alone(poll, pacer=pacer))
        finally:
            await client.aclose()

    ended = blocking() if kind == "sync" else asyncio.run(awaiting())
    return ended, polls


@both
def test_500_polls_with_every_error_mixed_in_end_in_success(kind: str) -> None:
    script = [response for error in ERRORS for response in (error, WORKING)]
    script += [response for odd in ODD for response in (odd, WORKING)]
    script += ERRORS
    while len(script) < 500:
        script += script[: 500 - len(script)]
    time = Time(TODAY)
    with RawServer(*script, FINISHED) as server:
        ended, polls = run_over_sockets(kind, waiter(time, timeout=1e6), url=server.url, time=time)
        assert ended.task_or_error().status is TaskStatus.SUCCESS
        assert (polls, server.connections) == (501, 501)


@both
def test_a_server_that_stays_silent_fails_a_poll_and_not_the_wait(kind: str) -> None:
    time = Time(TODAY)
    with RawServer(silence, FINISHED) as server:
        ended, polls = run_over_sockets(
            kind, waiter(time, timeout=1e6), url=server.url, time=time, patience_s=0.2
        )
        assert ended.task_or_error().status is TaskStatus.SUCCESS
        assert polls >= 2  # more where the machine needs longer for a response than the client waits

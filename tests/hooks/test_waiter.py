"""Watching a task to its end: both loops, in a time that costs nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
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
from airflow_provider_kling.hooks.waiter import PollOutcome, Watch, finished_task, timed_out
from airflow_provider_kling.http.client import AsyncKlingClient, KlingClient
from airflow_provider_kling.http.rate_limit import RateLimit
from airflow_provider_kling.http.retry import RetryPolicy
from airflow_provider_kling.http.settings import ClientSettings
from airflow_provider_kling.http.task import FailureReason, Task, TaskFailure, TaskStatus
from airflow_provider_kling.polling import Budget, PollEnd
from tests.http.raw_server import Answer, RawServer, hang_up, raw, reply, reset, silence, unread

START = 1_800_000_000.0
Look = Task | KlingError


def task(status: TaskStatus, **fields: Any) -> Task:
    return Task(task_id="t", status=status, raw_status=status.value, **fields)


PENDING, RUNNING = task(TaskStatus.PENDING), task(TaskStatus.PROCESSING)
DONE, FAILED = task(TaskStatus.SUCCESS), task(TaskStatus.FAILED)
BROKEN = KlingConnectionError("broke", request_sent=True)
NOT_FOUND = KlingNotFoundError("no such task", status_code=404)
BUSY = KlingRateLimitError("busy", status_code=429, retry_after=40.0)


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = START

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)


@dataclass
class ScriptedHook:
    """Stands in for the hook: gives the looks of a script, the last again and again, and notes when."""

    time: Time
    script: Sequence[Look]
    rate_limit: RateLimit | None = None
    watchers: int = 1
    looked_at: list[float] = field(default_factory=list)

    def budget(self) -> Budget:
        return Budget(rate_limit=self.rate_limit, watchers=self.watchers)

    def look(self) -> Task:
        look = self.script[min(len(self.looked_at), len(self.script) - 1)]
        self.looked_at.append(self.time.now - START)
        if isinstance(look, KlingError):
            raise look
        return look


def watch(
    kind: str, *script: Look, timeout: float = 3600.0, jitters: Sequence[float] = (0.5,), **hook_facts: Any
) -> tuple[PollOutcome, ScriptedHook]:
    """Watch a scripted task with either loop."""
    time, drawn = Time(), iter(list(jitters) * 10_000)
    hook = ScriptedHook(time=time, script=script, **hook_facts)
    watching = Watch(
        task_id="t",
        submitted_at=START,
        deadline=START + timeout,
        clock=lambda: time.now,
        random=lambda: next(drawn),
        sleep=time.sleep,
        asleep=time.asleep,
    )
    return carry_out(kind, watching, hook), hook


def carry_out(kind: str, watching: Watch, hook: ScriptedHook) -> PollOutcome:
    """Run either loop."""

    async def look() -> Task:
        return hook.look()

    if kind == "sync":
        return watching.wait(hook.look, hook.budget)
    return asyncio.run(watching.await_(look, hook.budget))


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
    ids=["success", "trouble", "endless", "unreachable", "unknown", "long", "refused"],
)
@pytest.mark.parametrize("jitters", [(0.0,), (0.1, 0.9, 0.4)])
def test_both_loops_look_at_the_same_moments_and_end_alike(
    script: list[Look], jitters: Sequence[float]
) -> None:
    facts: dict[str, Any] = {"rate_limit": RateLimit(limit=100, remaining=50, reset_at=START + 30)}
    blocking, first = watch("sync", *script, jitters=jitters, timeout=1000.0, **facts)
    awaiting, second = watch("async", *script, jitters=jitters, timeout=1000.0, **facts)
    assert first.looked_at == second.looked_at
    assert blocking == awaiting


@both
def test_the_looks_follow_the_polling_decisions(kind: str) -> None:
    ending, hook = watch(kind, RUNNING, RUNNING, RUNNING, BUSY, RUNNING, DONE)
    assert hook.looked_at == [3.0, 6.0, 9.0, 12.0, 52.0, pytest.approx(62.4)]
    assert (ending.reason, ending.task, ending.error) == (PollEnd.FINISHED, DONE, None)
    assert ending.waited_s == pytest.approx(62.4)


@both
@pytest.mark.parametrize(
    ("last", "reason"),
    [
        (DONE, PollEnd.FINISHED),
        (FAILED, PollEnd.FAILED_AT_SERVICE),
        (KlingAuthenticationError("401", status_code=401), PollEnd.KEY_REFUSED),
        (KlingPermissionError("403", status_code=403), PollEnd.KEY_REFUSED),
    ],
    ids=lambda value: getattr(value, "value", type(value).__name__),
)
def test_an_end_is_the_last_look(kind: str, last: Look, reason: PollEnd) -> None:
    ending, hook = watch(kind, PENDING, BROKEN, RUNNING, last, RUNNING)
    assert len(hook.looked_at) == 4
    assert ending.reason is reason
    assert last in (ending.task, ending.error)


@both
def test_a_task_that_is_twice_unknown_ends_the_watching(kind: str) -> None:
    ending, hook = watch(kind, NOT_FOUND, RUNNING, NOT_FOUND, NOT_FOUND, DONE)
    assert (ending.reason, ending.error) == (PollEnd.NOT_FOUND, NOT_FOUND)
    assert len(hook.looked_at) == 4


@both
def test_at_the_deadline_the_task_is_looked_at_once_more_and_may_be_done(kind: str) -> None:
    ending, hook = watch(kind, RUNNING, RUNNING, DONE, timeout=8.0)
    assert hook.looked_at == [3.0, 6.0, 8.0]
    assert ending.reason is PollEnd.FINISHED


@both
def test_a_deadline_that_is_long_over_still_gives_one_look(kind: str) -> None:
    assert watch(kind, DONE, timeout=-500.0)[0].reason is PollEnd.FINISHED
    ending, hook = watch(kind, RUNNING, timeout=-500.0)
    assert (ending.reason, hook.looked_at) == (PollEnd.DEADLINE, [0.0])


@both
def test_watchers_of_one_key_share_its_requests(kind: str) -> None:
    known = RateLimit(limit=100, remaining=90, reset_at=START + 30)
    _, alone = watch(kind, RUNNING, DONE, rate_limit=known)
    assert alone.looked_at == [3.0, 6.0]
    _, crowded = watch(kind, RUNNING, DONE, rate_limit=known, watchers=100)
    assert crowded.looked_at == [120.0, 240.0]


@both
def test_what_is_no_trouble_of_the_service_is_not_swallowed(kind: str) -> None:
    class Broken(ScriptedHook):
        def look(self) -> Task:
            raise ZeroDivisionError

    time = Time()
    hook = Broken(time=time, script=[RUNNING])
    watching = Watch(
        task_id="t",
        submitted_at=START,
        deadline=START + 9,
        clock=lambda: time.now,
        sleep=time.sleep,
        asleep=time.asleep,
    )
    with pytest.raises(ZeroDivisionError):
        carry_out(kind, watching, hook)


@both
def test_only_changes_are_told_at_info(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="airflow_provider_kling.hooks.waiter")
    watch(kind, PENDING, PENDING, BROKEN, PENDING, RUNNING, RUNNING, DONE)
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.INFO]
    assert [line.split()[3] for line in told] == ["pending", "processing", "success"]


@both
def test_the_trouble_that_ends_a_watch_is_told(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    watch(kind, NOT_FOUND, NOT_FOUND)
    [warning] = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "no such task" in warning.getMessage()


# -- what an ending stands for --------------------------------------------------------------------


def ending(reason: PollEnd, task: Task | None = None, error: KlingError | None = None) -> PollOutcome:
    return PollOutcome(task_id="t", reason=reason, waited_s=61.0, task=task, error=error)


def test_a_finished_task_is_the_result() -> None:
    assert ending(PollEnd.FINISHED, task=DONE).task_or_error() is DONE
    assert ending(PollEnd.DEADLINE, task=DONE).task_or_error() is DONE


@pytest.mark.parametrize("reason", [PollEnd.FAILED_AT_SERVICE, PollEnd.DEADLINE])
def test_a_failed_task_is_an_error_with_what_the_service_said(reason: PollEnd) -> None:
    failed = task(TaskStatus.FAILED, failure=TaskFailure(code="5001", message="the model broke"))
    with pytest.raises(
        KlingTaskFailedError, match=r"Task t failed .*the model broke \(code 5001\)"
    ) as caught:
        ending(reason, task=failed).task_or_error()
    assert type(caught.value) is KlingTaskFailedError
    assert (caught.value.task_id, caught.value.code, caught.value.retryable) == ("t", "5001", True)


def test_a_failed_task_may_keep_silent_about_why() -> None:
    with pytest.raises(KlingTaskFailedError, match="no reason given") as caught:
        finished_task(FAILED)
    assert caught.value.code is None


def test_refused_content_is_an_error_of_its_own_that_no_retry_changes() -> None:
    refused = task(TaskStatus.FAILED, failure=TaskFailure(reason=FailureReason.MODERATION))
    with pytest.raises(KlingModerationError) as caught:
        finished_task(refused)
    assert caught.value.retryable is False


def test_a_task_that_still_runs_is_an_error_that_tells_its_fate() -> None:
    for error in (None, BROKEN):
        with pytest.raises(KlingTimeoutError) as caught:
            ending(PollEnd.DEADLINE, task=None if error else RUNNING, error=error).task_or_error()
        assert caught.value.task_id == "t"
        text = str(caught.value)
        assert "Task t still runs 61 s after its submission" in text
        assert "billed" in text
        assert "goes on at the service" in text


def test_the_time_waited_is_told_in_whole_seconds() -> None:
    assert "3600 s" in str(timed_out("t", waited_s=3600.4))


@pytest.mark.parametrize("reason", [PollEnd.KEY_REFUSED, PollEnd.NOT_FOUND])
def test_what_ended_the_looking_is_raised_itself(reason: PollEnd) -> None:
    with pytest.raises(KlingNotFoundError) as caught:
        ending(reason, error=NOT_FOUND).task_or_error()
    assert caught.value is NOT_FOUND


# -- the loops, the clients and real sockets together ---------------------------------------------

WORKING = reply({"code": 0, "data": {"task_id": "t", "status": "processing", "progress": 0.5}})
FINISHED = reply({"code": 0, "data": {"task_id": "t", "status": "success"}})
TROUBLE: list[Answer] = [
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
    silence,
]
ODD: list[Answer] = [
    reply({"code": 404, "message": "Resource not found: task"}, status=404),
    reply({"code": 0, "data": {"task_id": "t", "status": "polishing"}}),
    reply({"code": 0, "data": {"task_id": "t", "status": None, "news": [{}]}}),
]


def carry_out_over_sockets(kind: str, watching: Watch, *, url: str, time: Time) -> tuple[PollOutcome, int]:
    """Run either loop with its real client, in virtual time; return the looks as well."""
    call, looks = make_gateway().task("t"), 0
    options: dict[str, Any] = {
        "settings": ClientSettings(base_url=url, api_key="canary", read_timeout_s=0.2),
        "retry": RetryPolicy(attempts=1),  # each trouble spoils a look
        "clock": lambda: time.now,
    }

    def blocking() -> PollOutcome:
        with KlingClient(**options, sleep=time.sleep) as client:

            def look() -> Task:
                nonlocal looks
                looks += 1
                return client.call(call)

            return watching.wait(look, Budget)

    async def awaiting() -> PollOutcome:
        client = AsyncKlingClient(**options, sleep=time.asleep)

        async def look() -> Task:
            nonlocal looks
            looks += 1
            return await client.call(call)

        try:
            return await watching.await_(look, Budget)
        finally:
            await client.aclose()

    ending = blocking() if kind == "sync" else asyncio.run(awaiting())
    return ending, looks


@both
def test_500_looks_with_every_trouble_mixed_in_end_in_success(kind: str) -> None:
    script = [answer for trouble in TROUBLE for answer in (trouble, WORKING)]
    script += [answer for odd in ODD for answer in (odd, WORKING)]
    script += TROUBLE
    while len(script) < 500:
        script += script[: 500 - len(script)]
    time = Time()
    with RawServer(*script, FINISHED) as server:
        watching = Watch(
            task_id="t",
            submitted_at=START,
            deadline=START + 1e6,
            clock=lambda: time.now,
            random=lambda: 0.5,
            sleep=time.sleep,
            asleep=time.asleep,
        )
        ending, looks = carry_out_over_sockets(kind, watching, url=server.url, time=time)
        assert ending.task_or_error().status is TaskStatus.SUCCESS
        assert (looks, server.connections) == (501, 501)

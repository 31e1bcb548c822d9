"""One call from start to end, without any I/O."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from airflow_provider_kling.exceptions import (
    KlingConnectionError,
    KlingError,
    KlingProtocolError,
    KlingSubmissionUnknownError,
)
from airflow_provider_kling.http.message import Call, HttpRequest, HttpResponse
from airflow_provider_kling.http.rate_limit import RateLimit, RateLimiter
from airflow_provider_kling.http.request_flow import Exchange, Reply, Wait
from airflow_provider_kling.http.retry import RetryPolicy

GET = HttpRequest(method="GET", path="/look")
BROKEN = KlingConnectionError("broke", request_sent=True)


def read(response: HttpResponse) -> str:
    if response.status != 200:
        raise KlingProtocolError(f"status {response.status}")
    return response.body.decode()


LOOK = Call(request=GET, parse=read)


def response(body: str = "done", *, status: int = 200, **headers: str) -> HttpResponse:
    return HttpResponse(status=status, headers=headers, body=body.encode(), request=GET, received_at=0.0)


class Drive:
    """Plays the driver: answers requests from a list, lets waits pass, and notes every step."""

    def __init__(self, *, per_minute: int | None = None, jitter: float = 0.5, attempts: int = 4) -> None:
        self.now = 1000.0
        self.steps: list[HttpRequest | float] = []
        self.exchange = Exchange(
            retry=RetryPolicy(attempts=attempts),
            pacer=RateLimiter(per_minute=per_minute),
            clock=lambda: self.now,
            random=lambda: jitter,
        )

    def __call__(self, call: Call[str], replies: Sequence[Reply]) -> str:
        conversation = self.exchange.converse(call)
        waiting = iter(replies)
        reply: Reply = None
        while True:
            try:
                step = conversation.send(reply)
            except StopIteration as end:
                return str(end.value)
            if isinstance(step, Wait):
                self.steps.append(step.seconds)
                self.now += step.seconds
                reply = None
            else:
                self.steps.append(step)
                reply = next(waiting)


def test_a_good_answer_ends_the_call() -> None:
    drive = Drive()
    assert drive(LOOK, [response()]) == "done"
    assert drive.steps == [GET]


def test_a_failed_call_and_an_odd_answer_are_both_tried_again_with_growing_waits() -> None:
    drive = Drive(jitter=0.25)
    assert drive(LOOK, [BROKEN, response(status=500), BROKEN, response()]) == "done"
    assert drive.steps == [GET, 0.25, GET, 0.5, GET, 1.0, GET]


def test_the_last_error_is_raised() -> None:
    drive = Drive(attempts=2)
    with pytest.raises(KlingProtocolError, match="status 500"):
        drive(LOOK, [BROKEN, response(status=500)])


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("reply", [BROKEN, response(status=500)], ids=["broken", "odd"])
def test_what_may_not_be_repeated_is_sent_once(method: str, reply: Reply) -> None:
    drive = Drive()
    request = HttpRequest(method=method, path="/submit")
    with pytest.raises(KlingError):
        drive(Call(request=request, parse=read), [reply])
    assert drive.steps == [request]


def test_the_error_that_ends_a_call_is_explained_once_with_its_cause() -> None:
    asked: list[KlingError] = []

    def explain(error: KlingError) -> KlingError:
        asked.append(error)
        return KlingSubmissionUnknownError("nobody knows")

    drive = Drive(attempts=3)
    with pytest.raises(KlingSubmissionUnknownError) as caught:
        drive(Call(request=GET, parse=read, explain=explain), [BROKEN] * 3)
    assert asked == [BROKEN]
    assert caught.value.__cause__ is BROKEN


def test_each_attempt_takes_its_place_in_the_row() -> None:
    drive = Drive(per_minute=10, jitter=0.5)
    drive(LOOK, [response()])
    drive(LOOK, [BROKEN, response()])
    assert drive.steps == [GET, 6.0, GET, 0.5, 5.5, GET]


def test_the_budget_is_that_of_the_latest_answer_that_spoke_of_it() -> None:
    drive = Drive()
    replies = [response(status=500, **{"x-ratelimit-remaining": "3"}), BROKEN, response()]
    drive(LOOK, replies)
    assert drive.exchange.rate_limit == RateLimit(limit=None, remaining=3, reset_at=None)


def test_a_driver_that_does_not_answer_is_a_bug_and_is_told_so() -> None:
    with pytest.raises(TypeError):
        Drive()(LOOK, [None])

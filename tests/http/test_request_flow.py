"""One call from start to end, without any I/O."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pytest

from airflow_provider_kling.exceptions import (
    KlingAuthenticationError,
    KlingConnectionError,
    KlingError,
    KlingProtocolError,
    KlingSubmissionUnknownError,
)
from airflow_provider_kling.http.credentials import Credentials, Signature
from airflow_provider_kling.http.message import Call, HttpRequest, HttpResponse, Operation
from airflow_provider_kling.http.observer import NULL_OBSERVER, Observer, WaitReason
from airflow_provider_kling.http.rate_limit import RateLimit
from airflow_provider_kling.http.request_flow import ClientCore, Outcome, Send, Wait
from airflow_provider_kling.http.retry import RetryPolicy
from airflow_provider_kling.http.settings import ClientSettings

GET = HttpRequest(method="GET", path="/task")
BROKEN = KlingConnectionError("broke", request_sent=True)
START = 1000.0


def parse(response: HttpResponse) -> str:
    if response.status == 401:
        raise KlingAuthenticationError("the signature has expired", status_code=401)
    if response.status != 200:
        raise KlingProtocolError(f"status {response.status}")
    return response.body.decode()


POLL = Call(request=GET, parse=parse, idempotent=True, operation=Operation.POLL)
SUBMISSION = replace(POLL, idempotent=False, operation=Operation.SUBMIT)


def response(body: str = "done", *, status: int = 200, **headers: str) -> HttpResponse:
    return HttpResponse(status=status, headers=headers, body=body.encode(), request=GET, received_at=0.0)


class Driver:
    """Plays the client: sends outcomes from a list, lets waits pass, and records every effect.

    :ivar effects: each request that is sent, and the seconds of each wait.
    :ivar signatures: the headers that each request is signed with.
    """

    def __init__(
        self,
        *,
        credentials: Credentials | None = None,
        per_minute: int | None = None,
        jitter: float = 0.5,
        retry: RetryPolicy | None = None,
    ) -> None:
        self.now = START
        self.effects: list[HttpRequest | float] = []
        self.signatures: list[dict[str, str]] = []
        settings = ClientSettings(base_url="", credentials=credentials, requests_per_minute=per_minute)
        self.core = ClientCore(
            settings=settings,
            retry=retry or RetryPolicy(),
            clock=lambda: self.now,
            random=lambda: jitter,
        )

    def __call__(
        self,
        call: Call[str],
        outcomes: Sequence[Outcome],
        *,
        observer: Observer = NULL_OBSERVER,
        until: float | None = None,
    ) -> str:
        flow = self.core.request_flow(call, observer=observer, until=until)
        waiting = iter(outcomes)
        outcome: Outcome = None
        while True:
            try:
                effect = flow.send(outcome)
            except StopIteration as end:
                return str(end.value)
            if isinstance(effect, Wait):
                self.effects.append(effect.seconds)
                self.now += effect.seconds
                outcome = None
            else:
                self.effects.append(effect.request)
                self.signatures.append(dict(effect.signature))
                outcome = next(waiting)


# -- attempts -------------------------------------------------------------------------------------


def test_a_good_response_ends_the_call() -> None:
    driver = Driver()
    assert driver(POLL, [response()]) == "done"
    assert driver.effects == [GET]


def test_a_broken_connection_and_an_odd_response_are_both_followed_by_another_attempt() -> None:
    driver = Driver(jitter=0.25)
    assert driver(POLL, [BROKEN, response(status=500), BROKEN, response()]) == "done"
    assert driver.effects == [GET, 0.25, GET, 0.5, GET, 1.0, GET]


def test_the_last_error_is_raised() -> None:
    driver = Driver(retry=RetryPolicy(attempts=2))
    with pytest.raises(KlingProtocolError, match="status 500"):
        driver(POLL, [BROKEN, response(status=500)])


@pytest.mark.parametrize(
    ("left_s", "longest_s"), [(7.0, 7.0), (1.0, 5.0), (-60.0, 5.0), (900.0, 20.0), (None, 20.0)]
)
def test_an_exchange_ends_with_the_deadline_but_may_take_as_long_as_a_read(
    left_s: float | None, longest_s: float
) -> None:
    """So an answer that drips holds a poll for no longer than its task is waited for."""
    settings = ClientSettings(base_url="", credentials=None, read_timeout_s=5.0)
    core = ClientCore(settings=settings, retry=RetryPolicy(), clock=lambda: START, random=lambda: 0.5)
    until = None if left_s is None else START + left_s
    sent = next(core.request_flow(POLL, until=until))
    assert isinstance(sent, Send)
    assert sent.limit_s == longest_s


def test_after_the_deadline_no_other_attempt_is_made() -> None:
    driver = Driver(jitter=0.25)
    with pytest.raises(KlingConnectionError):
        driver(POLL, [BROKEN, BROKEN, response()], until=START + 0.3)
    assert driver.effects == [GET, 0.25, GET]


@pytest.mark.parametrize("outcome", [BROKEN, response(status=500)], ids=["broken", "odd"])
def test_a_call_that_is_not_idempotent_is_sent_once(outcome: Outcome) -> None:
    driver = Driver()
    with pytest.raises(KlingError):
        driver(SUBMISSION, [outcome])
    assert driver.effects == [GET]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_the_call_and_not_the_method_says_whether_it_is_repeated(method: str) -> None:
    request = HttpRequest(method=method, path="/x")
    repeated, once = Driver(), Driver()
    assert repeated(replace(POLL, request=request), [BROKEN, response()]) == "done"
    with pytest.raises(KlingConnectionError):
        once(replace(SUBMISSION, request=request), [BROKEN])
    assert (repeated.effects, once.effects) == ([request, 0.5, request], [request])


def test_the_error_that_ends_a_call_is_explained_once_with_its_cause() -> None:
    explained: list[KlingError] = []

    def explain(error: KlingError) -> KlingError:
        explained.append(error)
        return KlingSubmissionUnknownError("the outcome is unknown")

    with pytest.raises(KlingSubmissionUnknownError) as caught:
        Driver(retry=RetryPolicy(attempts=3))(replace(POLL, explain=explain), [BROKEN] * 3)
    assert explained == [BROKEN]
    assert caught.value.__cause__ is BROKEN


def test_each_attempt_is_spaced() -> None:
    driver = Driver(per_minute=10, jitter=0.5)
    driver(POLL, [response()])
    driver(POLL, [BROKEN, response()])
    assert driver.effects == [GET, 6.0, GET, 0.5, 5.5, GET]


def test_the_budget_is_that_of_the_latest_response_that_told_one() -> None:
    driver = Driver()
    driver(POLL, [response(status=500, **{"x-ratelimit-remaining": "3"}), BROKEN, response()])
    assert driver.core.rate_limit == RateLimit(limit=None, remaining=3, reset_at=None)


def test_a_driver_that_sends_no_outcome_is_a_bug_and_is_told_so() -> None:
    with pytest.raises(TypeError):
        Driver()(POLL, [None])


# -- signatures -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tokens:
    """Credentials whose tokens are valid for a minute, or for one request; each has its number."""

    lifetime_s: float | None = 60.0
    secrets: tuple[str, ...] = ("key",)
    signed_at: list[float] = field(default_factory=list, hash=False, compare=False)

    def sign(self, request: HttpRequest, *, now: float) -> Signature:
        del request
        self.signed_at.append(now)
        token = f"token-{len(self.signed_at)}"
        valid_until = None if self.lifetime_s is None else now + self.lifetime_s
        return Signature(headers={"Authorization": token}, secrets=(token,), valid_until=valid_until)


def sent_tokens(driver: Driver) -> list[str]:
    return [signature["Authorization"] for signature in driver.signatures]


def test_a_signature_is_reused_until_it_expires() -> None:
    driver = Driver(credentials=Tokens())
    for passed_s in (0.0, 59.9, 0.2):
        driver.now += passed_s
        driver(POLL, [response()])
    assert sent_tokens(driver) == ["token-1", "token-1", "token-2"]


def test_a_signature_that_expires_during_a_wait_is_renewed_for_the_next_attempt() -> None:
    driver = Driver(credentials=Tokens(lifetime_s=0.5), jitter=0.5)
    driver(POLL, [BROKEN, response()])
    assert sent_tokens(driver) == ["token-1", "token-2"]


def test_a_signature_that_does_not_expire_is_made_once() -> None:
    tokens = Tokens(lifetime_s=math.inf)
    driver = Driver(credentials=tokens)
    for _ in range(5):
        driver.now += 1e9
        driver(POLL, [response()])
    assert tokens.signed_at == [START + 1e9]


def test_a_signature_of_one_request_is_never_used_for_another() -> None:
    driver = Driver(credentials=Tokens(lifetime_s=None))
    driver(POLL, [BROKEN, response()])
    driver(POLL, [response()])
    assert sent_tokens(driver) == ["token-1", "token-2", "token-3"]


class RetryEverything(RetryPolicy):
    """Repeats each error, as a gateway may want it for an expired signature."""

    def delay(self, error: KlingError, *, attempt: int, jitter: float) -> float | None:
        return 0.0 if attempt < self.attempts else None


def test_after_an_authentication_error_the_next_attempt_is_signed_again() -> None:
    driver = Driver(credentials=Tokens(lifetime_s=math.inf), retry=RetryEverything())
    assert driver(POLL, [response(status=401), response()]) == "done"
    assert sent_tokens(driver) == ["token-1", "token-2"]


def test_after_an_authentication_error_that_ends_a_call_the_next_call_is_signed_again() -> None:
    driver = Driver(credentials=Tokens(lifetime_s=math.inf))
    with pytest.raises(KlingAuthenticationError):
        driver(SUBMISSION, [response(status=401)])
    driver(POLL, [response()])
    assert sent_tokens(driver) == ["token-1", "token-2"]


def test_without_credentials_nothing_is_signed() -> None:
    driver = Driver()
    driver(POLL, [response()])
    assert driver.signatures == [{}]


# -- observers ------------------------------------------------------------------------------------


class Recorder:
    """Records every event, as its name and arguments."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda call, **values: self.events.append((name, {**asdict(call), **values}))


COMMON = {"request": "GET /task", "elapsed_s": 0.0, "attempts": 1}


@pytest.mark.parametrize(
    ("operation", "succeeded", "failed"),
    [
        (Operation.SUBMIT, "on_submission", "on_rejection"),
        (Operation.POLL, "on_poll", "on_poll_error"),
    ],
)
def test_an_observer_is_told_how_a_call_ended(operation: Operation, succeeded: str, failed: str) -> None:
    observer, driver = Recorder(), Driver()
    call = replace(SUBMISSION, operation=operation)
    driver(call, [response()], observer=observer)
    with pytest.raises(KlingConnectionError):
        driver(call, [BROKEN], observer=observer)
    common = {**COMMON, "operation": operation}
    assert observer.events == [(succeeded, common), (failed, {**common, "error": BROKEN})]


@pytest.mark.parametrize("operation", [Operation.RECOVER, Operation.OTHER])
def test_other_calls_are_neither_submissions_nor_polls(operation: Operation) -> None:
    observer = Recorder()
    Driver()(replace(POLL, operation=operation), [response()], observer=observer)
    assert observer.events == []


def test_an_observer_is_told_of_each_wait_and_of_the_whole_time() -> None:
    observer = Recorder()
    driver = Driver(per_minute=60, jitter=0.5)
    driver(POLL, [response()])
    driver(POLL, [BROKEN, response()], observer=observer)
    about = {"operation": Operation.POLL, "request": "GET /task"}
    before, between = {**about, "attempts": 0}, {**about, "attempts": 1}
    assert observer.events == [
        ("on_wait", {**before, "elapsed_s": 0.0, "seconds": 1.0, "reason": WaitReason.RATE_LIMIT}),
        ("on_wait", {**between, "elapsed_s": 1.0, "seconds": 0.5, "reason": WaitReason.RETRY}),
        ("on_wait", {**between, "elapsed_s": 1.5, "seconds": 0.5, "reason": WaitReason.RATE_LIMIT}),
        ("on_poll", {**about, "attempts": 2, "elapsed_s": 2.0}),
    ]


def test_an_observer_is_told_the_error_that_the_caller_gets() -> None:
    observer = Recorder()
    unknown = KlingSubmissionUnknownError("the outcome is unknown")
    with pytest.raises(KlingSubmissionUnknownError):
        Driver()(replace(SUBMISSION, explain=lambda _: unknown), [BROKEN], observer=observer)
    [(name, values)] = observer.events
    assert (name, values["error"]) == ("on_rejection", unknown)


class Failing(Recorder):
    """Raises at every event."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("the observer is broken")


def test_an_observer_that_fails_breaks_no_call() -> None:
    driver = Driver(per_minute=60)
    assert driver(POLL, [BROKEN, response()], observer=Failing()) == "done"
    with pytest.raises(KlingConnectionError):
        driver(SUBMISSION, [BROKEN], observer=Failing())

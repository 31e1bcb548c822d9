"""What a service answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_kling.exceptions import KlingError
from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.http.ids import is_id
from airflow_provider_kling.http.message import Call
from airflow_provider_kling.http.rate_limit import RateLimit, retry_after
from airflow_provider_kling.http.redaction import Redactor
from airflow_provider_kling.http.response_reader import ResponseReader
from airflow_provider_kling.http.task import Task
from airflow_provider_kling.models import parse_request
from tests.fuzz.strategies import bodies, headers, json_values, objects, statuses, texts
from tests.security.mutations import SECRET

NOW = 1_790_000_000.0
MOST_CHARACTERS = 8_000

links = st.one_of(texts, st.sampled_from(["https://cdn.example/a.mp4?sig=1", "http://10.0.0.1/x"]))
numbers = st.one_of(st.integers(), st.floats(), st.decimals().map(str))
times = st.one_of(numbers, texts, st.datetimes().map(str))
resources = objects(url=links, type=texts, format=texts, role=texts, size=numbers, duration=numbers)
results = objects(resources=st.lists(resources, max_size=3), metadata=json_values, extensions=json_values)
tasks = objects(
    task_id=st.one_of(texts, st.just("task-1")),
    status=st.sampled_from(["pending", "processing", "success", "succeed", "failed", "FAILED ", "x"]),
    result=results,
    billing=objects(amount=numbers, cost=numbers),
    error=objects(code=texts, message=texts),
    result_expires_at=times,
)
logged = objects(
    requests=st.lists(
        objects(task_id=texts, status=texts, created_at=times, cost=numbers, model=json_values)
    ),
    total=numbers,
)
files = objects(
    file_id=texts, url=links, size=numbers, type=texts, files=st.lists(json_values), balance=numbers
)
envelopes = objects(
    code=st.sampled_from([0, 200, 400, 429, 500]), message=texts, data=st.one_of(tasks, logged, files)
)


def calls() -> dict[str, Callable[[], Call[Any]]]:
    """Return what each call of the gateway is made of."""
    gateway = make_gateway(api_version="2026-08")
    encoded = gateway.encode(parse_request("kling-video-o1", {"prompt": "A boat"}))
    account, log = gateway.account, gateway.request_log
    stored, catalogue = gateway.files, gateway.catalogue
    assert account is not None
    assert log is not None
    assert stored is not None
    assert catalogue is not None
    return {
        "submission": lambda: gateway.submit(encoded, key="key"),
        "task": lambda: gateway.task("task-1"),
        "balance": lambda: account.balance(now=NOW),
        "request log": lambda: log.newest(entries=5, until=datetime.fromtimestamp(NOW, tz=UTC)),
        "upload": lambda: stored.upload(b"GIF89a", filename="a.gif", content_type="image/gif"),
        "files": stored.list,
        "deletion": lambda: stored.delete("file-1"),
        "models": catalogue.models,
    }


CALLS = calls()


@pytest.mark.parametrize("name", CALLS)
@given(body=bodies(envelopes), status=statuses, sent=headers)
def test_a_response_is_a_value_or_a_clear_error(
    name: str, body: bytes, status: int, sent: dict[str, str]
) -> None:
    check(CALLS[name](), body, status, sent)


def check(call: Call[Any], body: bytes, status: int, sent: dict[str, str]) -> None:
    """Check that a response is read, or is a clear error."""
    redactor = Redactor([SECRET])
    reader = ResponseReader(request=call.request, base_url="https://api.example.com", redactor=redactor)
    try:
        reader.begin(
            status, [(key.encode(), value.encode("utf-8", "replace")) for key, value in sent.items()]
        )
        reader.feed(body)
        value = call.parse(reader.finish(now=NOW))
    except KlingError as error:
        redactor.error(error)  # as the client does
        text = str(call.explain(error))
        assert len(text) < MOST_CHARACTERS
        assert SECRET not in text
        return
    for task in value.values() if isinstance(value, Mapping) else [value]:
        if isinstance(task, Task):
            assert is_id(task.task_id)
            assert len(task.raw_status) <= 64
            costs = [cost for cost in (task.cost_usd, task.cost) if cost is not None]
            assert all(cost.is_finite() for cost in costs)
    if isinstance(value, Decimal):
        assert value.is_finite()
    assert SECRET not in repr(value)


@given(sent=headers, status=statuses)
def test_headers_say_how_long_to_wait_or_nothing(sent: dict[str, str], status: int) -> None:
    lower = {name.lower(): value for name, value in sent.items()}
    delay = retry_after(lower, status=status, now=NOW)
    assert delay is None or 0 <= delay < math.inf
    limit = RateLimit.from_headers(lower)
    parts = (limit.limit, limit.remaining, limit.reset_at) if limit else ()
    assert all(part is None or 0 <= part < math.inf for part in parts)


@given(before=texts, after=texts, secret=st.text(min_size=8, max_size=30))
def test_no_text_keeps_a_secret(before: str, after: str, secret: str) -> None:
    assert secret not in Redactor([secret]).text(f"{before}{secret}{after}") or secret in "***"

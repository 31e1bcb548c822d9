"""No secret is in an error or a result, whatever the service sends back."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from decimal import Decimal
from urllib.parse import quote

import pytest

from airflow_provider_kling.exceptions import (
    KlingAuthenticationError,
    KlingError,
    KlingProtocolError,
)
from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.http.credentials import BearerToken
from airflow_provider_kling.http.redaction import Redactor
from airflow_provider_kling.http.retry import RetryPolicy
from airflow_provider_kling.http.task import Resource, TaskStatus
from airflow_provider_kling.models import VideoO1Request
from tests.http.conftest import API_KEY, Caller
from tests.http.raw_server import Answer, RawServer, patience_with, raw, reply, silence
from tests.submission import submission

POLL = make_gateway().task("t")
SUBMISSION = submission(make_gateway(), VideoO1Request(prompt="x"))

Serve = Callable[..., RawServer]
MakeCaller = Callable[..., Caller]

HARD_KEY = 'sk/can+ary"0123\\=&<456789>'


def html_safe(text: str) -> str:
    """Write JSON as Go and PHP do."""
    text = json.dumps(text).replace("/", "\\/")
    for character in "&<>+=":
        text = text.replace(character, f"\\u{ord(character):04X}")
    return text


def escaped(text: str) -> str:
    """Write JSON with an escape for each character."""
    return "".join(f"\\u{ord(character):04x}" for character in text)


def echoes(key: str) -> dict[str, Answer]:
    message = f"Authentication failed: {key} is not a key"
    return {
        "plain": reply({"code": 401, "message": message}, status=401),
        "escaped": reply(f'{{"code": 401, "message": {html_safe(message)}}}'.encode(), status=401),
        "in a good response": reply({"code": 404, "message": message}),
        "in a page": reply(message.encode()),
        "in a header": reply(b"oops", headers={"Content-Type": key}),
        "in a redirect": reply(b"", status=302, headers={"Location": f"/?key={key}"}),
        "as the task": reply({"code": 0, "data": {"task_id": key}}),
        "as the protocol": raw(f"{key} 200 OK\r\n\r\n".encode()),
        "as a broken header": raw(f"HTTP/1.1 200 OK\r\n{key}\r\n\r\n".encode()),
        "as escapes only": reply(f'{{"code": 401, "message": "{escaped(key)}"}}'.encode(), status=401),
        "in UTF-16": reply(json.dumps({"code": 401, "message": message}).encode("utf-16"), status=401),
        "silence": silence,
    }


@pytest.mark.parametrize("key", [API_KEY, HARD_KEY], ids=["simple", "hard"])
@pytest.mark.parametrize("name", echoes(API_KEY))
@pytest.mark.parametrize("call", [POLL, SUBMISSION], ids=["poll", "submission"])
def test_the_key_is_in_no_error(
    serve: Serve, make_caller: MakeCaller, name: str, key: str, call: object
) -> None:
    server = serve(echoes(key)[name])
    patience = patience_with(echoes(key)[name])
    caller = make_caller(
        url=server.url, credentials=BearerToken(key), read_timeout_s=patience, retry=RetryPolicy(attempts=1)
    )
    try:
        shown = repr(caller.call(call))  # type: ignore[arg-type]
    except KlingError as error:
        shown = f"{error!r} {vars(error)} {''.join(traceback.format_exception(error))}"
    for spelling in (key, json.dumps(key)[1:-1], html_safe(key)[1:-1], escaped(key)):
        assert spelling not in shown
    assert server.connections == 1


@pytest.mark.parametrize(
    "key", ["sk-canary-0123456789", "abc+def/ghijklmnop==", "k" * 16, "sk-" + "x1" * 400]
)
def test_a_key_that_was_cut_or_percent_encoded_is_redacted(key: str) -> None:
    redactor = Redactor([key])
    for length in range(8, len(key) + 1):
        shown = redactor.text(f"Bearer {key[:length]} and so on")
        assert shown == "Bearer *** and so on"
    assert redactor.text(f"key={quote(key, safe='')}&x=%2F") == "key=***&x=%2F"


def test_an_escaped_key_is_redacted_and_the_rest_stays(serve: Serve, make_caller: MakeCaller) -> None:
    server = serve(echoes(HARD_KEY)["escaped"])
    with pytest.raises(KlingAuthenticationError, match=r"Authentication failed: \*\*\* is not a key"):
        make_caller(url=server.url, credentials=BearerToken(HARD_KEY)).call(POLL)


@pytest.mark.parametrize(
    ("secret", "spelling"),
    [
        ("a/b", "a/b"),
        ("a/b", "a\\/b"),
        ("a+b=", "a\\u002Bb\\u003d"),
        ("sk-1", "\\u0073k-\\u0031"),
        ('a"b', 'a\\"b'),
        ("a\\b", "a\\\\b"),
        ("a.b", "a.b"),
        ("(a|b)*", "(a|b)*"),
    ],
)
def test_a_secret_is_redacted_in_texts_also_where_it_is_escaped(secret: str, spelling: str) -> None:
    assert Redactor([secret]).text(f"<{spelling}>, <{spelling}>") == "<***>, <***>"


@pytest.mark.parametrize("text", ["axb", "a", "", "a.", "***", "a\\nb"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert Redactor(["a.b"]).text(text) == text


def test_a_secret_that_begins_with_another_one_is_redacted_as_a_whole() -> None:
    redactor = Redactor(["key", "key.payload.signature"])
    assert redactor.text("key.payload.signature and key") == "*** and ***"


def test_the_beginnings_of_a_secret_are_redacted_wherever_they_are() -> None:
    text = f"{API_KEY[:8]}-" * 50_000
    assert Redactor([API_KEY]).text(text) == "***-" * 50_000


def test_a_response_that_is_nested_too_deeply_to_be_redacted_is_a_protocol_error(
    serve: Serve, make_caller: MakeCaller
) -> None:
    deep = b"[" * 900 + b"]" * 900
    server = serve(reply(b'{"code": 0, "data": {"task_id": "t", "note": "%2F", "deep": ' + deep + b"}}"))
    with pytest.raises(KlingProtocolError, match="nested too deeply"):
        make_caller(url=server.url, credentials=BearerToken(API_KEY)).call(POLL)


def test_an_empty_secret_redacts_nothing() -> None:
    assert Redactor([""]).text("abc") == "abc"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32-be"])
def test_a_document_that_may_hold_a_secret_is_known_in_every_spelling(encoding: str) -> None:
    redactor = Redactor(["sk-1"])
    for text in ('["sk-1"]', '["\\u0073k-1"]', '["%73k-1"]'):
        assert redactor.may_be_in(text.encode(encoding), {})
    assert redactor.may_be_in(b"", {"x-note": "an sk-1"})
    assert redactor.may_be_in(b"", {"x-note": "an %73k-1"})
    assert not redactor.may_be_in(b'["sk-2"]', {"x-note": "sk-2"})
    assert not Redactor().may_be_in(b"\\", {})


def test_every_text_of_what_was_read_is_redacted() -> None:
    document = {'n"': [1, None, 'a"sk-1'], "b": {"deep": ("sk-1", True)}}
    assert Redactor(["sk-1"]).value(document) == {'n"': [1, None, 'a"***'], "b": {"deep": ("***", True)}}


def test_what_is_used_is_redacted_only_for_a_secret_that_is_long_enough_to_be_one() -> None:
    short = Resource(url="https://cdn.example/task/1.mp4", type="task")
    assert Redactor(["task"]).value(short) == Resource(url=short.url, type="***")
    for spelling in (API_KEY, f"%{ord(API_KEY[0]):x}{API_KEY[1:]}"):
        long = Resource(url=f"https://cdn.example/{spelling}.mp4?sign=%2F")
        assert Redactor([API_KEY]).value(long).url == "https://cdn.example/***.mp4?sign=%2F"


# -- keys that are common words ---------------------------------------------------------------------

WORDS = [
    "task",
    "1",
    "success",
    "processing",
    "https",
    "cdn",
    "example",
    "code",
    "data",
    "0.24",
    "video",
    "-",
    "a",
]


@pytest.mark.parametrize("key", WORDS)
def test_a_key_that_is_a_common_word_changes_nothing_that_is_read(
    serve: Serve, make_caller: MakeCaller, key: str
) -> None:
    url = "https://cdn.example/task/1.mp4?a=b"
    data = {
        "task_id": "task-1-a",
        "status": "success",
        "result": {"resources": [{"url": url, "type": "video", "role": "primary"}]},
        "billing": {"amount": "0.24"},
    }
    server = serve(reply({"code": 0, "data": data}, headers={"X-RateLimit-Limit": "1"}))
    caller = make_caller(url=server.url, credentials=BearerToken(key))
    task = caller.call(make_gateway().task("task-1-a"))
    assert (task.task_id, task.status) == ("task-1-a", TaskStatus.SUCCESS)
    assert [resource.url for resource in task.resources] == [url]
    assert task.cost_usd == Decimal("0.24")
    assert caller.rate_limit is not None
    assert caller.rate_limit.limit == 1

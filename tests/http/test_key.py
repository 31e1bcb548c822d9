"""The key is in no error, whatever the service sends back."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable

import pytest

from airflow_provider_kling.exceptions import KlingAuthenticationError, KlingError
from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.http.retry import RetryPolicy
from airflow_provider_kling.models import VideoO1Request
from tests.http.conftest import API_KEY, Caller
from tests.http.raw_server import Answer, RawServer, patience_with, raw, reply, silence

LOOK = make_gateway().task("t")
SUBMISSION = make_gateway().submission(VideoO1Request(prompt="x"))

Serve = Callable[..., RawServer]
MakeCaller = Callable[..., Caller]

HARD_KEY = 'sk/can+ary"0123\\=&<456789>'


def html_safe(text: str) -> str:
    """JSON the way Go and PHP write it."""
    text = json.dumps(text).replace("/", "\\/")
    for character in "&<>+=":
        text = text.replace(character, f"\\u{ord(character):04X}")
    return text


def echoes(key: str) -> dict[str, Answer]:
    told = f"Authentication failed: {key} is not a key"
    return {
        "plain": reply({"code": 401, "message": told}, status=401),
        "escaped": reply(f'{{"code": 401, "message": {html_safe(told)}}}'.encode(), status=401),
        "in a good answer": reply({"code": 404, "message": told}),
        "in a page": reply(told.encode()),
        "in a header": reply(b"oops", headers={"Content-Type": key}),
        "in a redirect": reply(b"", status=302, headers={"Location": f"/?key={key}"}),
        "as the task": reply({"code": 0, "data": {"task_id": key}}),
        "as the protocol": raw(f"{key} 200 OK\r\n\r\n".encode()),
        "as a broken header": raw(f"HTTP/1.1 200 OK\r\n{key}\r\n\r\n".encode()),
        "silence": silence,
    }


@pytest.mark.parametrize("key", [API_KEY, HARD_KEY], ids=["simple", "hard"])
@pytest.mark.parametrize("name", echoes(API_KEY))
@pytest.mark.parametrize("call", [LOOK, SUBMISSION], ids=["look", "submission"])
def test_the_key_is_in_no_error(
    serve: Serve, make_caller: MakeCaller, name: str, key: str, call: object
) -> None:
    server = serve(echoes(key)[name])
    patience = patience_with(echoes(key)[name])
    caller = make_caller(url=server.url, api_key=key, read_timeout_s=patience, retry=RetryPolicy(attempts=1))
    try:
        told = repr(caller.call(call))  # type: ignore[arg-type]
    except KlingError as error:
        told = f"{error!r} {vars(error)} {''.join(traceback.format_exception(error))}"
    for spelling in (key, json.dumps(key)[1:-1], html_safe(key)[1:-1]):
        assert spelling not in told
    assert server.connections == 1


def test_an_escaped_key_is_taken_out_and_the_rest_stays(serve: Serve, make_caller: MakeCaller) -> None:
    server = serve(echoes(HARD_KEY)["escaped"])
    with pytest.raises(KlingAuthenticationError, match=r"Authentication failed: \*\*\* is not a key"):
        make_caller(url=server.url, api_key=HARD_KEY).call(LOOK)

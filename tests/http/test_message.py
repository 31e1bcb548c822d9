"""Requests are complete before they are sent; responses are read as JSON or not at all."""

from __future__ import annotations

import pytest

from airflow_provider_kling.exceptions import KlingProtocolError, KlingRequestError
from airflow_provider_kling.http.message import FilePart, HttpRequest, HttpResponse

GET = HttpRequest(method="GET", path="/x")


def response(body: bytes, **headers: str) -> HttpResponse:
    return HttpResponse(status=200, headers=headers, body=body, request=GET, received_at=0.0)


def test_a_json_request_carries_its_encoded_content() -> None:
    request = HttpRequest.json(method="POST", path="/x", body={"prompt": "ü"}, headers={"X-Note": "1"})
    assert (request.content, request.content_type) == ('{"prompt":"ü"}'.encode(), "application/json")
    assert request.headers == {"X-Note": "1"}


def test_changing_a_body_later_changes_no_request() -> None:
    body = {"prompt": "x"}
    request = HttpRequest.json(method="POST", path="/x", body=body)
    body["prompt"] = "y"
    assert request.content == b'{"prompt":"x"}'


def test_what_cannot_be_encoded_is_refused_with_the_subject_or_the_requests_name() -> None:
    with pytest.raises(KlingRequestError, match=r"^kling-video-o1: .*(?s:.)*seed: must be a finite number"):
        HttpRequest.json(method="POST", path="/x", body={"seed": float("nan")}, subject="kling-video-o1")
    with pytest.raises(KlingRequestError, match=r"^POST /x: "):
        HttpRequest.json(method="POST", path="/x", body={"seed": float("nan")})


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "ü", "\x00", "\ud83c"])
def test_a_header_that_cannot_be_sent_is_refused_without_its_value(value: str) -> None:
    with pytest.raises(KlingRequestError, match="X-Note: must be printable ASCII") as caught:
        HttpRequest(method="GET", path="/x", headers={"X-Note": value})
    assert value not in str(caught.value)


def test_a_file_name_that_is_not_unicode_is_refused() -> None:
    name = b"still-\xff.png".decode("utf-8", "surrogateescape")
    with pytest.raises(KlingRequestError, match="filename: must be valid Unicode"):
        FilePart(name="file", filename=name, content_type="image/png", content=b"")


def test_neither_content_nor_a_body_is_in_repr() -> None:
    part = FilePart(name="file", filename="a", content_type="image/png", content=b"canary")
    request = HttpRequest(method="POST", path="/x", content=b"canary", file=part)
    assert "canary" not in repr(request)
    assert "canary" not in repr(response(b"canary"))


NOT_JSON = {
    "nothing": b"",
    "a page": b"<html>",
    "half": b'{"a": ',
    "a byte order mark": b"\xff\xfe",
    "not UTF-8": b'{"a": "\xff"',
    "too deep": b"[" * 100_000,
}


def test_a_text_in_another_encoding_hides_nothing_else() -> None:
    assert response(b'{"id": "t", "message": "\xfcber"}').json() == {"id": "t", "message": "\ufffdber"}


def test_a_type_that_a_service_names_is_shown_on_one_line_and_cut() -> None:
    with pytest.raises(KlingProtocolError) as error:
        response(b"", **{"content-type": "text/\x1b[2J\n" + "A" * 90_000}).json()
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 300


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
def test_a_body_that_is_not_json_is_a_protocol_error_that_names_its_type(body: bytes) -> None:
    with pytest.raises(KlingProtocolError, match=rf"GET /x has status 200 and {len(body)} bytes of text/x"):
        response(body, **{"content-type": "text/x"}).json()

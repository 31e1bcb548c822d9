"""Responses about tasks, parsed tolerantly."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingNotFoundError, KlingProtocolError
from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.gateways.modellix import ModellixGateway
from airflow_provider_kling.http.message import HttpResponse
from airflow_provider_kling.http.task import Resource, ResourceRole, Task, TaskStatus
from airflow_provider_kling.models import VideoO1Request
from tests.gateways.calls import TASK_ID, envelope, response

GATEWAY = make_gateway()
SUBMISSION = GATEWAY.submit(GATEWAY.encode(VideoO1Request(prompt="x")), key="")
URL = "https://cdn.example/clip.mp4?sig=1"


def task(**data: Any) -> Task:
    """Parse the response to a poll."""
    return GATEWAY.task(TASK_ID).parse(
        response(envelope(**{"task_id": TASK_ID, "status": "success", **data}))
    )


# -- the documented samples -----------------------------------------------------------------------


def test_the_response_to_a_submission_is_a_pending_task() -> None:
    submitted = SUBMISSION.parse(
        response(
            envelope(
                status="pending",
                task_id="task-v2v-abc123",
                model_id="model-123",
                get_result={
                    "method": "GET",
                    "url": "https://api.modellix.ai/api/v1/tasks/task-v2v-abc123",
                },
            )
        )
    )
    assert (submitted.task_id, submitted.status) == ("task-v2v-abc123", TaskStatus.PENDING)
    assert submitted.model_id == "model-123"
    assert submitted.resources == ()


def test_a_full_result_is_parsed_whole() -> None:
    parsed = task(
        model_id="model-123",
        duration=3500,
        result_expires_at=1786418800891,
        billing={"amount": 0.4345},
        result={
            "resources": [
                {
                    "url": URL,
                    "type": "video",
                    "width": 1920,
                    "height": 1080,
                    "format": "mp4",
                    "role": "primary",
                    "duration": 5,
                    "size": 1000,
                }
            ],
            "metadata": {"image_count": 1, "request_id": "req-1"},
            "extensions": {"submit_time": "2024-01-01T10:00:00Z", "end_time": "2024-01-01T10:00:03Z"},
        },
    )
    assert parsed.status is TaskStatus.SUCCESS
    assert parsed.resources == (
        Resource(
            url=URL,
            type="video",
            role=ResourceRole.PRIMARY,
            width=1920,
            height=1080,
            format="mp4",
            duration_s=5.0,
            size=1000,
        ),
    )
    assert parsed.cost_usd == Decimal("0.4345")
    assert parsed.submitted_at == datetime(2024, 1, 1, 10, 0, 0, tzinfo=UTC)
    assert parsed.finished_at == datetime(2024, 1, 1, 10, 0, 3, tzinfo=UTC)
    assert parsed.expires_at == datetime(2026, 8, 11, 3, 26, 40, 891000, tzinfo=UTC)
    assert parsed.failure is None


def test_unknown_fields_are_kept() -> None:
    assert task(progress=0.5, queue={"place": 3}).raw == {
        "task_id": TASK_ID,
        "status": "success",
        "progress": 0.5,
        "queue": {"place": 3},
    }


def test_the_links_of_a_response_stay_out_of_repr() -> None:
    assert "sig=1" not in repr(task(result={"resources": [{"url": URL, "type": "video"}]}))


# -- status ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("pending", TaskStatus.PENDING),
        ("processing", TaskStatus.PROCESSING),
        ("success", TaskStatus.SUCCESS),
        ("failed", TaskStatus.FAILED),
        ("canceled", TaskStatus.FAILED),
        ("SUCCESS", TaskStatus.SUCCESS),
        ("succeeded", TaskStatus.SUCCESS),
        ("completed", TaskStatus.SUCCESS),
        ("cancelled", TaskStatus.FAILED),
        *((word, TaskStatus.FAILED) for word in ("error", "fail", "failure", "rejected", "Failed")),
        *((word, TaskStatus.SUCCESS) for word in ("complete", "done", "finished")),
        ("queued", TaskStatus.PROCESSING),
        ("rendering", TaskStatus.PROCESSING),
        ("", TaskStatus.PROCESSING),
        (None, TaskStatus.PROCESSING),
        (7, TaskStatus.PROCESSING),
    ],
)
def test_a_status_is_parsed_and_an_unknown_one_counts_as_running(word: object, status: TaskStatus) -> None:
    parsed = task(status=word)
    assert parsed.status is status
    assert parsed.raw_status == (word if isinstance(word, str) else "")


def test_only_success_and_failure_are_terminal() -> None:
    assert [status for status in TaskStatus if status.terminal] == [TaskStatus.SUCCESS, TaskStatus.FAILED]


def test_a_task_without_a_status_counts_as_running() -> None:
    assert GATEWAY.task(TASK_ID).parse(response(envelope(task_id=TASK_ID))).status is TaskStatus.PROCESSING


# -- absent, null, nonsense --------------------------------------------------------------------------

OPTIONAL = ["model_id", "resources", "cost_usd", "submitted_at", "finished_at", "expires_at"]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {
            "model_id": None,
            "duration": None,
            "result": None,
            "billing": None,
            "result_expires_at": None,
            "error": None,
        },
        {
            "result": {"resources": None, "metadata": None, "extensions": None},
            "billing": {"amount": None},
        },
        {
            "result": {"resources": [None], "extensions": {"submit_time": None, "end_time": ""}},
            "resources": None,
        },
        {"result": [], "billing": "0.4", "model_id": 5, "result_expires_at": "soon"},
        {
            "result": {"resources": {"url": URL}, "extensions": {"submit_time": 5, "end_time": "soon"}},
            "billing": {"amount": "a lot"},
        },
        {"billing": {"amount": True}, "result_expires_at": True},
        {"billing": {"amount": float("nan")}, "result_expires_at": float("inf")},
        {"billing": {"amount": float("inf")}, "result_expires_at": 10**400},
        {"result_expires_at": 1e300, "result": {"resources": "https://cdn.example/x.mp4"}},
    ],
    ids=lambda data: json.dumps(data)[:60],
)
def test_what_is_absent_null_or_nonsense_is_none_and_never_zero(data: dict[str, Any]) -> None:
    parsed = task(**data)
    assert parsed.status is TaskStatus.SUCCESS
    assert {name: getattr(parsed, name) for name in OPTIONAL} == {**dict.fromkeys(OPTIONAL), "resources": ()}


@pytest.mark.parametrize(
    ("amount", "cost"),
    [
        (0.4345, "0.4345"),
        (0.1, "0.1"),
        (0, "0"),
        (2, "2"),
        ("0.4345", "0.4345"),
        ("0.2400", "0.2400"),
        (1e-7, "1E-7"),
    ],
)
def test_money_is_exact(amount: object, cost: str) -> None:
    assert str(task(billing={"amount": amount}).cost_usd) == cost


@pytest.mark.parametrize(
    "written",
    [
        "2024-01-01T10:00:00Z",
        "2024-01-01T10:00:00",
        "2024-01-01T12:00:00+02:00",
        "2024-01-01 10:00:00",
        1_704_103_200_000,
        1_704_103_200,
    ],
)
def test_a_time_is_parsed_in_utc_whether_it_is_a_text_or_milliseconds_or_seconds(written: object) -> None:
    times = {"extensions": {"submit_time": written, "end_time": written}}
    parsed = task(result=times, result_expires_at=written)
    at = datetime(2024, 1, 1, 10, tzinfo=UTC)
    assert (parsed.submitted_at, parsed.finished_at, parsed.expires_at) == (at, at, at)


@pytest.mark.parametrize("size", [0, -1, 1.5, "1280", True, None, 10**400, float("nan")])
def test_a_size_that_makes_no_sense_is_none(size: object) -> None:
    [resource] = task(result={"resources": [{"url": URL, "width": size, "size": size}]}).resources
    assert (resource.width, resource.size) == (None, None)


def test_a_length_that_is_not_finite_is_none() -> None:
    [resource] = task(result={"resources": [{"url": URL, "duration": float("inf")}]}).resources
    assert resource.duration_s is None


# -- resources ------------------------------------------------------------------------------------


def urls(parsed: Task) -> list[str]:
    return [resource.url for resource in parsed.resources]


def test_resources_keep_their_order_and_may_be_bare_links() -> None:
    listed = ["https://a.example/1.mp4", {"url": "https://a.example/2.png", "type": "image"}]
    parsed = task(result={"resources": listed})
    assert urls(parsed) == ["https://a.example/1.mp4", "https://a.example/2.png"]
    assert [resource.type for resource in parsed.resources] == [None, "image"]


def test_resources_may_be_beside_the_result() -> None:
    assert urls(task(resources=[URL])) == [URL]
    assert urls(task(resources=[URL], result={"resources": []})) == [URL]
    assert urls(task(resources=["https://b.example"], result={"resources": [URL]})) == [URL]


def test_resources_without_a_link_are_left_out() -> None:
    assert urls(task(result={"resources": ["", {}, {"url": None}, 5, [URL], {"url": URL}]})) == [URL]


def test_at_most_fifty_resources_are_parsed() -> None:
    assert len(task(result={"resources": [URL] * 1500}).resources) == 50


def entry(name: str, **fields: Any) -> dict[str, Any]:
    return {"url": f"https://cdn.example/{name}", **fields}


COVER = entry("cover", type="image", role="cover")
THUMBNAIL = entry("thumbnail", type="video", role="thumbnail")


@pytest.mark.parametrize(
    ("listed", "chosen"),
    [
        ([COVER, entry("main", type="video", role="primary")], "main"),
        ([entry("other", type="video"), entry("main", role="primary")], "main"),
        ([COVER, entry("main", type="video")], "main"),
        ([THUMBNAIL, entry("main", type="video", role="alternative")], "main"),
        ([entry("odd", type="video", role="hero")], "odd"),
        ([COVER, entry("nameless")], "nameless"),
        ([COVER, "https://cdn.example/bare"], "bare"),
        ([COVER, THUMBNAIL], None),
        ([entry("sound", type="audio")], None),
        ([], None),
    ],
)
def test_the_result_is_chosen_by_role_then_by_type(listed: list[Any], chosen: str | None) -> None:
    primary = task(result={"resources": listed}).primary("video")
    assert (primary and primary.url) == (chosen and f"https://cdn.example/{chosen}")


def test_an_image_is_chosen_when_an_image_is_wanted() -> None:
    listed = [entry("clip", type="video"), COVER, entry("still", type="image")]
    primary = task(result={"resources": listed}).primary("image")
    assert primary is not None
    assert primary.url == "https://cdn.example/still"


@pytest.mark.parametrize("written", ["video", "VIDEO", "Video/mp4"])
@pytest.mark.parametrize("role", ["primary", "Primary", None])
def test_the_words_of_a_paid_result_are_read_in_any_case(written: str, role: str | None) -> None:
    primary = task(result={"resources": [COVER, entry("clip", type=written, role=role)]}).primary("video")
    assert primary is not None
    assert primary.url == "https://cdn.example/clip"


def test_a_task_id_may_be_a_number() -> None:
    submitted = SUBMISSION.parse(response(envelope(status="pending", task_id=831922345719271433)))
    assert submitted.task_id == "831922345719271433"


@pytest.mark.parametrize(
    "time", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "1e400", 10**400, "-1"]
)
def test_a_time_that_cannot_be_is_no_time(time: object) -> None:
    assert task(result_expires_at=time).expires_at is None


@pytest.mark.parametrize("role", ["hero", "", None, 5, {}, ["primary"]])
def test_a_role_that_is_not_documented_is_none(role: object) -> None:
    [resource] = task(result={"resources": [entry("x", role=role)]}).resources
    assert resource.role is None


# -- failed tasks ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        ({}, None, None),
        ({"error": None}, None, None),
        ({"error": ""}, None, None),
        ({"error": "the model broke"}, None, "the model broke"),
        ({"error": {"code": 5001, "message": "the model broke"}}, "5001", "the model broke"),
        ({"error": {"code": "E1", "message": None}}, "E1", None),
        ({"error": {"message": "the model broke"}}, None, "the model broke"),
        ({"error": {}}, None, None),
        ({"error": {"code": True, "message": ["x"]}}, None, None),
        ({"error": ["the model broke"]}, None, None),
        ({"error": 5}, None, None),
    ],
)
def test_a_failure_may_have_any_shape(error: dict[str, Any], code: str | None, message: str | None) -> None:
    failure = task(status="failed", **error).failure
    assert failure is not None
    assert (failure.code, failure.message, failure.moderated) == (code, message, False)


@pytest.mark.parametrize(
    "error",
    [
        {"code": 1301, "message": "rejected"},
        {"code": "1301"},
        {"code": "content_policy_violation"},
        "Failure to pass the risk control system",
        "Blocked by our Content Policy",
        {"message": "input moderation"},
    ],
)
def test_rejected_content_is_told_from_other_failures(error: object) -> None:
    failure = task(status="failed", error=error).failure
    assert failure is not None
    assert failure.moderated is True


def test_a_long_failure_text_is_cut() -> None:
    failure = task(status="failed", error="x" * 100_000).failure
    assert failure is not None
    assert failure.message == "x" * 500


@pytest.mark.parametrize("status", ["success", "processing"])
def test_an_error_beside_a_task_that_did_not_fail_is_no_failure(status: str) -> None:
    assert task(status=status, error="a warning").failure is None


# -- responses that the documents do not allow ----------------------------------------------------

NOT_DOCUMENTED = [
    b"",
    b"<html><body>502</body></html>",
    b'{"code":0,"data":{"task_id":"task-',
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b"null",
    b"[]",
    b'"success"',
    {},
    {"code": 0, "message": "success"},
    {"code": 0, "data": None},
    {"code": 0, "data": []},
]


@pytest.mark.parametrize("body", NOT_DOCUMENTED, ids=lambda body: str(body)[:30])
@pytest.mark.parametrize(
    "parse",
    [
        SUBMISSION.parse,
        GATEWAY.task(TASK_ID).parse,
        ModellixGateway.account.balance(now=0.0).parse,
        ModellixGateway.catalogue.models().parse,
    ],
    ids=["submission", "task", "balance", "models"],
)
def test_a_response_that_the_documents_do_not_allow_is_a_protocol_error(
    parse: Callable[[HttpResponse], Any], body: object
) -> None:
    with pytest.raises(KlingProtocolError, match="GET /api/v1/tasks/"):
        parse(response(body))


@pytest.mark.parametrize(
    "data", [{}, {"task_id": None}, {"task_id": ""}, {"task_id": 5.5}, {"task_id": True}]
)
def test_a_response_without_a_task_id_is_a_protocol_error(data: dict[str, Any]) -> None:
    for parse in (SUBMISSION.parse, GATEWAY.task(TASK_ID).parse):
        with pytest.raises(KlingProtocolError, match="without a task id"):
            parse(response(envelope(status="success", **data)))


def test_a_response_about_another_task_is_a_protocol_error() -> None:
    with pytest.raises(KlingProtocolError, match="another task, 'task-other'"):
        task(task_id="task-other")


def test_an_error_in_the_envelope_counts_even_with_http_status_200() -> None:
    with pytest.raises(KlingNotFoundError) as caught:
        GATEWAY.task(TASK_ID).parse(response({"code": 404, "message": "Resource not found: task"}))
    assert (caught.value.status_code, caught.value.task_id) == (404, TASK_ID)


@pytest.mark.parametrize("code", [None, 0, "0", 200, 201])
def test_a_missing_envelope_code_does_not_hide_the_data(code: object) -> None:
    body = {"code": code, "data": {"task_id": TASK_ID, "status": "success"}}
    assert GATEWAY.task(TASK_ID).parse(response(body)).status is TaskStatus.SUCCESS


# -- what whoever answers may say -------------------------------------------------------------------


@pytest.mark.parametrize("word", ["succeed", "SUCCEED", "done", "finished", "", "完了"])
def test_a_result_and_a_bill_are_an_end_whatever_the_word(word: str) -> None:
    found = task(status=word, result={"resources": [URL]}, billing={"amount": "0.24"})
    assert found.status is TaskStatus.SUCCESS
    assert found.raw_status == word


ONLY = [{"result": {"resources": [URL]}}, {"billing": {"amount": "0.24"}}, {"result": {}, "billing": {}}]


@pytest.mark.parametrize("fields", ONLY)
def test_a_result_or_a_bill_alone_is_no_end(fields: dict[str, Any]) -> None:
    assert task(status="polishing", **fields).status is TaskStatus.PROCESSING


@pytest.mark.parametrize("word", ["processing", "pending"])
def test_a_known_word_counts_more_than_a_result(word: str) -> None:
    found = task(status=word, result={"resources": [URL]}, billing={"amount": "0.24"})
    assert not found.status.terminal


def test_texts_are_short_and_on_one_line() -> None:
    odd = "a\x1b[31m\n\rb\u2028" + "x" * 10_000
    found = task(
        status=odd,
        model_id=odd,
        result={"resources": [{"url": URL, "type": odd, "format": odd}]},
    )
    (file,) = found.resources
    for shown in (found.raw_status, found.model_id, file.type, file.format):
        assert shown is not None
        assert shown.isprintable()
        assert len(shown) <= 64
    failed = task(status="failed", error={"code": odd, "message": odd}).failure
    assert failed is not None
    for shown, longest in ((failed.message, 500), (failed.code, 64)):
        assert shown is not None
        assert shown.isprintable()
        assert len(shown) <= longest


NO_LINKS = ["https://cdn.example/" + "x" * 5000, "https://cdn.example/a\nb", "\x00", 5, {}]


@pytest.mark.parametrize("url", NO_LINKS)
def test_a_link_that_cannot_be_requested_is_none(url: object) -> None:
    (file,) = task(result={"resources": [{"url": url}, URL]}).resources
    assert file.url == URL


def test_a_link_with_other_letters_is_encoded() -> None:
    (file,) = task(result={"resources": ["https://cdn.example/ä b.mp4?sig=a%2Fb"]}).resources
    assert file.url == "https://cdn.example/%C3%A4%20b.mp4?sig=a%2Fb"


@pytest.mark.parametrize("amount", ["1e999999999", "9" * 50, "1e13", "-1e13", "NaN", "inf", True, [], "x"])
def test_an_amount_that_makes_no_sense_is_unknown(amount: object) -> None:
    assert task(billing={"amount": amount}).cost_usd is None

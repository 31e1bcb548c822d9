"""What the platform offers, how its connections are signed, and what is sent for each call."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_kling.exceptions import (
    KlingAuthenticationError,
    KlingNotFoundError,
    KlingProtocolError,
    KlingRequestError,
    KlingSignatureExpiredError,
)
from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.gateways.base import Recovery
from airflow_provider_kling.gateways.kling import KlingGateway
from airflow_provider_kling.gateways.kling.access_key import AccessKey
from airflow_provider_kling.http.credentials import BearerToken
from airflow_provider_kling.http.message import Call, HttpRequest
from airflow_provider_kling.models import parse_request
from tests.gateways.calls import NOW, response
from tests.gateways.kling.answers import KEY, OTHER_ID, TASK_ID, error, legacy_task, success, task

SECRET = "sandbox-secret-key-0123456789abcdef"


def gateway(
    api_version: str | None = None, *, webhook_url: str | None = None, login: str | None = None
) -> KlingGateway:
    made = make_gateway(name="kling", api_version=api_version, webhook_url=webhook_url, login=login)
    assert isinstance(made, KlingGateway)
    return made


def access_key_gateway() -> KlingGateway:
    return gateway(login="ak")


def recovery_of(model: str, *, at: KlingGateway | None = None) -> Recovery:
    """Return how a submission of this connection is found."""
    at = at or gateway()
    found = at.recovery_of(model, gateway=at.label)
    assert found is not None
    return found


def answer(call: Call[Any], data: object) -> Any:
    """Let a call read a successful response."""
    return call.parse(response(success(data), request=call.request))


def sent(call: Call[Any]) -> Any:
    assert call.request.content is not None
    return json.loads(call.request.content)


def submit(model: str, given: Any, *, at: KlingGateway | None = None) -> Call[Any]:
    at = at or gateway()
    return at.submit(at.encode(parse_request(model, given)), key=KEY)


def test_it_has_the_capabilities_that_the_platform_has_a_way_for() -> None:
    made = gateway()
    assert None not in (made.task_batch, made.account)
    assert (made.files, made.request_log, made.catalogue) == (None, None, None)
    assert made.retention == timedelta(days=30)


# -- credentials ----------------------------------------------------------------------------------


def test_a_password_alone_is_an_api_key() -> None:
    assert KlingGateway.credentials(login=None, password=" sk-1\n") == BearerToken("sk-1")
    assert KlingGateway.credentials(login=" ", password="sk-1") == BearerToken("sk-1")


def test_a_login_is_an_access_key_and_the_password_its_secret_key() -> None:
    found = KlingGateway.credentials(login=" ak ", password=f" {SECRET}\n")
    assert found == AccessKey(access_key="ak", secret_key=SECRET)


@pytest.mark.parametrize(
    ("login", "holds"), [(None, "the API key"), ("ak", "the secret key of the access key")]
)
def test_a_missing_password_is_named_for_what_it_has_to_be(login: str | None, holds: str) -> None:
    with pytest.raises(KlingRequestError, match=f"password: is required: it holds {holds}"):
        KlingGateway.credentials(login=login, password=" ")


def test_an_access_key_leads_to_the_legacy_standard() -> None:
    assert KlingGateway.choose_version(None, login=None) == "2026-07"
    assert KlingGateway.choose_version("v1", login=None) == "v1"
    assert KlingGateway.choose_version(None, login="ak") == "v1"
    with pytest.raises(KlingRequestError, match="api_version: must be 'v1' with an access key"):
        KlingGateway.choose_version("2026-07", login="ak")
    with pytest.raises(KlingRequestError, match="api_version: must be '2026-07' or 'v1'"):
        KlingGateway.choose_version("v2", login=None)


# -- submissions ----------------------------------------------------------------------------------


def test_a_submission_carries_the_recorded_key_as_the_callers_id() -> None:
    call = submit("kling-video-o1", {"prompt": "x"})
    assert call.request.path == "/omni-video/kling-o1"
    assert sent(call)["options"] == {"external_task_id": KEY}
    assert not call.idempotent
    legacy = submit("kling-v3-t2i", {"prompt": "x"})
    assert sent(legacy) == {"model_name": "kling-v3", "prompt": "x", "external_task_id": KEY}


def test_the_service_is_told_where_to_report() -> None:
    at = gateway(webhook_url="https://hooks.example/x")
    reported = {"external_task_id": KEY, "callback_url": "https://hooks.example/x"}
    assert sent(submit("kling-video-o1", {"prompt": "x"}, at=at))["options"] == reported
    assert sent(submit("kling-v3-t2i", {"prompt": "x"}, at=at)).items() >= reported.items()


def test_the_authors_options_stay() -> None:
    at, extra = gateway(), {"options": {"watermark_info": {"enabled": True}}}
    encoded = at.encode(parse_request("kling-video-o1", {"prompt": "x"}), extra_parameters=extra)
    options = sent(at.submit(encoded, key=KEY))["options"]
    assert options == {"watermark_info": {"enabled": True}, "external_task_id": KEY}


def test_what_answers_at_once_takes_no_key_and_cannot_be_found_by_one() -> None:
    assert sent(submit("kling-image-recognize", {"image": "https://a.example/a.png"})) == {
        "image": "https://a.example/a.png"
    }
    for at in (gateway(), gateway("v1"), access_key_gateway()):
        assert at.recovery_of("kling-image-recognize", gateway=at.label) is None
        assert at.recovery_of("/v1/audio/tts", gateway=at.label) is None
        assert at.recovery_of("kling-video-o1", gateway=at.label) is not None


# -- reads ----------------------------------------------------------------------------------------


def test_a_task_of_any_product_is_read_by_its_id() -> None:
    call = gateway().task(TASK_ID)
    assert (call.request.path, call.request.params) == ("/tasks", {"task_ids": TASK_ID})
    assert answer(call, [task()]).task_id == TASK_ID


def test_several_tasks_are_read_at_once() -> None:
    batch = gateway().task_batch
    assert batch is not None
    assert batch.limit == 20
    call = batch.tasks([TASK_ID, OTHER_ID])
    assert call.request.params == {"task_ids": f"{TASK_ID},{OTHER_ID}"}
    assert list(answer(call, [task(OTHER_ID)])) == [OTHER_ID]


def test_a_submission_is_looked_up_by_its_key() -> None:
    call = recovery_of("kling-video-o1").find(KEY)
    assert (call.request.path, call.request.params) == ("/tasks", {"external_task_ids": KEY})
    assert answer(call, [task(external_id=KEY)]).task_id == TASK_ID
    assert answer(call, []) is None


# -- with an access key ---------------------------------------------------------------------------


def test_with_an_access_key_a_task_is_read_where_its_product_is() -> None:
    at = access_key_gateway()
    call = submit("kling-video-o1", {"prompt": "x"}, at=at)
    assert call.request.path == "/v1/videos/omni-video"
    made = answer(call, legacy_task(status="submitted"))
    assert made.task_id == f"videos.omni-video.{TASK_ID}"
    read = at.task(made.task_id)
    assert read.request.path == f"/v1/videos/omni-video/{TASK_ID}"
    assert answer(read, legacy_task()).task_id == made.task_id
    assert at.task_batch is None


def test_with_an_access_key_a_submission_is_looked_up_where_its_product_is() -> None:
    call = recovery_of("kling-image-expansion", at=access_key_gateway()).find(KEY)
    assert call.request.path == f"/v1/images/editing/expand/{KEY}"
    found = answer(call, legacy_task(task_info={"external_task_id": KEY}))
    assert found.task_id == f"images.editing.expand.{TASK_ID}"
    absent = response(
        error(1201, f"Task not found by id/external id: {KEY}"), status=400, request=call.request
    )
    assert call.parse(absent) is None


def test_with_an_access_key_a_lip_sync_is_looked_up_in_the_list_of_lip_syncs() -> None:
    call = recovery_of("kling-lip-sync", at=access_key_gateway()).find(KEY)
    assert call.request.path == "/v1/videos/advanced-lip-sync"
    others = [legacy_task(OTHER_ID, task_info={"external_task_id": "other"}), legacy_task("3")]
    found = answer(call, [*others, legacy_task(task_info={"external_task_id": KEY})])
    assert found.task_id == f"videos.advanced-lip-sync.{TASK_ID}"
    assert answer(call, others) is None
    page = [legacy_task(str(number)) for number in range(500)]
    with pytest.raises(KlingProtocolError, match="there may be more"):
        answer(call, page)


@pytest.mark.parametrize("model", ["kling-video-o1", "kling-lip-sync"])
@pytest.mark.parametrize("login", [None, "ak"])
def test_a_submission_that_the_service_has_is_never_called_absent(model: str, login: str | None) -> None:
    call = recovery_of(model, at=gateway(login=login)).find(KEY, exists=True)
    with pytest.raises(KlingNotFoundError) as not_yet:
        answer(call, [])
    assert not_yet.value.transient


# -- a connection that has changed ----------------------------------------------------------------


def test_with_an_api_key_tasks_of_both_standards_are_read_in_one_place() -> None:
    for task_id in (TASK_ID, f"videos.omni-video.{TASK_ID}"):
        for at in (gateway(), gateway("v1")):
            call = at.task(task_id)
            assert (call.request.path, call.request.params) == ("/tasks", {"task_ids": TASK_ID})
            assert answer(call, [task()]).task_id == task_id
            assert at.readable_id(task_id, model="kling-video-o1", gateway="kling v1") == task_id
            batch = at.task_batch
            assert batch is not None
            read = batch.tasks([task_id, OTHER_ID])
            assert answer(read, [task(OTHER_ID), task()]).keys() == {task_id, OTHER_ID}


def test_an_access_key_reads_what_an_api_key_has_submitted_in_the_legacy_standard() -> None:
    at, named = access_key_gateway(), f"images.generations.{TASK_ID}"
    for label in ("kling v1", "kling 2026-07"):  # images are in the legacy standard only
        assert at.readable_id(TASK_ID, model="kling-v3-t2i", gateway=label) == named
        assert at.readable_id(named, model="kling-v3-t2i", gateway=label) == named
        call = recovery_of("kling-v3-t2i", at=at).find(KEY)
        assert call.request.path == f"/v1/images/generations/{KEY}"


def test_an_access_key_does_not_take_what_it_cannot_read_for_absent() -> None:
    at, label = access_key_gateway(), "kling 2026-07"
    recovery = at.recovery_of("kling-video-o1", gateway=label)
    assert recovery is not None
    for attempt in (
        lambda: recovery.find(KEY),
        lambda: at.readable_id(TASK_ID, model="kling-video-o1", gateway=label),
        lambda: at.readable_id(TASK_ID, model="/text-to-video/kling-4.0", gateway=label),
    ):
        with pytest.raises(KlingRequestError, match="login: must be empty, and the password the API key"):
            attempt()


def test_a_path_of_the_new_standard_is_submitted_and_read_with_an_api_key_of_either_version() -> None:
    path, body = "/text-to-video/kling-4.0", {"prompt": "x"}
    for at in (gateway(), gateway("v1")):
        call = submit(path, body, at=at)
        assert sent(call)["options"] == {"external_task_id": KEY}
        assert answer(call, task(status="submitted")).task_id == TASK_ID
    with pytest.raises(KlingRequestError, match="model: needs an API key"):
        submit(path, body, at=access_key_gateway())


def test_a_model_without_a_legacy_path_names_what_hides_it() -> None:
    with pytest.raises(KlingRequestError, match="leave out the connection's extra api_version='v1'"):
        submit("kling-v3-turbo-t2v", {"prompt": "x"}, at=gateway("v1"))
    with pytest.raises(KlingRequestError, match="needs an API key"):
        submit("kling-v3-turbo-t2v", {"prompt": "x"}, at=access_key_gateway())


def test_a_look_up_that_is_refused_does_not_mean_that_there_is_no_task() -> None:
    for at in (gateway(), access_key_gateway()):
        call = recovery_of("kling-video-o1", at=at).find(KEY)
        for code in (1002, 1103, 1201, 1302, 5000):
            with pytest.raises(Exception, match=f"code {code}"):
                call.parse(response(error(code, "no"), status=400, request=call.request))


@pytest.mark.parametrize("task_id", [TASK_ID, f".{TASK_ID}", f"videos..{TASK_ID}", "videos."])
def test_with_an_access_key_an_id_without_its_product_is_refused(task_id: str) -> None:
    with pytest.raises(KlingRequestError, match="task_id: must name the product"):
        access_key_gateway().task(task_id)


def test_an_answer_about_another_legacy_task_is_none() -> None:
    call = access_key_gateway().task(f"videos.omni-video.{TASK_ID}")
    with pytest.raises(KlingProtocolError, match="another task"):
        answer(call, legacy_task(OTHER_ID))
    missing = response(error(1201, "Task not found by id/external id: x"), status=400, request=call.request)
    with pytest.raises(KlingNotFoundError):
        call.parse(missing)


# -- the account ----------------------------------------------------------------------------------


def test_the_balance_is_what_the_packs_in_use_have_left() -> None:
    call = gateway().account.balance(now=NOW)
    year_ms = 366 * 86_400_000
    assert call.request == HttpRequest(
        method="GET",
        path="/account/costs",
        params={"start_time": int(NOW * 1000) - year_ms, "end_time": int(NOW * 1000)},
    )
    packs = [
        {"status": "online", "remaining_quantity": 12.5},
        {"status": "online", "remaining_quantity": "3"},
        {"status": "expired", "remaining_quantity": 100},
        {"status": "online"},
        7,
    ]
    assert answer(call, {"code": 0, "resource_pack_subscribe_infos": packs}) == Decimal("15.5")
    assert gateway().account.unit == "units"
    with pytest.raises(KlingProtocolError, match="without a list of packs"):
        answer(call, {})


def test_a_key_is_valid_where_the_packs_can_be_read() -> None:
    call = gateway().account.key_validation(now=NOW)
    assert answer(call, {}) is True

    def refused(code: int) -> HttpRequest:
        return call.parse(response(error(code), status=401, request=call.request))  # type: ignore[return-value]

    assert refused(1002) is False
    with pytest.raises(KlingSignatureExpiredError):
        refused(1003)  # the clock is wrong, which says nothing of the key
    with pytest.raises(KlingAuthenticationError):
        refused(1004)

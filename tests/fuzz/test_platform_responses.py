"""What Kling's own platform answers, and what is posted to the receiver of its callbacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.gateways.callbacks import CallbackRejectedError, CallbackRequest
from airflow_provider_kling.gateways.kling import KlingGateway
from airflow_provider_kling.http.ids import is_id
from airflow_provider_kling.http.message import Call
from airflow_provider_kling.models import parse_request
from tests.fuzz.strategies import bodies, headers, json_values, objects, statuses, texts
from tests.fuzz.test_responses import NOW, check, links, numbers, times
from tests.gateways.kling.test_callbacks import AT, ID, SECRET, signed

TASK = "893605946402811985"

ids = st.one_of(texts, st.sampled_from([TASK, int(TASK)]))
states = st.sampled_from(["submitted", "processing", "succeeded", "succeed", "failed", "x"])
outputs = objects(
    type=st.sampled_from(["video", "image", "audio", "voice", "element"]),
    id=ids,
    url=links,
    watermark_url=links,
    mp3_url=links,
    wav_url=links,
    duration=numbers,
    group_id=texts,
)
bills = objects(charge_type=st.sampled_from(["unit", "cash"]), amount=numbers, currency=texts)
tasks = objects(
    id=ids,
    status=states,
    message=texts,
    create_time=times,
    update_time=times,
    external_id=texts,
    outputs=st.lists(outputs, max_size=3),
    billing=st.lists(bills, max_size=2),
)
legacy_tasks = objects(
    task_id=ids,
    task_status=states,
    task_status_msg=texts,
    task_info=objects(external_task_id=texts),
    task_result=objects(
        **{kind: st.lists(outputs, max_size=2) for kind in ("videos", "images", "audios", "series_images")}
    ),
    final_unit_deduction=numbers,
    created_at=times,
)
faces = objects(
    session_id=texts, face_data=st.lists(objects(face_id=texts, start_time=numbers)), status=numbers
)
packs = objects(resource_pack_subscribe_infos=st.lists(objects(remaining_quantity=numbers, status=texts)))
envelopes = objects(
    code=st.sampled_from([0, 200, 1002, 1101, 1201, 1303, 5000]),
    message=texts,
    request_id=texts,
    data=st.one_of(tasks, st.lists(tasks, max_size=3), legacy_tasks, st.lists(legacy_tasks), faces, packs),
)


def calls() -> dict[str, Callable[[], Call[Any]]]:
    """Return what each call of the gateway is made of, with both kinds of credentials."""
    found: dict[str, Callable[[], Call[Any]]] = {}
    for login, task_id in ((None, TASK), ("ak", f"videos.omni-video.{TASK}")):
        gateway = make_gateway(name="kling", login=login)
        assert isinstance(gateway, KlingGateway)
        credentials = "access key" if login else "API key"
        found |= {f"{name} with {credentials}": call for name, call in _calls(gateway, task_id).items()}
    return found


def _calls(gateway: KlingGateway, task_id: str) -> dict[str, Callable[[], Call[Any]]]:
    video = gateway.encode(parse_request("kling-video-o1", {"prompt": "A boat"}))
    speech = {"text": "x", "voice_id": "1", "voice_language": "en", "voice_speed": 1.0}
    at_once = gateway.encode(parse_request("kling-tts", speech))
    recovery = gateway.recovery_of("kling-video-o1", gateway=gateway.label)
    listed = gateway.recovery_of("kling-lip-sync", gateway=gateway.label)
    assert recovery is not None
    assert listed is not None
    made: dict[str, Callable[[], Call[Any]]] = {
        "submission": lambda: gateway.submit(video, key="key"),
        "speech": lambda: gateway.submit(at_once, key="key"),
        "task": lambda: gateway.task(task_id),
        "look-up": lambda: recovery.find("key"),
        "look-up in a list": lambda: listed.find("key"),
        "balance": lambda: gateway.account.balance(now=NOW),
        "key": lambda: gateway.account.key_validation(now=NOW),
        "faces": lambda: gateway.video_sessions.identify_faces(video=None, video_id="1"),
        "selection": lambda: gateway.video_sessions.init_selection(video=None, video_id="1"),
        "preview": lambda: gateway.video_sessions.preview_selection("1"),
    }
    if (batch := gateway.task_batch) is not None:
        made["batch"] = lambda: batch.tasks([TASK])
    return made


CALLS = calls()


@pytest.mark.parametrize("name", CALLS)
@given(body=bodies(envelopes), status=statuses, sent=headers)
def test_a_response_is_a_value_or_a_clear_error(
    name: str, body: bytes, status: int, sent: dict[str, str]
) -> None:
    check(CALLS[name](), body, status, sent)


@given(body=bodies(st.one_of(tasks, legacy_tasks, json_values)), sent=headers, right=st.booleans())
def test_a_callback_is_about_a_task_or_is_rejected(body: bytes, sent: dict[str, str], right: bool) -> None:
    if right:
        of_the_service = {"webhook-id": ID, "webhook-timestamp": str(AT), "webhook-signature": signed(body)}
        sent = sent | of_the_service
    received = CallbackRequest(headers=sent, body=body, path_secret="", received_at=AT)
    try:
        callback = KlingGateway.callbacks.read(received, secrets=[SECRET])
    except CallbackRejectedError as error:
        assert len(str(error)) < 1000
        return
    assert right
    assert is_id(callback.task_id)

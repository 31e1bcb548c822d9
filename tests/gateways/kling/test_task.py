"""Reading tasks, in the words of both standards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingNotFoundError, KlingProtocolError
from airflow_provider_kling.gateways.kling.task import (
    parse_found,
    parse_immediate,
    parse_submission,
    parse_task,
    parse_tasks,
)
from airflow_provider_kling.http.task import ResourceRole, Task, TaskStatus
from tests.gateways.calls import response
from tests.gateways.kling.answers import (
    CREATED_MS,
    KEY,
    OTHER_ID,
    READ,
    SUBMIT,
    TASK_ID,
    URL,
    legacy_task,
    success,
    task,
)

VIDEO = {"type": "video", "id": "77", "url": URL, "watermark_url": f"{URL}&w", "duration": "5.041"}


def read(told: dict[str, Any]) -> Task:
    data = told if "task_id" in told else [told]
    return parse_task(response(success(data), request=READ), task_id=TASK_ID)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("submitted", TaskStatus.PENDING),
        ("processing", TaskStatus.PROCESSING),
        ("succeeded", TaskStatus.SUCCESS),
        ("succeed", TaskStatus.SUCCESS),
        ("SUCCEED", TaskStatus.SUCCESS),
        ("failed", TaskStatus.FAILED),
        ("paused", TaskStatus.PROCESSING),
        ("", TaskStatus.PROCESSING),
    ],
)
def test_each_word_of_both_standards_is_a_state(word: str, status: TaskStatus) -> None:
    for told in (task(status=word), legacy_task(status=word)):
        found = read(told)
        assert (found.status, found.raw_status) == (status, word)


def test_a_finished_task_of_the_new_standard_is_read_whole() -> None:
    billing = [{"charge_type": "unit", "amount": "2.4", "package_type": "video"}]
    found = read(task(outputs=[VIDEO], billing=billing, external_id=KEY))
    result, copy = found.resources
    assert (result.url, result.type, result.role, result.duration_s) == (
        URL,
        "video",
        ResourceRole.PRIMARY,
        5.041,
    )
    assert (copy.url, copy.role) == (f"{URL}&w", ResourceRole.COPY)
    assert found.results("video") == (result,)
    assert result.work_id == "77"
    assert (found.cost, found.cost_unit, found.cost_usd) == (Decimal("2.4"), "units", None)
    created = datetime.fromtimestamp(CREATED_MS / 1000, tz=UTC)
    assert (found.submitted_at, found.finished_at) == (created, created + timedelta(seconds=90))
    assert found.expires_at == created + timedelta(seconds=90, days=30)


def test_a_finished_task_of_the_legacy_standard_is_read_whole() -> None:
    result = {"videos": [{"id": "77", "url": URL, "watermark_url": "", "duration": "5.041"}]}
    found = read(legacy_task(task_result=result, final_unit_deduction="2.4"))
    [resource] = found.resources
    assert (resource.url, resource.type, resource.duration_s, resource.work_id) == (URL, "video", 5.041, "77")
    assert (found.cost, found.cost_unit) == (Decimal("2.4"), "units")


@pytest.mark.parametrize(
    ("result", "count"),
    [
        ({"images": [{"index": 0, "url": URL}, {"index": 1, "url": URL}]}, 2),
        ({"result_type": "series", "images": [], "series_images": [{"index": 0, "url": URL}]}, 1),
        ({"audios": [{"id": "1", "url_mp3": URL, "url_wav": f"{URL}2", "duration_mp3": "3.0"}]}, 1),
        ({"videos": [{"url": URL}], "audios": [{"url_mp3": URL}]}, 2),
    ],
)
def test_each_kind_of_legacy_result_is_found(result: dict[str, Any], count: int) -> None:
    assert len(read(legacy_task(task_result=result)).results()) == count


def test_audio_is_the_mp3_and_the_wav_is_a_copy() -> None:
    output = {"type": "audio", "id": "1", "mp3_url": URL, "wav_url": f"{URL}2", "mp3_duration": "3.1"}
    mp3, wav = read(task(outputs=[output])).resources
    assert (mp3.format, mp3.role, mp3.duration_s) == ("mp3", ResourceRole.PRIMARY, 3.1)
    assert (wav.format, wav.role) == ("wav", ResourceRole.COPY)


@pytest.mark.parametrize(
    ("billing", "usd", "cost", "unit"),
    [
        ([], None, None, None),
        (None, None, None, None),
        (
            [{"charge_type": "unit", "amount": "1.5"}, {"charge_type": "unit", "amount": 1}],
            None,
            "2.5",
            "units",
        ),
        ([{"charge_type": "cash", "amount": "0.7", "currency": "USD"}], "0.7", None, None),
        ([{"charge_type": "cash", "amount": "5", "currency": "CNY"}], None, "5", "CNY"),
        ([{"charge_type": "unit", "amount": "x"}], None, None, None),
        ([{"charge_type": "unit", "amount": "0"}], None, "0", "units"),
        ([7, None, {"charge_type": "cash", "amount": "1"}], None, None, None),
    ],
)
def test_what_was_taken_is_added_up_and_unknown_is_not_zero(
    billing: Any, usd: str | None, cost: str | None, unit: str | None
) -> None:
    found = read(task(billing=billing))
    assert (found.cost_usd, found.cost, found.cost_unit) == (
        usd and Decimal(usd),
        cost and Decimal(cost),
        unit,
    )


def test_what_a_running_task_has_cost_is_not_known() -> None:
    assert read(legacy_task(status="processing", final_unit_deduction="0")).cost is None
    assert read(task(status="processing", billing=[{"charge_type": "unit", "amount": "0"}])).cost is None


@pytest.mark.parametrize(
    ("reason", "moderated"),
    [
        ("Failure to pass the risk control system", True),
        ("The resolution or aspect ratio of the input image is invalid.", False),
        ("", False),
    ],
)
def test_a_failed_task_says_why(reason: str, *, moderated: bool) -> None:
    for told in (task(status="failed", message=reason), legacy_task(status="failed", task_status_msg=reason)):
        failure = read(told).failure
        assert failure is not None
        assert (failure.moderated, failure.message) == (moderated, reason or None)


def test_a_task_that_is_not_in_the_list_is_not_found() -> None:
    with pytest.raises(KlingNotFoundError) as caught:
        parse_task(response(success([]), request=READ), task_id=TASK_ID)
    assert caught.value.task_id == TASK_ID


@pytest.mark.parametrize("data", [[task(OTHER_ID)], legacy_task(OTHER_ID)])
def test_an_answer_about_another_task_is_none(data: object) -> None:
    with pytest.raises(KlingProtocolError, match="another task"):
        parse_task(response(success(data), request=READ), task_id=TASK_ID)


@pytest.mark.parametrize(
    "data", [None, "x", 7, [None], [{}], [{"id": ""}], [{"id": "../x"}], {"task_id": None}]
)
def test_an_answer_about_no_task_at_all_is_none(data: object) -> None:
    with pytest.raises(KlingProtocolError):
        parse_task(response(success(data), request=READ), task_id=TASK_ID)


def test_several_tasks_are_read_by_their_ids() -> None:
    found = parse_tasks(response(success([task(), task(OTHER_ID, status="processing")]), request=READ))
    assert {task_id: one.status for task_id, one in found.items()} == {
        TASK_ID: TaskStatus.SUCCESS,
        OTHER_ID: TaskStatus.PROCESSING,
    }


@pytest.mark.parametrize(
    "data", [[task(external_id=KEY)], legacy_task(task_info={"external_task_id": KEY})], ids=["new", "legacy"]
)
def test_a_submission_is_found_by_its_key(data: object) -> None:
    found = parse_found(response(success(data), request=READ), key=KEY)
    assert found is not None
    assert found.task_id == TASK_ID


def test_a_submission_that_is_not_there_is_absent() -> None:
    assert parse_found(response(success([]), request=READ), key=KEY) is None


@pytest.mark.parametrize(
    "data", [[task(external_id="other")], [task()], [task(external_id=KEY), task(OTHER_ID)]]
)
def test_another_submission_is_never_taken_for_ones_own(data: object) -> None:
    with pytest.raises(KlingProtocolError, match="another submission"):
        parse_found(response(success(data), request=READ), key=KEY)


def test_the_answer_to_a_submission_names_the_task() -> None:
    data = {"id": TASK_ID, "status": "submitted", "create_time": CREATED_MS, "external_id": KEY}
    found = parse_submission(response(success(data), request=SUBMIT))
    assert (found.task_id, found.status) == (TASK_ID, TaskStatus.PENDING)


@pytest.mark.parametrize(
    "data",
    [
        {"task_id": TASK_ID, "task_status": "succeed", "task_result": {"audios": [{"id": "5", "url": URL}]}},
        {"task_id": TASK_ID, "images": [{"type": "object_seg", "is_contain": True, "url": URL}]},
        {"audios": [{"id": "5", "url": URL, "duration": "2.1"}]},
    ],
)
def test_what_answers_at_once_has_ended(data: dict[str, Any]) -> None:
    found = parse_immediate(response(success(data), request=SUBMIT))
    assert found.status is TaskStatus.SUCCESS
    assert found.task_id == data.get("task_id", success(None)["request_id"])
    assert [one.url for one in found.results()] == [URL]


@pytest.mark.parametrize("data", [None, {}, {"task_id": TASK_ID}, {"audios": [{"url": None}]}, {"images": 7}])
def test_an_immediate_answer_without_a_result_is_none(data: object) -> None:
    with pytest.raises(KlingProtocolError, match="without a result"):
        parse_immediate(response(success(data), request=SUBMIT))


@pytest.mark.parametrize("odd", ["javascript:1", "x" * 5000, "https://a.example/\x00", 7, None, {}, []])
def test_hostile_results_are_left_out_or_read_as_a_link(odd: Any) -> None:
    for told in (
        task(outputs=[{"type": "video", "url": odd}]),
        legacy_task(task_result={"videos": [{"url": odd}]}),
    ):
        for resource in read(told).resources:
            assert resource.url.isprintable()
            assert len(resource.url) < 5000
    read(task(outputs=odd))
    read(legacy_task(task_result=odd))
    read(task(outputs=[odd]))


def test_a_flood_of_results_is_cut() -> None:
    assert len(read(task(outputs=[VIDEO] * 10_000)).resources) == 100


def test_a_voice_is_a_sound_with_the_id_by_which_requests_name_it() -> None:
    new = read(task(outputs=[{"type": "voice", "id": "829", "name": "Bo", "url": URL}]))
    old = read(legacy_task(task_result={"voices": [{"voice_id": "829", "trial_url": URL}]}))
    for found in (new, old):
        [voice] = found.results()
        assert (voice.type, voice.url, voice.work_id) == ("audio", URL, "829")


def test_an_element_has_what_shows_it_and_the_id_by_which_requests_name_it() -> None:
    references = [
        {"type": "image", "role": "frontal", "url": URL},
        {"type": "video", "role": "refer", "url": f"{URL}&v"},
        {"type": "voice", "role": "refer", "url": ""},
    ]
    new = read(task(outputs=[{"type": "element", "id": "150", "references": references}]))
    shown = {
        "element_image_list": {"frontal_image": URL},
        "element_video_list": {"refer_videos": [{"video_url": f"{URL}&v"}]},
    }
    old = read(legacy_task(task_result={"elements": [{"element_id": 150, **shown}]}))
    for found in (new, old):
        assert [(one.type, one.url, one.work_id) for one in found.results()] == [
            ("image", URL, "150"),
            ("video", f"{URL}&v", "150"),
        ]


def test_each_view_of_a_thing_is_a_result() -> None:
    found = read(legacy_task(task_result={"images": [{"index": 0, "url_1": URL, "url_2": f"{URL}&2"}]}))
    assert [one.url for one in found.results("image")] == [URL, f"{URL}&2"]


@pytest.mark.parametrize("odd", [None, 5, [None], [5], ["x"], [{}], [{"url": 5}], {"url": URL}])
def test_a_library_entry_in_another_shape_is_left_out(odd: Any) -> None:
    told = task(outputs=[{"type": "element", "id": "1", "references": odd}, {"type": "voice", "url": odd}])
    assert read(told).resources == ()
    old = {
        "elements": odd,
        "voices": odd if isinstance(odd, list) else [{"trial_url": odd}],
        "images": [{"url_1": odd}],
    }
    assert read(legacy_task(task_result=old)).resources == ()
    videos = {"elements": [{"element_image_list": odd, "element_video_list": {"refer_videos": odd}}]}
    assert read(legacy_task(task_result=videos)).resources == ()

"""The dict that goes to XCom: short, and never without the only address of a paid result."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingProtocolError
from airflow_provider_kling.generation.result import (
    MAX_XCOM_BYTES,
    StoredFile,
    generation_result,
    stored_uris,
    task_results,
)
from airflow_provider_kling.http.task import Resource, ResourceRole, Task, TaskStatus
from airflow_provider_kling.media.download import Download
from airflow_provider_kling.media.file_format import FileFormat


def picture(number: int, *, link_bytes: int = 60, **changes: Any) -> Resource:
    url = f"https://cdn.example/{number}?{'s' * link_bytes}"
    facts = {"url": url, "type": "image", "width": 1024, "height": 1024, "format": "png", "size": 900_000}
    return Resource(**{**facts, **changes})


COVER = picture(0, role=ResourceRole.COVER)


def result(resources: list[Resource], *, stored: bool) -> dict[str, Any]:
    task = Task(task_id="t", status=TaskStatus.SUCCESS, raw_status="success", resources=tuple(resources))
    results = task_results(task, media_type="image")
    download = Download(format=FileFormat.PNG, size=900_000, sha256="0" * 64)
    copies = {
        one: StoredFile(uri=f"s3://bucket/folder/{index}.png", download=download)
        for index, one in enumerate(results)
    }
    return generation_result(
        task=task,
        results=results,
        model="kling-image-o1",
        conn_id="kling_default",
        stored=copies if stored else {},
        submitted_at=None,
        try_number=1,
    )


def test_a_short_result_keeps_everything() -> None:
    whole = result([COVER, picture(1), picture(2)], stored=True)
    assert [one["role"] for one in whole["resources"]] == ["cover", None, None]
    assert whole["resources"][1]["width"] == 1024
    assert stored_uris(whole) == ["s3://bucket/folder/0.png", "s3://bucket/folder/1.png"]
    assert whole["url"] == picture(1).url


@pytest.mark.parametrize("link_bytes", [60, 200, 400, 1500])
def test_nine_stored_results_stay_within_an_xcom_and_keep_their_copies(link_bytes: int) -> None:
    nine = [picture(number, link_bytes=link_bytes) for number in range(1, 10)]
    short = result([COVER, *nine], stored=True)
    assert len(stored_uris(short)) == 9
    assert short["url"] == nine[0].url
    assert len(json.dumps(short)) <= MAX_XCOM_BYTES


@pytest.mark.parametrize("link_bytes", [60, 1500])
def test_the_link_of_a_result_that_lies_nowhere_else_is_never_dropped(link_bytes: int) -> None:
    nine = [picture(number, link_bytes=link_bytes) for number in range(1, 10)]
    kept = [one["url"] for one in result([COVER, *nine], stored=False)["resources"]]
    assert set(kept) >= {one.url for one in nine}


@pytest.mark.parametrize(
    ("resources", "wanted", "count"),
    [
        ([COVER, picture(1), picture(2)], "image", 2),
        ([COVER, picture(1, type="video"), picture(2)], "video", 1),
        ([picture(1, type="video"), picture(2, type="audio")], None, 2),
        ([picture(1, type=None), picture(2, type=None)], "image", 2),
        ([COVER, picture(1, type="video", role=ResourceRole.PRIMARY)], "image", 1),
        ([picture(1), picture(2, role=ResourceRole.ALTERNATIVE)], "image", 2),
        ([picture(1), picture(2, role=ResourceRole.PRIMARY)], "image", 2),
    ],
)
def test_results_are_told_from_what_is_beside_them(
    resources: list[Resource], wanted: str | None, count: int
) -> None:
    task = Task(task_id="t", status=TaskStatus.SUCCESS, raw_status="success", resources=tuple(resources))
    results = task_results(task, media_type=wanted)
    assert len(results) == count
    assert COVER not in results


@pytest.mark.parametrize("resources", [[], [COVER], [picture(1, type="audio")]])
def test_a_success_without_a_link_to_what_was_asked_is_an_error(resources: list[Resource]) -> None:
    task = Task(task_id="t", status=TaskStatus.SUCCESS, raw_status="success", resources=tuple(resources))
    with pytest.raises(KlingProtocolError, match=r"succeeded and was billed, but .* no link to its image"):
        task_results(task, media_type="image")

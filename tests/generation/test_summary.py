"""What pages show of a generation: small, and only what it can be."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_kling.generation.result import GenerationResult
from airflow_provider_kling.generation.summary import Summary, prompt_of, shown
from airflow_provider_kling.media_type import MediaType

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
RESULT: GenerationResult = {
    "task_id": "task-1",
    "model": "kling-video-o1",
    "status": "success",
    "conn_id": "kling_default",
    "url": "https://cdn.example/a.mp4?signature=s",
    "uri": "s3://bucket/a.mp4",
    "poster_uri": "s3://bucket/a.jpg",
    "type": "video",
    "width": 1280,
    "height": 720,
    "format": "mp4",
    "duration_s": 5.0,
    "fps": 24.0,
    "codec": "h264",
    "has_audio": False,
    "audio_codec": None,
    "bytes": 1000,
    "sha256": "0" * 64,
    "resources": [
        {"type": "video", "url": "https://cdn.example/a.mp4", "role": "primary", "uri": "s3://bucket/a.mp4"},
        {"type": "image", "url": "https://cdn.example/c.jpg", "role": "cover", "uri": None},
    ],
    "submitted_at": "2026-09-01T11:58:00+00:00",
    "finished_at": "2026-09-01T12:00:00+00:00",
    "elapsed_s": 120.0,
    "expires_at": "2026-09-08T12:00:00+00:00",
    "cost_usd": "0.4345",
    "try_number": 1,
    "reused": False,
}


def test_a_result_is_shown_by_its_stored_copy() -> None:
    summary = Summary().updated({"prompt": "A boat", "error": "a former try failed"}).updated(shown(RESULT))
    assert (summary.uri, summary.url, summary.expires_at) == ("s3://bucket/a.mp4", None, None)
    assert (summary.has_poster, summary.results, summary.type) == (True, 1, MediaType.VIDEO)
    assert (summary.cost_usd, summary.duration_s, summary.elapsed_s) == (Decimal("0.4345"), 5.0, 120.0)
    assert (summary.prompt, summary.error) == ("A boat", None)


def test_a_result_that_is_not_stored_is_shown_by_its_link_while_that_works() -> None:
    summary = Summary().updated(shown({**RESULT, "uri": None, "poster_uri": None}))
    assert summary.link(now=NOW) == RESULT["url"]
    assert summary.link(now=NOW + timedelta(days=7)) is None


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//cdn.example/a.mp4",
        "https://",
        "http://[::1",
        " https://x",
    ],
)
def test_what_is_no_address_of_the_web_is_no_link(url: str) -> None:
    assert Summary().updated({"url": url}).link(now=NOW) is None


def test_what_is_stored_is_read_back_the_same() -> None:
    summary = Summary().updated({"prompt": "水" * 100, "expected_s": (60.0, 300.0), **shown(RESULT)})
    stored = json.loads(json.dumps(summary.to_json()))
    assert Summary.read(stored) == summary
    assert None not in stored.values()


@pytest.mark.parametrize("letter", ["a", "水", "😀", '"', "\x00"])
def test_it_takes_at_most_four_kilobytes_whatever_is_written(letter: str) -> None:
    long = dict.fromkeys(("prompt", "error", "title"), letter * 5000)
    summary = Summary().updated(
        {**shown({**RESULT, "uri": None, "url": f"https://x/{'é' * 2000}"}), **long, "model": letter * 2000}
    )
    stored = summary.to_json()
    assert len(json.dumps(stored)) <= 4096
    assert Summary.read(stored) is not None
    assert stored["task_id"] == "task-1"


@pytest.mark.parametrize(
    "pushed",
    [
        None,
        5,
        "text",
        [],
        {"prompt": 5},
        {"prompt": "x" * 3000},
        {"type": "html"},
        {"cost_usd": "NaN"},
        {"cost_usd": "-1"},
        {"submitted_at": "yesterday"},
        {"submitted_at": "2026-09-01T12:00:00"},
        {"results": 10**9},
        {"duration_s": float("inf")},
        {"expected_s": [1]},
    ],
    ids=str,
)
def test_what_somebody_else_has_pushed_is_not_shown(pushed: Any) -> None:
    assert Summary.read(pushed) is None


def test_odd_values_of_a_service_are_left_out_one_by_one() -> None:
    odd = {
        "duration_s": -1,
        "width": "wide",
        "cost": "much",
        "type": "hologram",
        "task_id": "t",
        "unknown": 1,
    }
    assert Summary().updated(odd) == Summary(task_id="t")


@pytest.mark.parametrize(
    ("parameters", "prompt"),
    [
        ({"prompt": "A boat"}, "A boat"),
        ({"text": "Hello", "voice_id": "1"}, "Hello"),
        ({"prompt": " ", "text": "Hello"}, "Hello"),
        ({"prompt": 5}, None),
        ({"image": "https://x"}, None),
        ("{{ params.request }}", None),
        (None, None),
    ],
)
def test_the_text_of_a_request_is_its_prompt(parameters: Any, prompt: str | None) -> None:
    assert prompt_of(parameters) == prompt


def test_a_text_is_cut_and_not_left_out() -> None:
    summary = Summary().updated({"prompt": "😀" * 500, "error": "水" * 500})
    assert all(len(summary.to_json()[name]) > 30 for name in ("prompt", "error"))


def test_what_no_database_stores_is_left_out_of_texts() -> None:
    odd = {"prompt": "a\x00b\ud800c", "error": "\x00", "task_id": "t\x00", "uri": "s3://\ud800"}
    summary = Summary().updated(odd)
    assert (summary.prompt, summary.error, summary.task_id, summary.uri) == ("a b?c", " ", None, None)
    assert "u0000" not in json.dumps(summary.to_json())

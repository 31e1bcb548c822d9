"""What JSON cannot express is found, and named, before anything is recorded or sent."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingRequestError
from airflow_provider_kling.http.message import encode_json

HALF = "\ud83c"  # of a surrogate pair, as half an emoji is


def broken_fields(body: dict[Any, Any]) -> list[str]:
    with pytest.raises(KlingRequestError) as caught:
        encode_json(body, subject="kling-video-o1")
    assert caught.value.subject == "kling-video-o1"
    str(caught.value).encode()  # a log or a database can store the message
    return [rule.field for rule in caught.value.broken]


def test_texts_are_encoded_in_utf_8_without_escapes_or_spaces() -> None:
    assert encode_json({"prompt": "纸船 🎬", "n": [1, None]}, subject="x") == (
        '{"prompt":"纸船 🎬","n":[1,null]}'.encode()
    )


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, HALF, object(), b"bytes", {1, 2}])
def test_the_field_that_cannot_be_expressed_is_named(value: object) -> None:
    assert broken_fields({"prompt": "x", "seed": value}) == ["seed"]


def test_a_value_deep_inside_is_named_by_its_path_and_all_are_named() -> None:
    body = {"shots": [{"prompt": "x"}, {"prompt": f"a{HALF}"}], "camera": {"zoom": (1.0, math.nan)}}
    assert broken_fields(body) == ["shots[1].prompt", "camera.zoom[1]"]


@pytest.mark.parametrize("name", [HALF, b"bytes", (1, 2)])
def test_a_name_that_cannot_be_expressed_is_found(name: object) -> None:
    assert broken_fields({"camera": {name: 1}}) == ["camera"]
    assert broken_fields({name: 1}) == ["body"]


def test_what_is_nested_without_end_is_named() -> None:
    loop: dict[str, Any] = {}
    loop["self"] = loop
    [field] = broken_fields({"camera": loop})
    assert field.startswith("camera.self.self")
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    [field] = broken_fields({"camera": deep})
    assert field.startswith("camera[0][0]")


def test_a_number_that_python_cannot_write_is_refused() -> None:
    assert broken_fields({"seed": 10**5000}) == ["body"]


def test_what_can_be_expressed_is_what_comes_back() -> None:
    body = {"a": [1, 2.5, -0.0, True, None, '\x00\u2028"\\'], "b": {}, "": []}
    assert json.loads(encode_json(body, subject="x")) == body

"""Requests whose values come from templates: before they are rendered, and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, overload

import pytest

from airflow_provider_kling.exceptions import KlingRequestError
from airflow_provider_kling.models import KlingRequest, VideoO1Request, find_model
from tests.contract_case import IMAGE, VIDEO, Case, Verdict
from tests.contract_cases import CASES

O1 = find_model("kling-video-o1")


def parse_rendered(parameters: Mapping[str, Any]) -> KlingRequest:
    return O1.parse(parameters, rendered=True)


class LazyLinks(Sequence[str]):
    """A sequence that is no list, like the one Airflow gives for a mapped task's results."""

    def __init__(self, *links: str) -> None:
        self._links = links

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return self._links[index]

    def __len__(self) -> int:
        return len(self._links)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rendered_values_are_held_to_the_same_rules(case: Case) -> None:
    if case.april is Verdict.ACCEPTED:
        assert parse_rendered(case.body).body() == case.april_post.body
        return
    with pytest.raises(KlingRequestError) as caught:
        parse_rendered(case.body)
    assert case.field in [rule.field for rule in caught.value.broken]


@pytest.mark.parametrize(
    ("field", "rendered", "read"),
    [
        ("duration", "5", 5),
        ("duration", "10", 10),
        ("multi_shot", "False", False),
        ("multi_shot", "false", False),
        ("images", f'["{IMAGE}"]', [IMAGE]),
        ("images", f"['{IMAGE}']", [IMAGE]),
        ("images", (IMAGE, IMAGE), [IMAGE, IMAGE]),
        ("images", LazyLinks(IMAGE), [IMAGE]),
        ("videos", f'["{VIDEO}"]', [VIDEO]),
        ("videos", LazyLinks(VIDEO), [VIDEO]),
        ("sound", "off", "off"),
        ("aspect_ratio", "16:9", "16:9"),
    ],
)
def test_what_templates_turned_into_text_is_turned_back(field: str, rendered: object, read: object) -> None:
    assert parse_rendered({"prompt": "x", field: rendered}).body() == {
        "prompt": "x",
        field: read,
    }


@pytest.mark.parametrize("rendered", ["True", "true"])
def test_a_rendered_switch_is_read(rendered: str) -> None:
    request = parse_rendered({"prompt": "x", "multi_shot": rendered, "shot_type": "intelligence"})
    assert request.body()["multi_shot"] is True


@pytest.mark.parametrize("prompt", ["5", "True", '["a"]', '"quoted"', "null", "{}", "[" * 2500])
def test_a_prompt_that_looks_like_something_else_stays_text(prompt: str) -> None:
    assert parse_rendered({"prompt": prompt}).body() == {"prompt": prompt}


@pytest.mark.parametrize(
    ("field", "rendered"),
    [
        ("duration", "5.0"),
        ("duration", "7"),
        ("duration", "five"),
        ("duration", "true"),
        ("duration", ""),
        ("duration", "null"),
        ("duration", "None"),
        ("multi_shot", "1"),
        ("multi_shot", "yes"),
        ("images", "null"),
        ("images", "[]"),
        ("images", "[1]"),
        ("images", IMAGE),
        ("images", f"['{IMAGE}'"),
        ("images", "[__import__('os')]"),
        ("images", "[" * 5000),
        ("videos", f'["{VIDEO}", "{VIDEO}"]'),
        ("mode", '"std"'),
    ],
)
def test_a_rendered_value_that_breaks_a_rule_is_refused(field: str, rendered: str) -> None:
    with pytest.raises(KlingRequestError) as caught:
        parse_rendered({"prompt": "x", field: rendered})
    assert {rule.field.partition("[")[0] for rule in caught.value.broken} == {field}


def test_bytes_break_one_rule_and_not_one_for_each_byte() -> None:
    with pytest.raises(KlingRequestError) as caught:
        parse_rendered({"prompt": "x", "images": b"\x89PNG" * 1000})
    assert len(caught.value.broken) == 1


def test_an_unknown_field_is_refused_after_rendering_too() -> None:
    with pytest.raises(KlingRequestError, match="negative_prompt: is not a field"):
        parse_rendered({"prompt": "x", "negative_prompt": "5"})


@pytest.mark.parametrize("parameters", ["{}", None, ["prompt"]])
def test_parameters_that_are_no_dict_are_refused(parameters: Any) -> None:
    with pytest.raises(KlingRequestError, match="parameters: must be a dict"):
        parse_rendered(parameters)


def check(body: dict[str, object], *unknown: str) -> list[str]:
    """Return the fields that are wrong for certain while ``unknown`` are templates."""
    try:
        O1.check_known(body, unknown=frozenset(unknown))
    except KlingRequestError as error:
        return [rule.field for rule in error.broken]
    return []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_with_nothing_unknown_every_rule_is_checked(case: Case) -> None:
    assert bool(check(dict(case.body))) is (case.april is Verdict.REJECTED)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_with_everything_unknown_nothing_is_complained_of(case: Case) -> None:
    assert check(dict(case.body), *VideoO1Request.model_fields, *case.body) == []


def test_a_field_that_is_unknown_is_not_missing() -> None:
    assert check({"prompt": "{{ params.prompt }}"}, "prompt") == []
    assert check({}, "prompt") == []
    assert check({}, "mode") == ["prompt"]


def test_an_unknown_fields_own_value_is_not_looked_at() -> None:
    assert check({"prompt": "x", "duration": "{{ params.seconds }}"}, "duration") == []
    assert check({"prompt": "x", "duration": "{{ params.seconds }}"}, "mode") == ["duration"]


def test_a_known_field_is_wrong_whatever_the_unknown_ones_are() -> None:
    assert check({"prompt": "x", "duration": 7, "videos": "{{ v }}"}, "videos") == ["duration"]
    assert check({"prompt": "{{ p }}", "mode": "4k"}, "prompt") == ["mode"]


@pytest.mark.parametrize(
    ("body", "unknown"),
    [
        ({"prompt": "x", "multi_shot": True}, "shot_type"),
        ({"prompt": "x", "shot_type": "intelligence"}, "multi_shot"),
        ({"prompt": "x", "videos": [VIDEO], "sound": "{{ s }}"}, "sound"),
        ({"prompt": "x", "sound": "on", "videos": "{{ v }}"}, "videos"),
        ({"prompt": "x", "duration": 5, "videos": "{{ v }}"}, "videos"),
    ],
)
def test_a_rule_between_fields_waits_for_all_of_them(body: dict[str, object], unknown: str) -> None:
    assert check(body, unknown) == []


def test_a_rule_between_known_fields_does_not_wait_for_others() -> None:
    assert check({"prompt": "{{ p }}", "videos": [VIDEO], "sound": "on"}, "prompt") == ["sound"]
    assert check({"prompt": "{{ p }}", "multi_shot": True}, "prompt") == ["shot_type"]


@pytest.mark.parametrize(
    "text", ["['https://a.example/a.png', 'https://", "('https://a.example/a.png',)", "x"]
)
def test_a_text_for_a_list_is_refused_with_what_the_template_needs(text: str) -> None:
    with pytest.raises(KlingRequestError, match=r"images: must be a list; .*`\| tojson`"):
        find_model("kling-video-o1").parse({"prompt": "x", "images": text}, rendered=True)


def test_half_of_a_character_is_named_as_such() -> None:
    with pytest.raises(KlingRequestError, match=r"prompt: must be a text .*half of a character"):
        find_model("kling-video-o1").parse({"prompt": "A paper boat \ud83d"})

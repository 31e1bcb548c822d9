"""The rules of Kling Video O1, one by one and all together."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from airflow_provider_kling.exceptions import KlingError, KlingRequestError
from airflow_provider_kling.models import VideoO1Request
from tests.contract_case import IMAGE, PIXEL, VIDEO, Case, Verdict
from tests.contract_cases import CASES

LONG_BASE64 = PIXEL * 1000


def broken_fields(error: KlingRequestError) -> list[str]:
    return [rule.field for rule in error.broken]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_classs_rules_are_those_of_the_first_api_version(case: Case) -> None:
    if case.april is Verdict.ACCEPTED:
        assert VideoO1Request(**case.body).body() == case.april_post.body
        return
    with pytest.raises(KlingRequestError) as caught:
        VideoO1Request(**case.body)
    assert case.field in broken_fields(caught.value)
    assert f"\n  - {case.field}: " in str(caught.value)


@pytest.mark.parametrize("length", [1, 2499, 2500])
@pytest.mark.parametrize("character", ["x", "é", "界", "🎬"])
def test_a_prompt_is_counted_in_characters_not_bytes(character: str, length: int) -> None:
    assert VideoO1Request(prompt=character * length).prompt == character * length
    with pytest.raises(KlingRequestError, match="prompt: must have at most 2500 characters"):
        VideoO1Request(prompt=character * 2501)


def test_every_broken_rule_is_named_with_its_field_the_rule_and_the_value() -> None:
    with pytest.raises(KlingRequestError) as caught:
        VideoO1Request(
            prompt="",
            multi_shot=True,
            images=[],
            videos=["a", "b"],
            sound="on",
            mode="4k",
            aspect_ratio="4:3",
            duration=7,
            seed=3,
        )
    error = caught.value
    assert set(broken_fields(error)) == {
        *("prompt", "shot_type", "images", "videos", "sound", "mode", "aspect_ratio", "duration", "seed")
    }
    text = str(error)
    assert "10 rules are broken" in text  # duration breaks two: it is not 5 or 10, and there is a video
    for line in (
        "prompt: must have at least 1 character; got ''",
        'shot_type: must be "intelligence" when multi_shot is true',
        "images: must have at least 1 item; got []",
        "videos: must have at most 1 item; got ['a', 'b']",
        "sound: must be \"off\" when videos is given; got 'on'",
        "mode: must be 'std' or 'pro'; got '4k'",
        "aspect_ratio: must be '16:9', '9:16' or '1:1'; got '4:3'",
        "duration: must be 5 or 10; got 7",
        "seed: is not a field of this model",
    ):
        assert f"\n  - {line}" in text


def test_one_broken_rule_reads_as_one_and_says_that_nothing_was_sent() -> None:
    with pytest.raises(KlingRequestError, match="kling-video-o1: 1 rule is broken; nothing was sent"):
        VideoO1Request(prompt="x", mode="4k")


def test_a_broken_rule_is_an_error_of_this_package_and_not_of_pydantic() -> None:
    with pytest.raises(KlingError) as caught:
        VideoO1Request(prompt=5)
    assert not isinstance(caught.value, ValidationError)
    assert caught.value.retryable is False


@pytest.mark.parametrize(
    "body",
    [
        {"prompt": "p" * 100_000},
        {"prompt": "x", "images": [LONG_BASE64], "videos": [LONG_BASE64, LONG_BASE64]},
        {"prompt": "x", "images": LONG_BASE64},
        {"prompt": "x", "images": LONG_BASE64.encode()},
        {"prompt": "x", "mode": LONG_BASE64},
        {"prompt": "x", "picture": {"bytes": LONG_BASE64}},
    ],
    ids=["prompt", "list", "text", "bytes", "choice", "unknown field"],
)
def test_long_values_are_cut(body: dict[str, object]) -> None:
    with pytest.raises(KlingRequestError) as caught:
        VideoO1Request(**body)
    assert all(len(str(rule)) < 300 for rule in caught.value.broken)
    assert LONG_BASE64[:100] not in str(caught.value)


def test_a_cut_text_says_how_long_it_was() -> None:
    with pytest.raises(KlingRequestError, match=r"got 'xxx.*… \(2501 characters\)"):
        VideoO1Request(prompt="x" * 2501)


@pytest.mark.parametrize(
    "written",
    [
        f"data:image/png;base64,{PIXEL}",
        f"data:image/png;charset=utf-8;base64,{PIXEL}",
        f"data:;base64,{PIXEL}",
        f"DATA:image/png;BASE64,{PIXEL}",
        PIXEL,
    ],
)
def test_a_data_prefix_is_stripped_from_images_and_videos(written: str) -> None:
    assert VideoO1Request(prompt="x", images=[written], videos=[written]).body() == {
        "prompt": "x",
        "images": [PIXEL],
        "videos": [PIXEL],
    }


@pytest.mark.parametrize(
    "written", ["data:image/png;base64,", "data:,x", "data:image/svg+xml,<svg/>", "data:"]
)
def test_a_data_link_that_holds_no_base64_is_refused(written: str) -> None:
    with pytest.raises(KlingRequestError) as caught:
        VideoO1Request(prompt="x", images=[IMAGE, written])
    assert broken_fields(caught.value) == ["images[1]"]


def test_a_prompt_that_starts_like_a_data_link_is_left_alone() -> None:
    assert VideoO1Request(prompt="data:image/png;base64,x").prompt == "data:image/png;base64,x"


def test_fields_that_are_unset_or_none_are_left_out_of_the_body() -> None:
    nothing = dict.fromkeys(
        ["multi_shot", "shot_type", "images", "videos", "sound", "mode", "aspect_ratio", "duration"]
    )
    assert VideoO1Request(prompt="x").body() == {"prompt": "x"}
    assert VideoO1Request(prompt="x", **nothing).body() == {"prompt": "x"}


def test_defaults_that_are_given_are_sent() -> None:
    given = {"prompt": "x", "multi_shot": False, "sound": "off", "mode": "pro"}
    assert VideoO1Request(**given).body() == given


def test_none_does_not_count_as_given_in_the_rules_between_fields() -> None:
    request = VideoO1Request(prompt="x", videos=[VIDEO], duration=None, shot_type=None, sound=None)
    assert request.body() == {"prompt": "x", "videos": [VIDEO]}


def test_a_prompt_that_is_none_is_missing() -> None:
    with pytest.raises(KlingRequestError, match="prompt: is required") as caught:
        VideoO1Request(prompt=None)
    assert caught.value.broken[0].value is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("duration", value) for value in (5.0, "5", True, [5])),
        *(("multi_shot", value) for value in (1, 0, "true", "yes")),
        *(("prompt", value) for value in (5, b"x", ["x"])),
        *(("sound", value) for value in (True, "ON", "")),
        *(("images", value) for value in ((IMAGE,), IMAGE, {IMAGE: 1}, [None], [[IMAGE]])),
    ],
)
def test_types_are_strict(field: str, value: object) -> None:
    with pytest.raises(KlingRequestError) as caught:
        VideoO1Request(**{"prompt": "x", field: value})
    assert {name.partition("[")[0] for name in broken_fields(caught.value)} == {field}


def test_a_request_cannot_be_changed_after_it_was_checked() -> None:
    request = VideoO1Request(prompt="x")
    with pytest.raises(ValidationError):
        request.mode = "4k"  # type: ignore[assignment,misc]

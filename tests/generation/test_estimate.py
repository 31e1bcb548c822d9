"""What a request will cost is said before it is sent, as far as the published prices tell."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.models import Estimate, find_model, list_models
from airflow_provider_kling.models.cost import estimate
from airflow_provider_kling.models.facts import ModelVersion
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.conftest import FakeTaskInstance
from tests.task_runner import run, video

pytestmark = pytest.mark.contract


def estimated(model: str, **parameters: Any) -> Estimate | None:
    with KlingHook() as hook:
        return hook.gateway.encode(find_model(model).parse({"prompt": "x", **parameters})).estimate


def bounds(model: str, **parameters: Any) -> tuple[str, str]:
    found = estimated(model, **parameters)
    assert found is not None
    return f"{found.low:f}", f"{found.high:f}"


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        ("kling-video-o1", {"mode": "std", "duration": 5}),
        ("kling-video-o1", {"mode": "pro", "duration": 10}),
        ("kling-video-o1-t2v", {"resolution": "1080p", "duration": 3}),
        ("kling-v3-turbo-t2v", {"resolution": "720p", "duration": 5}),
        ("kling-image-o1", {"n": 3}),
    ],
    ids=str,
)
def test_it_is_what_the_service_bills(
    sandbox: SandboxProcess, model: str, parameters: dict[str, Any]
) -> None:
    """The sandbox has its own reading of the published prices."""
    request = find_model(model).parse({"prompt": "A paper boat", **parameters})
    with KlingHook() as hook:
        found = hook.gateway.encode(request).estimate
        assert found is not None
        billed = hook.wait_for_task(hook.submit(request).task_id).cost_usd
    assert billed is not None
    assert found.low == found.high == billed.normalize()


def test_what_the_request_leaves_open_has_two_bounds(sandbox: SandboxProcess) -> None:
    assert bounds("kling-video-o1", duration=5) == ("0.4345", "0.5795")
    found = estimated("kling-video-o1", duration=5)
    assert str(found) == "about 0.4345 to 0.5795 USD by the prices of 2026-08-20"


def test_of_an_unknown_length_or_price_nothing_is_said(sandbox: SandboxProcess) -> None:
    assert estimated("kling-video-o1", videos=["https://example.com/a.mp4"]) is None
    assert estimated("somebody/else", duration=5) is None


_ANYTHING = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.lists(st.integers())
)
_PRICED = [version for model in list_models() for version in model.versions if version.price is not None]


@given(
    version=st.sampled_from(_PRICED),
    body=st.dictionaries(
        st.sampled_from(["duration", "n", "series_amount", "mode", "resolution", "audio", "sound"]),
        _ANYTHING
        | st.sampled_from(
            [0.001, 0.999, 5.2e24, 10**5000, math.inf, math.nan, "1e999999", "sNaN", "٣", -5, 0]
        ),
    ),
)
def test_whatever_an_unchecked_request_holds_an_estimate_is_an_amount_or_none(
    version: ModelVersion, body: dict[str, Any]
) -> None:
    found = estimate(version, body)
    assert found is None or Decimal(0) < found.low <= found.high < Decimal(100_000)


def test_the_log_says_it_before_the_submission(
    sandbox: SandboxProcess, task_instance: FakeTaskInstance, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    result = run(video(), task_instance)
    told = [message for message in caplog.messages if "kling-video-o1" in message]
    assert told[0] == (
        "Requesting kling-video-o1: 'A paper boat', about 0.4345 USD by the prices of 2026-08-20"
    )
    assert told[1].startswith("Submitted kling-video-o1")
    assert Decimal(result["cost_usd"]) == Decimal("0.4345")

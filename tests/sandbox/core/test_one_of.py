"""The annotation that names fields of which a body has exactly one."""

from __future__ import annotations

import pytest

from airflow_provider_kling.sandbox.core.schema_checker import first_violation

SCHEMA = {"type": "object", "x-one-of": ["video_id", "video_url"]}


@pytest.mark.parametrize("body", [{"video_id": "1"}, {"video_url": "u"}])
def test_one_of_the_fields_is_right(body: dict[str, str]):
    assert first_violation(SCHEMA, body) is None


@pytest.mark.parametrize("body", [{}, {"video_id": "1", "video_url": "u"}])
def test_none_or_both_are_wrong_and_the_message_names_both(body: dict[str, str]):
    broken = first_violation(SCHEMA, body, name="input")
    assert broken is not None
    assert broken.detail == "exactly one of the parameters 'input.video_id' or 'input.video_url' is required"

"""A request in a service's own words: its media are replaced, and nothing else changes."""

from __future__ import annotations

import copy
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from airflow_provider_kling.gateways.encoded import EncodedRequest, FieldPath, MediaField
from airflow_provider_kling.media_type import MediaType

BODY: dict[str, Any] = {
    "prompt": "x",
    "image": "s3://in/a.png",
    "masks": [{"mask": "s3://in/b.png", "points": [1, 2]}, {"mask": "s3://in/c.png"}],
}


def media_field(path: FieldPath, value: str) -> MediaField:
    return MediaField(path=path, name=str(path[0]), type=MediaType.IMAGE, value=value)


ENCODED = EncodedRequest(
    model="m",
    path="/m",
    body=BODY,
    media=(media_field(("image",), "s3://in/a.png"), media_field(("masks", 1, "mask"), "s3://in/c.png")),
)


def test_media_are_replaced_in_the_body_and_where_they_are_listed() -> None:
    resolved = ENCODED.with_media({("masks", 1, "mask"): "https://files.example/c.png"})
    assert resolved.body == {
        **BODY,
        "masks": [BODY["masks"][0], {"mask": "https://files.example/c.png"}],
    }
    assert [one.value for one in resolved.media] == ["s3://in/a.png", "https://files.example/c.png"]
    assert (resolved.model, resolved.path) == (ENCODED.model, ENCODED.path)


def test_replacing_media_leaves_the_original_as_it_was() -> None:
    before = copy.deepcopy(ENCODED)
    ENCODED.with_media({("image",): "y", ("masks", 0, "mask"): "z"})
    assert before == ENCODED


def test_without_anything_to_replace_it_is_the_same_request() -> None:
    assert ENCODED.with_media({}) is ENCODED


def test_it_cannot_be_changed_by_accident() -> None:
    with pytest.raises(FrozenInstanceError):
        ENCODED.path = "/other"  # type: ignore[misc]


def test_the_values_are_shown_nowhere() -> None:
    shown = repr(EncodedRequest(model="m", path="/m", body={"prompt": "canary"}, media=ENCODED.media))
    assert "canary" not in shown
    assert "s3://" not in shown

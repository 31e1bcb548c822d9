"""How a body becomes an order: what each contract's fields, and their absence, mean for the clip."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_kling.sandbox.contract.catalogue import Accepts, Catalogue, PathForm
from airflow_provider_kling.sandbox.order import ClipOrder, Medium, Sound
from airflow_provider_kling.sandbox.reader import read_order


def _order(slug: str, form: PathForm, body: dict[str, Any]) -> ClipOrder:
    found = Catalogue.packaged(accepts=Accepts.BOTH).find("kling", slug, form)
    assert found is not None
    order = read_order(*found, {"prompt": "x", **body})
    assert isinstance(order, ClipOrder)
    return order


@pytest.mark.parametrize(
    ("body", "resolution", "shape", "seconds", "sound"),
    [
        ({}, "1080p", None, 5, Sound.SILENT),
        ({"mode": "std", "duration": 10, "sound": "on"}, "720p", None, 10, Sound.TONE),
        ({"mode": "pro", "aspect_ratio": "9:16"}, "1080p", "9:16", 5, Sound.SILENT),
        ({"images": ["i"]}, "1080p", None, 5, Sound.SILENT),
        ({"videos": ["v"]}, "1080p", None, None, Sound.SILENT),  # as long as the video
    ],
)
def test_an_order_under_the_april_contract(body, resolution, shape, seconds, sound):
    order = _order("kling-video-o1", PathForm.ASYNC, body)
    assert (order.resolution, order.aspect_ratio, order.seconds) == (resolution, shape, seconds)
    assert order.sound is sound
    given = {(entry.medium, entry.text) for entry in order.inputs}
    assert given == {(medium, text) for medium in Medium for text in body.get(medium, ())}


@pytest.mark.parametrize(
    ("slug", "body", "resolution", "shape", "seconds", "sound"),
    [
        ("kling-video-o1", {"videos": ["v"]}, "720p", "16:9", 5, Sound.SILENT),
        ("kling-video-o1", {"videos": ["v"], "duration": 7}, "720p", "16:9", 7, Sound.SILENT),
        ("kling-video-o1", {"videos": ["v"], "audio": "original"}, "720p", "16:9", 5, Sound.ORIGINAL),
        ("kling-video-o1-t2v", {"resolution": "1080p"}, "1080p", "16:9", 5, Sound.SILENT),
        ("kling-video-o1-i2v", {"images": ["i"]}, "720p", None, 5, Sound.SILENT),
    ],
)
def test_an_order_under_the_august_contract(slug, body, resolution, shape, seconds, sound):
    order = _order(slug, PathForm.PLAIN, body)
    assert (order.resolution, order.aspect_ratio, order.seconds) == (resolution, shape, seconds)
    assert order.sound is sound


def test_several_shots_are_made_only_when_asked_for():
    asked = {"multi_shot": True, "shot_type": "intelligence"}
    assert _order("kling-video-o1", PathForm.ASYNC, asked).multi_shot is True
    assert _order("kling-video-o1", PathForm.ASYNC, {}).multi_shot is False
    assert _order("kling-video-o1-t2v", PathForm.PLAIN, {}).multi_shot is False

"""How a body becomes an order: what each contract's fields, and their absence, mean for the clip."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_kling.sandbox.contract.catalogue import Accepts, Catalogue, PathForm
from airflow_provider_kling.sandbox.order import ClipOrder, Medium, PictureOrder, Sound
from airflow_provider_kling.sandbox.reader import read_order
from airflow_provider_kling.sandbox.video.planes import FRAME_SIZES


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


@pytest.mark.parametrize(
    ("slug", "body", "resolution", "shape", "seconds", "sound"),
    [
        ("kling-v2.6-t2v", {}, "720p", "16:9", 5, Sound.TONE),  # on, unless told otherwise
        ("kling-v2.6-i2v", {"image": "i"}, "720p", None, 5, Sound.SILENT),
        ("kling-v3-i2v", {"image": "i", "sound": "on", "mode": "pro"}, "1080p", None, 5, Sound.TONE),
        ("kling-v2.1-master-t2v", {"duration": 10}, "1080p", "16:9", 10, Sound.SILENT),
        ("kling-avatar", {"image": "i", "sound_file": "s"}, "720p", None, None, Sound.GIVEN),
        ("kling-avatar", {"image": "i", "audio_id": "a", "mode": "pro"}, "1080p", None, 5, Sound.TONE),
        ("kling-video-effects", {"effect_scene": "e", "image": "i"}, "720p", None, 5, Sound.SILENT),
    ],
)
def test_an_order_of_the_models_of_april(slug, body, resolution, shape, seconds, sound):
    order = _order(slug, PathForm.ASYNC, body)
    assert (order.resolution, order.aspect_ratio, order.seconds) == (resolution, shape, seconds)
    assert order.sound is sound


def test_shots_are_cut_in_the_august_form_of_v3_unless_told_otherwise():
    assert _order("kling-v3-t2v", PathForm.PLAIN, {}).multi_shot is True
    assert _order("kling-v3-t2v", PathForm.PLAIN, {"multi_shot": False}).multi_shot is False
    assert _order("kling-v3-t2v", PathForm.ASYNC, {}).multi_shot is False


def test_the_first_frame_comes_first_and_the_tail_last():
    order = _order("kling-v2.5-turbo-i2v", PathForm.PLAIN, {"image_tail": "z", "image": "a"})
    assert [(entry.name, entry.text) for entry in order.inputs] == [("image", "a"), ("image_tail", "z")]
    assert order.tail is True
    assert _order("kling-v2.5-turbo-i2v", PathForm.PLAIN, {"image": "a"}).tail is False


def test_masks_are_not_taken_for_pictures():
    order = _order("kling-v1-i2v", PathForm.PLAIN, {"image": "a", "static_mask": "m"})
    assert [entry.name for entry in order.inputs] == ["image"]


def test_the_name_of_an_effect_is_what_its_clip_says():
    found = Catalogue.packaged(accepts=Accepts.BOTH).find("kling", "kling-video-effects", PathForm.PLAIN)
    assert found is not None
    assert read_order(*found, {"effect_scene": "hug_pro", "images": ["a", "b"]}).prompt == "hug_pro"


NONSENSE: dict[str, Any] = {
    "prompt": 5,
    "duration": "10",
    "resolution": "8k",
    "mode": ["pro"],
    "aspect_ratio": {"a": 1},
    "audio": True,
    "sound": None,
    "multi_shot": "yes",
    "image": 1,
    "images": [None, "", 2],
    "n": True,
}


@pytest.mark.parametrize("slug", ["kling-v3-turbo-t2v", "kling-v3-omni-i2v", "kling-v2.1-master-t2v"])
def test_what_makes_no_sense_is_as_if_it_were_not_there(slug: str):
    nothing = _order(slug, PathForm.PLAIN, {"prompt": ""})
    assert _order(slug, PathForm.PLAIN, NONSENSE) == nothing
    assert _order(slug, PathForm.PLAIN, {"prompt": "", "duration": True}) == nothing
    assert nothing.seconds == 5


def test_where_nothing_is_enforced_every_known_field_is_read():
    body = {
        "images": ["a", "b"],
        "audio": "native",
        "duration": 12,
        "resolution": "4k",
        "aspect_ratio": "9:16",
    }
    order = _order("kling-v3-turbo-i2v", PathForm.PLAIN, body)
    assert [entry.text for entry in order.inputs] == ["a", "b"]
    assert (order.resolution, order.aspect_ratio, order.seconds) == ("4k", "9:16", 12)
    assert order.sound is Sound.TONE


def test_a_field_that_a_model_does_not_have_is_not_read():
    order = _order("kling-video-o1", PathForm.ASYNC, {"resolution": "4k", "image_tail": "z"})
    assert (order.resolution, order.inputs) == ("1080p", ())


def test_every_contract_says_enough_for_an_order():
    growth = {f"{side}_expansion_ratio": 0 for side in ("up", "down", "left", "right")}
    for model, _ in Catalogue.packaged(accepts=Accepts.BOTH).listed():
        for offer in model.offers.values():
            order = read_order(model, offer, growth)
            if isinstance(order, ClipOrder):
                assert (order.resolution in FRAME_SIZES, order.seconds) == (True, 5), model.slug
            elif isinstance(order, PictureOrder):
                assert (order.resolution, order.count) == ("1k", 1), model.slug

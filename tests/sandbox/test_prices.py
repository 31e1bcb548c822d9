"""What a result costs: as documented, newest date; and nothing where no document has a price."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from airflow_provider_kling.sandbox.contract.catalogue import Accepts, Catalogue
from airflow_provider_kling.sandbox.contract.price import Price, Unit
from tests.sandbox.conftest import Client
from tests.sandbox.film import picture
from tests.sandbox.model_table import (
    EFFECTS,
    IMAGE_O1,
    OMNI,
    OMNI_EDIT,
    V3_I2V,
    V3_T2I,
    V3_T2V,
    V3_T2V_AUGUST,
    V25_I2V,
    V26_T2V,
)

IMAGE = base64.b64encode(picture("crimson", (300, 300))).decode()
SHORT = {"prompt": "x", "duration": 3, "aspect_ratio": "1:1"}


@pytest.mark.parametrize(
    ("path", "body", "usd"),
    [
        # by the second: seconds times the rate of the resolution
        (V3_T2V_AUGUST, SHORT, 3 * 0.0672),
        (V3_T2V_AUGUST, SHORT | {"resolution": "1080p"}, 3 * 0.0896),
        (V3_T2V_AUGUST, SHORT | {"resolution": "4k"}, 3 * 0.336),
        # sound of its own costs more
        (V3_T2V_AUGUST, SHORT | {"audio": "native"}, 3 * 0.1008),
        (V3_T2V_AUGUST, SHORT | {"audio": "native", "resolution": "1080p"}, 3 * 0.1344),
        # the fields of April at the prices of July
        (V3_T2V, SHORT, 3 * 0.097),
        (V3_T2V, SHORT | {"sound": "on"}, 3 * 0.145),
        (V3_T2V, SHORT | {"mode": "pro"}, 3 * 0.13),
        (V3_T2V, SHORT | {"mode": "pro", "sound": "on"}, 3 * 0.194),
        (OMNI, SHORT | {"mode": "std"}, 3 * 0.0869),
        (OMNI_EDIT, SHORT | {"resolution": "4k"}, 3 * 0.1932),
        # a range: its low end for 720p, its high end for 1080p
        (V3_I2V, SHORT | {"image": IMAGE}, 3 * 0.058),
        (V3_I2V, SHORT | {"image": IMAGE, "mode": "pro"}, 3 * 0.2898),
        (V25_I2V, {"image": IMAGE}, 5 * 0.05),
        # by the request, however long
        (EFFECTS, {"effect_scene": "cute_dance", "image": IMAGE}, 1.26),
        (EFFECTS, {"effect_scene": "cute_dance", "image": IMAGE, "duration": 10}, 1.26),
        # by the image
        (IMAGE_O1, {"prompt": "x"}, 0.0224),
        (IMAGE_O1, {"prompt": "x", "n": 3, "resolution": "2k"}, 3 * 0.0224),
        (V3_T2I, {"prompt": "x", "n": 2}, 2 * 0.1932),
    ],
)
def test_a_result_costs_what_the_documents_say(lifelike: Client, path: str, body: dict[str, Any], usd: float):
    data = lifelike.finished(body, path)
    assert data["billing"] == {"amount": pytest.approx(usd, abs=1e-6)}
    assert lifelike.sandbox.stats()["billed_usd"] == pytest.approx(usd, abs=1e-4)
    balance = lifelike.http.get("/api/v1/team/balance").json()["data"]["balance"]
    assert balance == pytest.approx(100 - usd, abs=1e-4)


def test_an_unknown_price_is_told_nowhere_and_is_not_zero(lifelike: Client):
    data = lifelike.finished({"prompt": "x", "aspect_ratio": "1:1"}, V26_T2V)
    assert data["status"] == "success"
    assert "billing" not in data
    logged = lifelike.http.get("/api/v1/logs").json()["data"]["requests"]
    assert [entry["cost"] for entry in logged] == [None]
    assert lifelike.http.get("/api/v1/team/balance").json()["data"] == {"balance": 100.0}
    assert lifelike.sandbox.stats()["billed_usd"] == 0
    listed = {entry["slug"]: entry for entry in lifelike.http.get("/api/v1/models").json()["models"]}
    assert "price" not in listed["kling/kling-v2.6-t2v"]


def test_the_list_tells_one_price_or_the_lowest_and_the_highest(lifelike: Client):
    listed = {entry["slug"]: entry for entry in lifelike.http.get("/api/v1/models").json()["models"]}
    assert listed["kling/kling-image-o1"]["price"] == {"fixed": 0.0224, "unit": "$/image"}
    assert listed["kling/kling-video-effects"]["price"] == {"fixed": 1.26, "unit": "$"}
    assert listed["kling/kling-v3-t2v"]["price"] == {"min": 0.0672, "max": 0.336, "unit": "$/s"}


def test_a_resolution_without_a_documented_price_has_none():
    price = Price(as_of=None, unit=Unit.IMAGE, usd={"1k": 0.007})
    assert price.amount(resolution="1k", sound=False, seconds=0, images=2) == 0.014
    assert price.amount(resolution="2k", sound=False, seconds=0, images=2) is None


def test_every_price_says_what_it_is_for():
    for model, _ in Catalogue.packaged(accepts=Accepts.BOTH).listed():
        for offer in model.offers.values():
            if offer.price is not None and model.makes_clips:
                assert offer.price.unit in (Unit.SECOND, Unit.REQUEST), model.slug
            elif offer.price is not None:
                assert offer.price.unit is Unit.IMAGE, model.slug

"""What a result costs: the newest documented price, and nothing where no price is documented."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from airflow_provider_kling.sandbox.modellix.service.catalogue import Catalogue, read_models
from airflow_provider_kling.sandbox.modellix.service.prices import Price, Unit
from airflow_provider_kling.sandbox.modellix.settings import AcceptedVersions
from tests.sandbox.conftest import Client
from tests.sandbox.paths import april, august
from tests.sandbox.samples import sample_image

EFFECTS = april("kling-video-effects")
IMAGE_O1 = april("kling-image-o1")
OMNI = april("kling-v3-omni-video")
OMNI_EDIT = august("kling-v3-omni-video")
V3_I2V = april("kling-v3-i2v")
V3_T2I = april("kling-v3-t2i")
V3_T2V = april("kling-v3-t2v")
V3_T2V_AUGUST = august("kling-v3-t2v")
V2_5_I2V = april("kling-v2.5-turbo-i2v")
V2_6_T2V = april("kling-v2.6-t2v")

IMAGE = base64.b64encode(sample_image("crimson", (300, 300))).decode()
SHORT = {"prompt": "x", "duration": 3, "aspect_ratio": "1:1"}


@pytest.mark.parametrize(
    ("path", "body", "usd"),
    [
        # per second: seconds times the rate of the resolution
        (V3_T2V_AUGUST, SHORT, 3 * 0.0672),
        (V3_T2V_AUGUST, SHORT | {"resolution": "1080p"}, 3 * 0.0896),
        (V3_T2V_AUGUST, SHORT | {"resolution": "4k"}, 3 * 0.336),
        # generated audio costs more
        (V3_T2V_AUGUST, SHORT | {"audio": "native"}, 3 * 0.1008),
        (V3_T2V_AUGUST, SHORT | {"audio": "native", "resolution": "1080p"}, 3 * 0.1344),
        # April's fields have the prices of July
        (V3_T2V, SHORT, 3 * 0.097),
        (V3_T2V, SHORT | {"sound": "on"}, 3 * 0.145),
        (V3_T2V, SHORT | {"mode": "pro"}, 3 * 0.13),
        (V3_T2V, SHORT | {"mode": "pro", "sound": "on"}, 3 * 0.194),
        (OMNI, SHORT | {"mode": "std"}, 3 * 0.0869),
        (OMNI_EDIT, SHORT | {"resolution": "4k"}, 3 * 0.1932),
        # a range: the lowest price for 720p, the highest for 1080p
        (V3_I2V, SHORT | {"image": IMAGE}, 3 * 0.058),
        (V3_I2V, SHORT | {"image": IMAGE, "mode": "pro"}, 3 * 0.2898),
        (V2_5_I2V, {"image": IMAGE}, 5 * 0.05),
        # per request, whatever the length
        (EFFECTS, {"effect_scene": "cute_dance", "image": IMAGE}, 1.26),
        (EFFECTS, {"effect_scene": "cute_dance", "image": IMAGE, "duration": 10}, 1.26),
        # per image
        (IMAGE_O1, {"prompt": "x"}, 0.0224),
        (IMAGE_O1, {"prompt": "x", "n": 3, "resolution": "2k"}, 3 * 0.0224),
        (V3_T2I, {"prompt": "x", "n": 2}, 2 * 0.1932),
    ],
)
def test_a_result_costs_the_documented_price(lifelike: Client, path: str, body: dict[str, Any], usd: float):
    data = lifelike.finished(body, path)
    assert data["billing"] == {"status": "succeeded", "amount": f"{usd:.4f}"}
    (logged,) = lifelike.http.get("/api/v1/logs").json()["requests"]
    assert logged["cost"] == round(usd * 10_000)
    assert lifelike.sandbox.stats()["billed_usd"] == pytest.approx(usd, abs=1e-4)
    balance = lifelike.http.get("/api/v1/team/balance").json()["data"]["balance"]
    assert balance == pytest.approx(100 - usd, abs=1e-4)


def test_an_unknown_price_is_absent_and_not_zero(lifelike: Client):
    data = lifelike.finished({"prompt": "x", "aspect_ratio": "1:1"}, V2_6_T2V)
    assert data["status"] == "success"
    assert "billing" not in data
    logged = lifelike.http.get("/api/v1/logs").json()["requests"]
    assert [entry["cost"] for entry in logged] == [0], "0 where nothing was charged"
    assert lifelike.http.get("/api/v1/team/balance").json()["data"] == {"balance": 100.0}
    assert lifelike.sandbox.stats()["billed_usd"] == 0
    listed = {entry["slug"]: entry for entry in lifelike.http.get("/api/v1/models").json()["models"]}
    assert "price" not in listed["kling/kling-v2.6-t2v"]


def test_the_list_of_models_has_a_fixed_price_or_a_range(lifelike: Client):
    listed = {entry["slug"]: entry for entry in lifelike.http.get("/api/v1/models").json()["models"]}
    assert listed["kling/kling-image-o1"]["price"] == {"fixed": 0.0224, "unit": "$/img"}
    assert listed["kling/kling-video-effects"]["price"] == {"fixed": 1.26, "unit": "$/request"}
    assert listed["kling/kling-v3-t2v"]["price"] == {"min": 0.0672, "max": 0.336, "unit": "$/sec"}


def test_a_resolution_without_a_documented_price_has_none():
    price = Price(unit=Unit.IMAGE, usd={"1k": 0.007})
    assert price.amount(resolution="1k", audio=False, seconds=0, images=2) == 0.014
    assert price.amount(resolution="2k", audio=False, seconds=0, images=2) is None


def test_every_price_has_a_unit_that_fits_the_model():
    for model, _ in Catalogue(models=read_models(), accepts=AcceptedVersions.BOTH).listed():
        for offer in model.offers.values():
            if offer.price is not None and model.makes_video:
                assert offer.price.unit in (Unit.SECOND, Unit.REQUEST), model.slug
            elif offer.price is not None:
                assert offer.price.unit is Unit.IMAGE, model.slug

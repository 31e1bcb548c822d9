"""The pictures are real: decoded again, they are what was ordered."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tests.sandbox.conftest import Client
from tests.sandbox.film import picture, png, reads
from tests.sandbox.model_table import (
    EXPANSION,
    IMAGE_O1,
    IMAGE_O1_AUGUST,
    MI2I,
    OMNI_IMAGE,
    RECOGNIZE,
    TRY_ON,
    V3_I2I,
    V3_T2I,
    V15_I2I,
)

PROMPT = "a lighthouse in the fog"
RATIOS = ("16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "21:9")


def _resources(client: Client, path: str, **body: Any) -> list[dict[str, Any]]:
    data = client.finished(body, path)
    assert data["status"] == "success", data
    resources: list[dict[str, Any]] = data["result"]["resources"]
    return resources


def _fetched(resource: Mapping[str, Any]) -> Image.Image:
    answer = httpx.get(resource["url"])
    assert answer.headers["content-type"] == "image/png"
    image = Image.open(io.BytesIO(answer.content))
    assert image.format == "PNG"
    assert image.size == (resource["width"], resource["height"])
    assert len(answer.content) == resource["size"]
    return image.convert("RGB")


def _made(client: Client, path: str, **body: Any) -> list[Image.Image]:
    return [_fetched(resource) for resource in _resources(client, path, **body)]


def _base64(colour: str = "crimson", size: tuple[int, int] = (640, 480)) -> str:
    return base64.b64encode(picture(colour, size)).decode()


def _luma(image: Image.Image) -> npt.NDArray[np.uint8]:
    return np.asarray(image.convert("L"))


def _apart(first: Image.Image, second: Image.Image) -> float:
    one, other = np.asarray(first, int), np.asarray(second, int)
    return float(np.abs(one - other).mean())


@pytest.mark.parametrize("ratio", RATIOS)
def test_a_picture_has_the_asked_ratio_and_an_area_of_1024_squared(lifelike: Client, ratio: str):
    (image,) = _made(lifelike, V3_T2I, prompt=PROMPT, aspect_ratio=ratio)
    width, height = map(int, ratio.split(":"))
    assert image.width * height == image.height * width
    assert image.width * image.height == pytest.approx(1024**2, rel=0.05)


@pytest.mark.parametrize(("resolution", "side"), [("1k", 1024), ("2k", 2048), ("4k", 4096)])
def test_a_resolution_names_the_side_of_a_square(lifelike: Client, resolution: str, side: int):
    (image,) = _made(lifelike, OMNI_IMAGE, prompt=PROMPT, aspect_ratio="1:1", resolution=resolution)
    assert image.size == (side, side)


def test_the_prompt_stands_in_the_picture(lifelike: Client):
    (image,) = _made(lifelike, V3_T2I, prompt=PROMPT, aspect_ratio="1:1")
    words = _luma(image)[-148:-36, 40:-40]  # the box of one line
    assert np.median(words) < 90
    assert reads(words, PROMPT, px=1024 / 20)
    assert not reads(words, "a quite different wish", px=1024 / 20)


def test_as_many_pictures_come_as_were_asked_and_no_two_are_alike(lifelike: Client):
    resources = _resources(lifelike, V3_T2I, prompt=PROMPT, n=9)
    assert len({resource["url"].partition("?")[0] for resource in resources}) == 9
    assert {(entry["type"], entry["role"], entry["format"]) for entry in resources} == {
        ("image", "primary", "png")
    }
    assert all("duration" not in entry for entry in resources)
    images = [_fetched(resource) for resource in resources]
    for number, image in enumerate(images, 1):
        assert reads(_luma(image)[:38], f"KLING SANDBOX  kling-v3-t2i  1k  {number}/9", px=765 / 30)
        assert all(_apart(image, other) > 10 for other in images[: number - 1])


def test_the_answer_counts_the_pictures(lifelike: Client):
    data = lifelike.finished({"prompt": PROMPT, "n": 3}, V3_T2I)
    assert data["result"]["metadata"]["image_count"] == 3


@pytest.mark.parametrize(
    ("asked", "count"),
    [({"series_amount": 4, "result_type": "series"}, 4), ({"n": 2}, 2), ({}, 1), ({"n": 50}, 9)],
)
def test_a_series_has_its_own_count(lifelike: Client, asked: dict[str, Any], count: int):
    assert len(_resources(lifelike, OMNI_IMAGE, prompt=PROMPT, **asked)) == count


def test_a_picture_that_is_given_is_seen_in_the_result(lifelike: Client):
    for path in (V3_I2I, V15_I2I):
        red, blue = (
            _made(lifelike, path, prompt=PROMPT, image=_base64(colour), aspect_ratio="4:3")[0]
            for colour in ("red", "blue")
        )
        box = np.asarray(red)[red.height * 2 // 5, red.width * 2 // 5]  # the white box of the given picture
        ground = np.asarray(red)[red.height // 5, red.width // 5]
        assert box.min() > 140
        assert ground[0] > 120 > ground[1:].max()
        assert np.asarray(blue)[blue.height // 5, blue.width // 5][2] > 120


def test_further_pictures_stand_small_in_the_result(lifelike: Client):
    (image,) = _made(
        lifelike,
        MI2I,
        subject_images=[_base64("red"), _base64("lime")],
        scene_image=_base64("blue"),
    )
    side = min(image.size) // 5
    for place, channel in ((0, 1), (1, 2)):
        part = np.asarray(image)[side // 2 + 8 : side // 2 + 20, 16 + place * (side + 8) :][:, : side // 4]
        assert part[..., channel].mean() > 240
        assert np.delete(part, channel, axis=-1).mean() < 20


@pytest.mark.parametrize(
    ("path", "body", "ratio"),
    [
        (IMAGE_O1, {}, 1),
        (IMAGE_O1, {"images": ["800x600"]}, 4 / 3),
        (IMAGE_O1, {"images": ["800x600"], "aspect_ratio": "9:16"}, 9 / 16),
        (IMAGE_O1_AUGUST, {"images": ["800x600"]}, 1),
        (OMNI_IMAGE, {"images": ["500x1000"], "aspect_ratio": ""}, 1 / 2),
    ],
)
def test_without_a_ratio_a_picture_has_the_shape_of_the_first_one(lifelike: Client, path, body, ratio):
    sizes = [tuple(map(int, text.split("x"))) for text in body.get("images", ())]
    given = {"images": [_base64(size=(size[0], size[1])) for size in sizes]} if sizes else {}
    (image,) = _made(lifelike, path, prompt=PROMPT, **body | given)
    assert image.width / image.height == pytest.approx(ratio, rel=0.005)


def test_an_expanded_picture_is_larger_and_holds_the_given_one_at_its_place(lifelike: Client):
    ratios = {"left": 1.0, "right": 0.5, "up": 0.25, "down": 0.75}
    (image,) = _made(
        lifelike,
        EXPANSION,
        image=_base64("crimson", (400, 320)),
        prompt=PROMPT,
        **{f"{side}_expansion_ratio": ratio for side, ratio in ratios.items()},
    )
    assert image.size == (1000, 640)
    given = Image.open(io.BytesIO(picture("crimson", (400, 320))))
    assert _apart(image.crop((400, 80, 800, 400)), given) < 1
    for beside in ((380, 200), (820, 200), (600, 60), (600, 420)):
        assert np.abs(np.asarray(image.getpixel(beside)) - np.asarray((220, 20, 60))).sum() > 40


def test_a_recognized_picture_comes_in_four_masks_of_its_size(lifelike: Client):
    noise = np.random.default_rng(1).integers(60, 256, (640, 512, 3), np.uint8)
    given = Image.fromarray(noise)
    resources = _resources(lifelike, RECOGNIZE, image=base64.b64encode(png(given)).decode())
    names = {"object_seg", "head_seg", "face_seg", "cloth_seg"}
    shown = {}
    for resource in resources:
        name = next(name for name in names if name in resource["url"])
        mask = _fetched(resource)
        assert mask.size == given.size
        assert reads(_luma(mask)[:25], f"KLING SANDBOX  kling-image-recognize  {name}", px=512 / 30)
        same = (np.asarray(mask) == noise).all(axis=-1)[30:]
        black = (np.asarray(mask) == 0).all(axis=-1)[30:]
        assert (same | black).mean() > 0.97  # but for a line around it, the given picture or nothing
        shown[name] = same.mean()
    assert shown.keys() == names
    assert shown["object_seg"] > shown["cloth_seg"] > shown["head_seg"] > shown["face_seg"] > 0.01


def test_a_garment_is_seen_on_the_person(lifelike: Client):
    (image,) = _made(
        lifelike, TRY_ON, human_image=_base64("gray", (500, 800)), cloth_image=_base64("lime", (400, 400))
    )
    assert image.size == (500, 800)
    colours = np.asarray(image)
    assert tuple(colours[400, 170]) == (0, 255, 0)
    assert tuple(colours[700, 50]) == (128, 128, 128)


@pytest.mark.parametrize(
    ("size", "kind", "complaint"),
    [
        ((299, 400), "PNG", "at least 300 px"),
        ((300, 751), "PNG", "2.5 times"),
        ((300, 300), "WEBP", "must be one of JPEG, PNG"),
    ],
)
def test_the_limits_of_image_pages_fail_the_task(lifelike: Client, size, kind: str, complaint: str):
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, kind)
    text = base64.b64encode(file.getvalue()).decode()
    for path, body in (
        (V3_I2I, {"image": text}),
        (IMAGE_O1, {"images": [text]}),
        (MI2I, {"style_image": text}),
    ):
        data = lifelike.finished({"prompt": PROMPT, **body}, path)
        assert data["status"] == "failed"
        assert complaint in data["error"]["message"]
        assert next(iter(body)) in data["error"]["message"]


def test_a_picture_at_the_limits_is_taken(lifelike: Client):
    file = io.BytesIO()
    Image.new("RGB", (300, 750), "teal").save(file, "JPEG")
    _resources(lifelike, V3_I2I, prompt=PROMPT, image=base64.b64encode(file.getvalue()).decode())


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (7, 3)])
def test_pictures_of_any_size_are_taken_where_no_limit_is_documented(lifelike: Client, size: tuple[int, int]):
    tiny = base64.b64encode(png(Image.new("RGB", size, "teal"))).decode()
    assert _resources(
        lifelike, "/api/v1/kling/kling-v2.1-i2i", prompt=PROMPT, image=tiny, aspect_ratio="auto"
    )
    assert _resources(lifelike, "/api/v1/kling/kolors-virtual-try-on-v1", human_image=tiny, cloth_image=tiny)

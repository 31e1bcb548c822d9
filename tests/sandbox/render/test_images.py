"""The images are real: decoded, they are what was requested."""

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
from tests.sandbox.paths import april, august
from tests.sandbox.samples import png, reads, sample_image

V3_T2I = april("kling-v3-t2i")
V3_I2I = april("kling-v3-i2i")
V1_5_I2I = april("kling-v1.5-i2i")
SEVERAL_IMAGES = april("kling-v2-mi2i")
IMAGE_O1_AUGUST = august("kling-image-o1")
IMAGE_O1 = april("kling-image-o1")
OMNI_IMAGE = april("kling-v3-omni-image")
EXPANSION = april("kling-image-expansion")
RECOGNIZE = april("kling-image-recognize")
TRY_ON = april("kolors-virtual-try-on-v1-5")

PROMPT = "a lighthouse in the fog"
RATIOS = ("16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "21:9")


def _resources(client: Client, path: str, **body: Any) -> list[dict[str, Any]]:
    data = client.finished(body, path)
    assert data["status"] == "success", data
    resources: list[dict[str, Any]] = data["result"]["resources"]
    return resources


def _fetched(resource: Mapping[str, Any]) -> Image.Image:
    response = httpx.get(resource["url"])
    assert response.headers["content-type"] == "image/png"
    image = Image.open(io.BytesIO(response.content))
    assert image.format == "PNG"
    assert image.size == (resource["width"], resource["height"])
    assert len(response.content) == resource["size"]
    return image.convert("RGB")


def _images(client: Client, path: str, **body: Any) -> list[Image.Image]:
    return [_fetched(resource) for resource in _resources(client, path, **body)]


def _base64(colour: str = "crimson", size: tuple[int, int] = (640, 480)) -> str:
    return base64.b64encode(sample_image(colour, size)).decode()


def _luma(image: Image.Image) -> npt.NDArray[np.uint8]:
    return np.asarray(image.convert("L"))


def _difference(first: Image.Image, second: Image.Image) -> float:
    one, other = np.asarray(first, int), np.asarray(second, int)
    return float(np.abs(one - other).mean())


@pytest.mark.parametrize("ratio", RATIOS)
def test_an_image_has_the_requested_ratio_and_an_area_of_1024_squared(lifelike: Client, ratio: str):
    (image,) = _images(lifelike, V3_T2I, prompt=PROMPT, aspect_ratio=ratio)
    width, height = map(int, ratio.split(":"))
    assert image.width * height == image.height * width
    assert image.width * image.height == pytest.approx(1024**2, rel=0.05)


@pytest.mark.parametrize(("resolution", "side"), [("1k", 1024), ("2k", 2048), ("4k", 4096)])
def test_the_resolution_is_the_side_of_a_square(lifelike: Client, resolution: str, side: int):
    (image,) = _images(lifelike, OMNI_IMAGE, prompt=PROMPT, aspect_ratio="1:1", resolution=resolution)
    assert image.size == (side, side)


def test_the_image_shows_the_prompt(lifelike: Client):
    (image,) = _images(lifelike, V3_T2I, prompt=PROMPT, aspect_ratio="1:1")
    words = _luma(image)[-148:-36, 40:-40]  # the box of one line
    assert np.median(words) < 90
    assert reads(words, PROMPT, px=1024 / 20)
    assert not reads(words, "a different prompt", px=1024 / 20)


def test_there_are_as_many_images_as_requested_and_no_two_are_equal(lifelike: Client):
    resources = _resources(lifelike, V3_T2I, prompt=PROMPT, n=9)
    assert len({resource["url"].partition("?")[0] for resource in resources}) == 9
    assert {(entry["type"], entry["role"], entry["format"]) for entry in resources} == {
        ("image", "primary", "png")
    }
    assert all("duration" not in entry for entry in resources)
    images = [_fetched(resource) for resource in resources]
    for number, image in enumerate(images, 1):
        assert reads(_luma(image)[:38], f"KLING SANDBOX  kling-v3-t2i  1k  {number}/9", px=765 / 30)
        assert all(_difference(image, other) > 10 for other in images[: number - 1])


def test_the_response_counts_the_images(lifelike: Client):
    data = lifelike.finished({"prompt": PROMPT, "n": 3}, V3_T2I)
    assert data["result"]["metadata"]["image_count"] == 3


@pytest.mark.parametrize(
    ("parameters", "count"),
    [({"series_amount": 4, "result_type": "series"}, 4), ({"n": 2}, 2), ({}, 1), ({"n": 50}, 9)],
)
def test_a_series_has_its_own_count(lifelike: Client, parameters: dict[str, Any], count: int):
    assert len(_resources(lifelike, OMNI_IMAGE, prompt=PROMPT, **parameters)) == count


def test_the_result_shows_the_input_image(lifelike: Client):
    for path in (V3_I2I, V1_5_I2I):
        red, blue = (
            _images(lifelike, path, prompt=PROMPT, image=_base64(colour), aspect_ratio="4:3")[0]
            for colour in ("red", "blue")
        )
        box = np.asarray(red)[red.height * 2 // 5, red.width * 2 // 5]  # the white box of the input image
        background = np.asarray(red)[red.height // 5, red.width // 5]
        assert box.min() > 140
        assert background[0] > 120 > background[1:].max()
        assert np.asarray(blue)[blue.height // 5, blue.width // 5][2] > 120


def test_the_result_shows_further_input_images_small(lifelike: Client):
    (image,) = _images(
        lifelike,
        SEVERAL_IMAGES,
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
def test_without_a_ratio_an_image_has_that_of_the_first_input(lifelike: Client, path, body, ratio):
    sizes = [tuple(map(int, text.split("x"))) for text in body.get("images", ())]
    given = {"images": [_base64(size=(size[0], size[1])) for size in sizes]} if sizes else {}
    (image,) = _images(lifelike, path, prompt=PROMPT, **body | given)
    assert image.width / image.height == pytest.approx(ratio, rel=0.005)


def test_an_expanded_image_is_larger_and_has_the_input_at_its_position(lifelike: Client):
    ratios = {"left": 1.0, "right": 0.5, "up": 0.25, "down": 0.75}
    (image,) = _images(
        lifelike,
        EXPANSION,
        image=_base64("crimson", (400, 320)),
        prompt=PROMPT,
        **{f"{side}_expansion_ratio": ratio for side, ratio in ratios.items()},
    )
    assert image.size == (1000, 640)
    given = Image.open(io.BytesIO(sample_image("crimson", (400, 320))))
    assert _difference(image.crop((400, 80, 800, 400)), given) < 1
    for beside in ((380, 200), (820, 200), (600, 60), (600, 420)):
        assert np.abs(np.asarray(image.getpixel(beside)) - np.asarray((220, 20, 60))).sum() > 40


def test_a_recognized_image_has_four_segments_of_its_size(lifelike: Client):
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
        assert (same | black).mean() > 0.97  # except for the outline: the input image, or black
        shown[name] = same.mean()
    assert shown.keys() == names
    assert shown["object_seg"] > shown["cloth_seg"] > shown["head_seg"] > shown["face_seg"] > 0.01


def test_try_on_shows_the_garment_on_the_person(lifelike: Client):
    (image,) = _images(
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
        ((300, 751), "PNG", "at most 2.5:1"),
        ((300, 300), "WEBP", "must be one of jpg, png"),
    ],
)
def test_images_over_the_documented_limits_fail_the_task(lifelike: Client, size, kind: str, complaint: str):
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, kind)
    text = base64.b64encode(file.getvalue()).decode()
    for path, body in (
        (V3_I2I, {"image": text}),
        (IMAGE_O1, {"images": [text]}),
        (SEVERAL_IMAGES, {"style_image": text}),
    ):
        data = lifelike.finished({"prompt": PROMPT, **body}, path)
        assert data["status"] == "failed"
        assert complaint in data["error"]["message"]
        assert next(iter(body)) in data["error"]["message"]


def test_an_image_at_the_limits_is_accepted(lifelike: Client):
    file = io.BytesIO()
    Image.new("RGB", (300, 750), "teal").save(file, "JPEG")
    _resources(lifelike, V3_I2I, prompt=PROMPT, image=base64.b64encode(file.getvalue()).decode())


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (7, 3)])
def test_images_of_any_size_are_accepted_where_no_limit_is_documented(
    lifelike: Client, size: tuple[int, int]
):
    tiny = base64.b64encode(png(Image.new("RGB", size, "teal"))).decode()
    assert _resources(lifelike, april("kling-v2.1-i2i"), prompt=PROMPT, image=tiny, aspect_ratio="auto")
    assert _resources(lifelike, april("kolors-virtual-try-on-v1"), human_image=tiny, cloth_image=tiny)

"""What is done to pictures: drawing new ones, growing one, cutting one out, dressing a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from PIL import Image, ImageDraw, ImageOps

from airflow_provider_kling.sandbox.order import Craft, Growth, PictureOrder
from airflow_provider_kling.sandbox.picture.backdrop import painted_backdrop
from airflow_provider_kling.sandbox.picture.frame import RATIOS, picture_size, size_like
from airflow_provider_kling.sandbox.picture.lettering import SHADE, font, line, paragraph

_TINT: Final = 0.3  # how much of a fresh ground shows through a given picture
_LARGEST_SIDE: Final = 4096  # of a grown picture; a larger one is scaled down

# Where the parts are taken to be: left, top, right and bottom of an ellipse, in widths and heights.
_PARTS: Final = {
    "object_seg": (0.15, 0.05, 0.85, 1.0),
    "head_seg": (0.35, 0.05, 0.65, 0.4),
    "face_seg": (0.4, 0.12, 0.6, 0.36),
    "cloth_seg": (0.2, 0.42, 0.8, 0.98),
}


def pictures(
    order: PictureOrder, images: Sequence[Image.Image], *, rng: Random
) -> Iterator[tuple[str, Image.Image]]:
    """Yield the results of an order, each with its name among them."""
    if order.craft is Craft.SEGMENTATION and images:
        yield from _cut_out(order, images[0])
        return
    for number in range(1, order.count + 1):
        if order.growth is not None and images:
            picture = _grown(images[0], order.growth, rng=rng)
        elif order.craft is Craft.TRY_ON and images:
            picture = _dressed(*images[:2])
        else:
            picture = _drawn(order, images, rng=rng)
        title = f"{order.label}  {order.resolution}  {number}/{order.count}"
        yield str(number), _lettered(picture, title=title, text=order.prompt)


def _drawn(order: PictureOrder, images: Sequence[Image.Image], *, rng: Random) -> Image.Image:
    """Return a new picture; given ones are seen in it: the first fills it, tinted, the others stand small."""
    if order.aspect_ratio in RATIOS:
        size = picture_size(order.resolution, order.aspect_ratio)
    else:
        size = size_like(order.resolution, images[0].size if images else (1, 1))
    ground = painted_backdrop(width=size[0], height=size[1], rng=rng)
    if not images:
        return ground
    picture = Image.blend(ImageOps.fit(images[0], size), ground, _TINT)
    side = min(size) // 5
    for place, image in enumerate(images[1:]):
        picture.paste(ImageOps.fit(image, (side, side)), (8 + place * (side + 8), side // 2))
    return picture


def _grown(image: Image.Image, growth: Growth, *, rng: Random) -> Image.Image:
    """Return a larger picture with the given one at its place."""
    across, down = 1 + growth.left + growth.right, 1 + growth.up + growth.down
    scale = min(1.0, _LARGEST_SIDE / (image.width * across), _LARGEST_SIDE / (image.height * down))
    if scale < 1:
        image = image.resize((max(1, int(image.width * scale)), max(1, int(image.height * scale))))
    width, height = round(image.width * across), round(image.height * down)
    picture = painted_backdrop(width=width, height=height, rng=rng)
    picture.paste(image, (round(image.width * growth.left), round(image.height * growth.up)))
    return picture


def _dressed(person: Image.Image, garment: Image.Image | None = None) -> Image.Image:
    """Return the picture of a person with the garment upon it, framed."""
    picture = person.copy()
    if garment is not None:
        across, down = max(1, person.width * 2 // 5), max(1, person.height * 2 // 5)
        worn = ImageOps.expand(ImageOps.contain(garment, (across, down)), border=4, fill="white")
        picture.paste(worn, ((person.width - worn.width) // 2, person.height * 2 // 5))
    return picture


def _cut_out(order: PictureOrder, image: Image.Image) -> Iterator[tuple[str, Image.Image]]:
    """Yield the parts of a picture, each on black and within a white line."""
    for name, (left, top, right, bottom) in _PARTS.items():
        box = (left * image.width, top * image.height, right * image.width, bottom * image.height)
        mask = Image.new("L", image.size)
        ImageDraw.Draw(mask).ellipse(box, fill=255)
        picture = Image.new("RGB", image.size)
        picture.paste(image, mask=mask)
        ImageDraw.Draw(picture).ellipse(box, outline="white", width=3)
        yield name, _lettered(picture, title=f"{order.label}  {name}", text="")


def _lettered(picture: Image.Image, *, title: str, text: str) -> Image.Image:
    """Return a picture with a title above and words below."""
    width, height = picture.size
    short = min(width, height)
    strip = line(f"KLING SANDBOX  {title}", width=width, height=max(1, short // 20), font=font(short / 30))
    _lay(picture, strip, x=0, y=0)
    if text:
        pad = max(1, short // 30)
        box = paragraph(text, width=max(1, width - 2 * pad), pad=pad, font=font(short / 20))
        _lay(picture, box, x=pad, y=height - box.height - pad)
    return picture


def _lay(picture: Image.Image, mask: Image.Image, *, x: int, y: int) -> None:
    area = (x, y, x + mask.width, y + mask.height)
    dark = picture.crop(area).point(lambda value: round(value * (1 - SHADE)))
    dark.paste("white", mask=mask)
    picture.paste(dark, (x, y))

"""The operations on images: generate, expand, segment, try on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from PIL import Image, ImageDraw, ImageOps

from airflow_provider_kling.sandbox.render.image.backdrop import paint_backdrop
from airflow_provider_kling.sandbox.render.image.sizes import ASPECT_RATIOS, image_size, size_like
from airflow_provider_kling.sandbox.render.image.text import SHADE, font, line, paragraph
from airflow_provider_kling.sandbox.render.render_spec import Expansion, ImageOperation, ImageSpec

_TINT: Final = 0.3  # the share of the backdrop in the blend with an input image
_MAX_SIDE: Final = 4096  # of an expanded image; a larger one is scaled down

# The segments, whatever the image shows: left, top, right and bottom of an ellipse, in widths and heights.
_SEGMENTS: Final = {
    "object_seg": (0.15, 0.05, 0.85, 1.0),
    "head_seg": (0.35, 0.05, 0.65, 0.4),
    "face_seg": (0.4, 0.12, 0.6, 0.36),
    "cloth_seg": (0.2, 0.42, 0.8, 0.98),
}


def result_images(
    spec: ImageSpec, inputs: Sequence[Image.Image], *, rng: Random
) -> Iterator[tuple[str, Image.Image]]:
    """Yield the images of a spec, each with the part of its file name that differs."""
    if spec.operation is ImageOperation.SEGMENT and inputs:
        yield from _segments(spec, inputs[0])
        return
    for number in range(1, spec.count + 1):
        if spec.expansion is not None and inputs:
            image = _expanded(inputs[0], spec.expansion, rng=rng)
        elif spec.operation is ImageOperation.TRY_ON and inputs:
            image = _dressed(*inputs[:2])
        else:
            image = _generated(spec, inputs, rng=rng)
        title = f"{spec.label}  {spec.resolution}  {number}/{spec.count}"
        yield str(number), _with_text(image, title=title, text=spec.prompt)


def _generated(spec: ImageSpec, inputs: Sequence[Image.Image], *, rng: Random) -> Image.Image:
    """Return a new image. The first input fills it, tinted; the others are shown small on top of it."""
    if spec.aspect_ratio in ASPECT_RATIOS:
        size = image_size(spec.resolution, spec.aspect_ratio)
    else:
        size = size_like(spec.resolution, inputs[0].size if inputs else (1, 1))
    backdrop = paint_backdrop(width=size[0], height=size[1], rng=rng)
    if not inputs:
        return backdrop
    result = Image.blend(ImageOps.fit(inputs[0], size), backdrop, _TINT)
    side = min(size) // 5
    for index, image in enumerate(inputs[1:]):
        result.paste(ImageOps.fit(image, (side, side)), (8 + index * (side + 8), side // 2))
    return result


def _expanded(image: Image.Image, expansion: Expansion, *, rng: Random) -> Image.Image:
    """Return a larger image with the input at its position."""
    across, down = 1 + expansion.left + expansion.right, 1 + expansion.up + expansion.down
    scale = min(1.0, _MAX_SIDE / (image.width * across), _MAX_SIDE / (image.height * down))
    if scale < 1:
        image = image.resize((max(1, int(image.width * scale)), max(1, int(image.height * scale))))
    width, height = round(image.width * across), round(image.height * down)
    result = paint_backdrop(width=width, height=height, rng=rng)
    result.paste(image, (round(image.width * expansion.left), round(image.height * expansion.up)))
    return result


def _dressed(person: Image.Image, garment: Image.Image | None = None) -> Image.Image:
    """Return the image of a person with the garment pasted on it, in a frame."""
    result = person.copy()
    if garment is not None:
        across, down = max(1, person.width * 2 // 5), max(1, person.height * 2 // 5)
        scale = min(across / garment.width, down / garment.height)
        # ImageOps.contain does the same, and before Pillow 12 fails where a side would be less than a pixel.
        size = max(1, round(garment.width * scale)), max(1, round(garment.height * scale))
        worn = ImageOps.expand(garment.resize(size), border=4, fill="white")
        result.paste(worn, ((person.width - worn.width) // 2, person.height * 2 // 5))
    return result


def _segments(spec: ImageSpec, image: Image.Image) -> Iterator[tuple[str, Image.Image]]:
    """Yield the segments of an image, each on black and inside a white outline."""
    for name, (left, top, right, bottom) in _SEGMENTS.items():
        box = (left * image.width, top * image.height, right * image.width, bottom * image.height)
        mask = Image.new("L", image.size)
        ImageDraw.Draw(mask).ellipse(box, fill=255)
        segment = Image.new("RGB", image.size)
        segment.paste(image, mask=mask)
        ImageDraw.Draw(segment).ellipse(box, outline="white", width=3)
        yield name, _with_text(segment, title=f"{spec.label}  {name}", text="")


def _with_text(image: Image.Image, *, title: str, text: str) -> Image.Image:
    """Return the image with a title at the top and text at the bottom."""
    width, height = image.size
    short = min(width, height)
    strip = line(f"KLING SANDBOX  {title}", width=width, height=max(1, short // 20), font=font(short / 30))
    _draw_mask(image, strip, x=0, y=0)
    if text:
        padding = max(1, short // 30)
        box = paragraph(text, width=max(1, width - 2 * padding), padding=padding, font=font(short / 20))
        _draw_mask(image, box, x=padding, y=height - box.height - padding)
    return image


def _draw_mask(image: Image.Image, mask: Image.Image, *, x: int, y: int) -> None:
    area = (x, y, x + mask.width, y + mask.height)
    dark = image.crop(area).point(lambda value: round(value * (1 - SHADE)))
    dark.paste("white", mask=mask)
    image.paste(dark, (x, y))

"""The background of results that have no input image."""

from __future__ import annotations

import colorsys
from random import Random

from PIL import Image, ImageDraw


def paint_backdrop(*, width: int, height: int, rng: Random) -> Image.Image:
    """Return a soft gradient of similar hues, with rings that make the motion of the camera visible."""
    hue = rng.random()

    def colour(value: float) -> tuple[int, int, int]:
        red, green, blue = colorsys.hsv_to_rgb(
            (hue + rng.uniform(-0.12, 0.12)) % 1, rng.uniform(0.5, 0.9), value
        )
        return round(255 * red), round(255 * green), round(255 * blue)

    mesh = Image.new("RGB", (6, 4))
    for x in range(mesh.width):
        for y in range(mesh.height):
            mesh.putpixel((x, y), colour(rng.uniform(0.25, 0.95)))
    backdrop = mesh.resize((width, height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(backdrop)
    for _ in range(12):
        left, top, radius = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0.03, 0.14) * width
        box = (left - radius, top - radius, left + radius, top + radius)
        draw.ellipse(box, outline=colour(1.0), width=max(4, round(radius / 5)))
    return backdrop

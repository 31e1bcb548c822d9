"""What is shown where no picture is given: a painted ground."""

from __future__ import annotations

import colorsys
from random import Random

from PIL import Image, ImageDraw


def painted_backdrop(*, width: int, height: int, rng: Random) -> Image.Image:
    """Return a soft ground of neighbouring hues with rings on it, so that the camera's motion is seen."""
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
    ground = mesh.resize((width, height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(ground)
    for _ in range(12):
        left, top, radius = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0.03, 0.14) * width
        box = (left - radius, top - radius, left + radius, top + radius)
        draw.ellipse(box, outline=colour(1.0), width=max(4, round(radius / 5)))
    return ground

"""Makes a clip from an order and the bytes of its inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import av
import numpy as np
import numpy.typing as npt
from PIL import Image

from airflow_provider_kling.sandbox.order import ClipOrder, Sound
from airflow_provider_kling.sandbox.video.camera import Shot, film, painted_backdrop, shot_of
from airflow_provider_kling.sandbox.video.caption import Captions
from airflow_provider_kling.sandbox.video.encoder import Encoder, tone
from airflow_provider_kling.sandbox.video.planes import FPS, Planes, frame_size, nearest_ratio
from airflow_provider_kling.sandbox.video.restyle import Restyle
from airflow_provider_kling.sandbox.video.source import (
    SAMPLE_RATE,
    VideoFacts,
    open_image,
    probe,
    sampled,
    soundtrack,
)

_SHOTS: Final = 3  # in a clip of several shots

Limits = Mapping[str, Mapping[str, float]]


class AbandonedError(Exception):
    """The clip is no longer wanted."""


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A finished file. ``seconds`` is its exact length."""

    path: Path
    width: int
    height: int
    seconds: float
    size: int


def paint(
    order: ClipOrder,
    path: Path,
    *,
    images: tuple[bytes, ...],
    videos: tuple[bytes, ...],
    limits: Limits,
    rng: Random,
    cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Write the clip of an order to a path.

    Raises UnusableMediaError for inputs that cannot be used, AbandonedError once ``cancelled`` says so.
    """
    pictures = [
        open_image(data, name=f"images[{index}]", limits=limits.get("images", {}))
        for index, data in enumerate(images)
    ]
    facts = probe(videos[0], name="videos[0]", limits=limits.get("videos", {})) if videos else None
    width, height = frame_size(order.resolution, order.aspect_ratio or _shape(facts, pictures))
    frames = order.seconds * FPS if order.seconds is not None else facts.frames if facts else 5 * FPS
    canvas = Planes(width=width, height=height)
    if facts is not None:
        reel = _edited(videos[0], facts, pictures, frames=frames, canvas=canvas, rng=rng)
    else:
        shots = _shots(order, pictures, width=width, height=height, rng=rng)
        reel = film(shots, frames=frames, canvas=canvas, fade=bool(pictures))
    label = f"{order.label}  {order.resolution}"
    captions = Captions(prompt=order.prompt, label=label, width=width, height=height, frames=frames)
    sound = _sound(order.sound, videos, samples=frames * SAMPLE_RATE // FPS, rng=rng)
    with Encoder(path, width=width, height=height, sound=sound) as encoder:
        for index in reel:
            if cancelled():
                raise AbandonedError
            captions.lay(canvas, index)
            encoder.add(canvas)


def read_clip(path: Path) -> Clip:
    """Return the facts of a painted file."""
    data = path.read_bytes()
    facts = probe(data, name=path.name, limits={})
    return Clip(path=path, width=facts.width, height=facts.height, seconds=facts.frames / FPS, size=len(data))


def cover(clip: Path, path: Path) -> None:
    """Write a clip's first frame as a JPEG."""
    with av.open(str(clip), "r") as container:
        frame = next(container.decode(video=0))
    Image.fromarray(frame.to_ndarray(format="rgb24")).save(path, "JPEG", quality=85)


def _shape(facts: VideoFacts | None, pictures: list[Image.Image]) -> str:
    if facts is not None:
        return nearest_ratio(facts.width, facts.height)
    return nearest_ratio(*pictures[0].size) if pictures else "16:9"


def _shots(
    order: ClipOrder, pictures: list[Image.Image], *, width: int, height: int, rng: Random
) -> list[Shot]:
    if not pictures:
        count = _SHOTS if order.multi_shot else 1
        pictures = [painted_backdrop(width=width, height=height, rng=rng) for _ in range(count)]
    elif order.multi_shot:
        pictures = [pictures[index % len(pictures)] for index in range(max(_SHOTS, len(pictures)))]
    return [shot_of(picture, width=width, height=height, rng=rng) for picture in pictures]


def _edited(
    video: bytes,
    facts: VideoFacts,
    pictures: list[Image.Image],
    *,
    frames: int,
    canvas: Planes,
    rng: Random,
) -> Iterator[int]:
    """Paint the source's frames in a new look; reference images are shown small, below the title."""
    look = Restyle(rng=rng)
    side = min(canvas.width, canvas.height) // 40 * 8
    insets = [Planes.of_image(picture, width=side, height=side) for picture in pictures]
    room = canvas.width // (side + 8)
    for index, frame in enumerate(sampled(video, facts, name="videos[0]", frames=frames)):
        look.paint(frame, canvas)
        for place, inset in enumerate(insets[:room]):
            canvas.inset(inset, x=8 + place * (side + 8), y=side // 2)
        yield index


def _sound(
    sound: Sound, videos: tuple[bytes, ...], *, samples: int, rng: Random
) -> npt.NDArray[np.float32] | None:
    match sound:
        case Sound.TONE:
            return tone(samples=samples, pitch_hz=rng.choice((196.0, 220.0, 261.6, 293.7)))
        case Sound.ORIGINAL if videos:
            return soundtrack(videos[0], name="videos[0]", samples=samples)
        case _:
            return None

"""Makes a clip from an order and the bytes of its inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Final

import av
import numpy as np
from PIL import Image

from airflow_provider_kling.sandbox.material import AbandonedError, Limits, Material, only
from airflow_provider_kling.sandbox.order import ClipOrder, Medium, Sound
from airflow_provider_kling.sandbox.picture.backdrop import painted_backdrop
from airflow_provider_kling.sandbox.picture.source import open_image
from airflow_provider_kling.sandbox.video.camera import Reel, shot_of
from airflow_provider_kling.sandbox.video.caption import Captions
from airflow_provider_kling.sandbox.video.encoder import Encoder, tone
from airflow_provider_kling.sandbox.video.planes import FPS, Planes, frame_size, nearest_ratio
from airflow_provider_kling.sandbox.video.restyle import Restyle
from airflow_provider_kling.sandbox.video.source import (
    SAMPLE_RATE,
    Samples,
    VideoFacts,
    probe,
    recording,
    sampled,
    soundtrack,
)

_SHOTS: Final = 3  # in a clip of several shots
_NOMINAL_S: Final = 5  # where neither the order nor a source says how long


def paint_clip(
    order: ClipOrder,
    path: Path,
    *,
    materials: Sequence[Material],
    limits: Limits,
    rng: Random,
    cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Write the clip of an order to a path.

    Raises UnusableMediaError for inputs that cannot be used, AbandonedError once ``cancelled`` says so.
    """
    allowed = limits.get(Medium.IMAGE, {})
    pictures = [open_image(material, limits=allowed) for material in only(Medium.IMAGE, materials)]
    video = next(iter(only(Medium.VIDEO, materials)), None)
    facts = None if video is None else probe(video, limits=limits.get(Medium.VIDEO, {}))
    voice = next(iter(only(Medium.SOUND, materials)), None)
    said = None if voice is None else recording(voice, limits=limits.get(Medium.SOUND, {}))

    width, height = frame_size(order.resolution, order.aspect_ratio or _shape(facts, pictures))
    frames = _frames(order, facts, said)
    canvas = Planes(width=width, height=height)
    if video is not None and facts is not None:
        reel = _edited(video, facts, pictures, frames=frames, canvas=canvas, rng=rng)
    else:
        reel = _reel(order, pictures, width=width, height=height, rng=rng).film(frames=frames, canvas=canvas)
    label = f"{order.label}  {order.resolution}"
    captions = Captions(prompt=order.prompt, label=label, width=width, height=height, frames=frames)
    sound = _sound(order.sound, video, said, samples=frames * SAMPLE_RATE // FPS, rng=rng)
    with Encoder(path, width=width, height=height, sound=sound) as encoder:
        for index in reel:
            if cancelled():
                raise AbandonedError
            captions.lay(canvas, index)
            encoder.add(canvas)


def cover(clip: Path, path: Path) -> None:
    """Write a clip's first frame as a JPEG."""
    with av.open(str(clip), "r") as container:
        frame = next(container.decode(video=0))
    Image.fromarray(frame.to_ndarray(format="rgb24")).save(path, "JPEG", quality=85)


def _shape(facts: VideoFacts | None, pictures: list[Image.Image]) -> str:
    if facts is not None:
        return nearest_ratio(facts.width, facts.height)
    return nearest_ratio(*pictures[0].size) if pictures else "16:9"


def _frames(order: ClipOrder, facts: VideoFacts | None, said: Samples | None) -> int:
    """Return the length in frames: as ordered, else the source's."""
    if order.seconds is not None:
        return order.seconds * FPS
    if facts is not None:
        return facts.frames
    if said is not None:
        samples: int = said.shape[1]
        return max(1, round(samples * FPS / SAMPLE_RATE))
    return _NOMINAL_S * FPS


def _reel(order: ClipOrder, pictures: list[Image.Image], *, width: int, height: int, rng: Random) -> Reel:
    if not pictures:
        count = _SHOTS if order.multi_shot else 1
        grounds = [painted_backdrop(width=width, height=height, rng=rng) for _ in range(count)]
        return Reel(shots=[shot_of(ground, width=width, height=height, rng=rng) for ground in grounds])
    seen = pictures
    if order.multi_shot:
        seen = [pictures[index % len(pictures)] for index in range(max(_SHOTS, len(pictures)))]
    return Reel(
        shots=[shot_of(picture, width=width, height=height, rng=rng) for picture in seen],
        fade=True,
        opening=Planes.of_image(pictures[0], width=width, height=height),
        closing=Planes.of_image(pictures[-1], width=width, height=height) if order.tail else None,
    )


def _edited(
    video: Material,
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
    for index, frame in enumerate(sampled(video, facts, frames=frames)):
        look.paint(frame, canvas)
        for place, inset in enumerate(insets[:room]):
            canvas.inset(inset, x=8 + place * (side + 8), y=side // 2)
        yield index


def _sound(
    sound: Sound, video: Material | None, said: Samples | None, *, samples: int, rng: Random
) -> Samples | None:
    match sound:
        case Sound.TONE:
            return tone(samples=samples, pitch_hz=rng.choice((196.0, 220.0, 261.6, 293.7)))
        case Sound.ORIGINAL if video is not None:
            return soundtrack(video, samples=samples)
        case Sound.GIVEN if said is not None:
            return np.pad(said, ((0, 0), (0, max(0, samples - said.shape[1]))))[:, :samples]
        case _:
            return None

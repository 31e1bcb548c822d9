"""Paints the video of a spec."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import av
import numpy as np
from PIL import Image

from airflow_provider_kling.sandbox.render.image.backdrop import paint_backdrop
from airflow_provider_kling.sandbox.render.image.source import open_image
from airflow_provider_kling.sandbox.render.media_input import (
    MediaInput,
    MediaLimits,
    RenderCancelledError,
    of_kind,
)
from airflow_provider_kling.sandbox.render.render_spec import AudioSource, MediaKind, VideoSpec
from airflow_provider_kling.sandbox.render.video.camera import ShotSequence, shot_of
from airflow_provider_kling.sandbox.render.video.captions import Captions
from airflow_provider_kling.sandbox.render.video.encoder import Encoder, tone
from airflow_provider_kling.sandbox.render.video.restyle import Restyler
from airflow_provider_kling.sandbox.render.video.source import (
    SAMPLE_RATE,
    Samples,
    VideoInfo,
    decode_audio,
    decode_soundtrack,
    probe,
    sample_frames,
)
from airflow_provider_kling.sandbox.render.video.yuv_frame import (
    FPS,
    YuvFrame,
    frame_size,
    nearest_aspect_ratio,
)

_SHOTS: Final = 3  # in a video of several shots
_DEFAULT_SECONDS: Final = 5  # where neither the spec nor an input has a length


@dataclass(frozen=True, kw_only=True)
class _Inputs:
    """The decoded input files."""

    images: Sequence[Image.Image]
    video: MediaInput | None
    info: VideoInfo | None
    audio: Samples | None

    @classmethod
    def decode(cls, inputs: Sequence[MediaInput], *, limits: MediaLimits) -> _Inputs:
        video = next(iter(of_kind(MediaKind.VIDEO, inputs)), None)
        audio = next(iter(of_kind(MediaKind.AUDIO, inputs)), None)
        return cls(
            images=[
                open_image(media, limits=limits.get(MediaKind.IMAGE, {}))
                for media in of_kind(MediaKind.IMAGE, inputs)
            ],
            video=video,
            info=None if video is None else probe(video, limits=limits.get(MediaKind.VIDEO, {})),
            audio=None if audio is None else decode_audio(audio, limits=limits.get(MediaKind.AUDIO, {})),
        )

    @property
    def aspect_ratio(self) -> str:
        if self.info is not None:
            return nearest_aspect_ratio(self.info.width, self.info.height)
        return nearest_aspect_ratio(*self.images[0].size) if self.images else "16:9"

    @property
    def frames(self) -> int:
        if self.info is not None:
            return self.info.frames
        if self.audio is not None:
            samples: int = self.audio.shape[1]
            return max(1, round(samples * FPS / SAMPLE_RATE))
        return _DEFAULT_SECONDS * FPS


def paint_video(
    spec: VideoSpec,
    path: Path,
    *,
    inputs: Sequence[MediaInput],
    limits: MediaLimits,
    rng: Random,
    cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Write the video of a spec as an MP4 file.

    :raises InvalidMediaError: an input file cannot be used.
    :raises RenderCancelledError: ``cancelled`` returned True.
    """
    decoded = _Inputs.decode(inputs, limits=limits)
    width, height = frame_size(spec.resolution, spec.aspect_ratio or decoded.aspect_ratio)
    frames = decoded.frames if spec.seconds is None else max(1, round(spec.seconds * FPS))
    canvas = YuvFrame(width=width, height=height)
    if decoded.video is not None and decoded.info is not None:
        painted = _restyle(decoded.video, decoded.info, decoded.images, frames=frames, canvas=canvas, rng=rng)
    else:
        painted = _shots(spec, decoded.images, canvas=canvas, rng=rng).paint(frames=frames, canvas=canvas)
    label = f"{spec.label}  {spec.resolution}"
    captions = Captions(prompt=spec.prompt, label=label, width=width, height=height, frames=frames)
    audio = _audio(spec.audio, decoded, samples=frames * SAMPLE_RATE // FPS, rng=rng)
    with Encoder(path, width=width, height=height, audio=audio) as encoder:
        for index in painted:
            if cancelled():
                raise RenderCancelledError
            captions.draw(canvas, index)
            encoder.add(canvas)


def write_cover(video: Path, path: Path) -> None:
    """Write the first frame of a video as a JPEG file."""
    with av.open(str(video), "r") as container:
        frame = next(container.decode(video=0))
    # Not every version of PyAV knows by itself that RGB uses the full range.
    shown = frame.reformat(format="rgb24", src_color_range="MPEG", dst_color_range="JPEG")
    Image.fromarray(shown.to_ndarray()).save(path, "JPEG", quality=85)


def _shots(spec: VideoSpec, images: Sequence[Image.Image], *, canvas: YuvFrame, rng: Random) -> ShotSequence:
    width, height = canvas.width, canvas.height
    if not images:
        count = _SHOTS if spec.multi_shot else 1
        backdrops = [paint_backdrop(width=width, height=height, rng=rng) for _ in range(count)]
        return ShotSequence(
            shots=[shot_of(backdrop, width=width, height=height, rng=rng) for backdrop in backdrops]
        )
    shown = images
    if spec.multi_shot:
        shown = [images[index % len(images)] for index in range(max(_SHOTS, len(images)))]
    last = YuvFrame.from_image(images[-1], width=width, height=height) if spec.ends_with_last_image else None
    return ShotSequence(
        shots=[shot_of(image, width=width, height=height, rng=rng) for image in shown],
        fade=True,
        first_frame=YuvFrame.from_image(images[0], width=width, height=height),
        last_frame=last,
    )


def _restyle(
    video: MediaInput,
    info: VideoInfo,
    images: Sequence[Image.Image],
    *,
    frames: int,
    canvas: YuvFrame,
    rng: Random,
) -> Iterator[int]:
    """Paint the frames of the source video in a new look; reference images are shown small at the top."""
    restyler = Restyler(rng=rng)
    side = min(canvas.width, canvas.height) // 40 * 8
    insets = [YuvFrame.from_image(image, width=side, height=side) for image in images]
    fitting = canvas.width // (side + 8)
    for index, frame in enumerate(sample_frames(video, info, frames=frames)):
        restyler.paint(frame, canvas)
        for column, inset in enumerate(insets[:fitting]):
            canvas.inset(inset, x=8 + column * (side + 8), y=side // 2)
        yield index


def _audio(source: AudioSource, decoded: _Inputs, *, samples: int, rng: Random) -> Samples | None:
    match source:
        case AudioSource.TONE:
            return tone(samples=samples, pitch_hz=rng.choice((196.0, 220.0, 261.6, 293.7)))
        case AudioSource.SOURCE_VIDEO if decoded.video is not None:
            return decode_soundtrack(decoded.video, samples=samples)
        case AudioSource.AUDIO_FILE if decoded.audio is not None:
            missing = max(0, samples - decoded.audio.shape[1])
            return np.pad(decoded.audio, ((0, 0), (0, missing)))[:, :samples]
        case _:
            return None

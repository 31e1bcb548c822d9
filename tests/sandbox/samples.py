"""Videos and images for the tests: rendered without a server, decoded, and read."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from airflow_provider_kling.sandbox.render.media_input import MediaInput
from airflow_provider_kling.sandbox.render.render_spec import AudioSource, MediaKind, VideoSpec
from airflow_provider_kling.sandbox.render.result import Result, read_result
from airflow_provider_kling.sandbox.render.video.painter import paint_video

PITCH_HZ = 440
SPEC: dict[str, Any] = {
    "label": "kling-video-o1",
    "prompt": "a lighthouse in the fog",
    "resolution": "720p",
    "aspect_ratio": "1:1",
    "seconds": 1,
    "audio": AudioSource.NONE,
}


def media_inputs(kind: MediaKind, *given: bytes) -> list[MediaInput]:
    return [MediaInput(name=f"{kind}s[{index}]", kind=kind, data=data) for index, data in enumerate(given)]


def rendered(
    path: Path, *, images: tuple[bytes, ...] = (), videos: tuple[bytes, ...] = (), **changes: Any
) -> Result:
    spec = VideoSpec(**SPEC | changes)
    inputs = media_inputs(MediaKind.IMAGE, *images) + media_inputs(MediaKind.VIDEO, *videos)
    paint_video(spec, path, inputs=inputs, limits={}, rng=Random("test"))
    return read_result(path)


@dataclass(frozen=True)
class Decoded:
    """A decoded video: its luma planes, and the samples of each audio channel."""

    luma: list[npt.NDArray[np.uint8]]
    times: list[float]
    audio: npt.NDArray[np.float32] | None
    video: av.VideoStream
    seconds: dict[str, float]
    rgb: npt.NDArray[np.uint8]  # the middle frame
    last: npt.NDArray[np.uint8]  # the last frame


def decoded(path: Path) -> Decoded:
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        seconds = {stream.type: float(stream.duration * stream.time_base) for stream in container.streams}
        seconds["container"] = container.duration / av.time_base
        frames = list(container.decode(video=0))
        audio = None
        if container.streams.audio:
            container.seek(0)
            audio = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
        return Decoded(
            luma=[frame.to_ndarray()[: frame.height] for frame in frames],
            times=[frame.time for frame in frames],
            audio=audio,
            video=video,
            seconds=seconds,
            rgb=in_rgb(frames[len(frames) // 2]),
            last=in_rgb(frames[-1]),
        )


def in_rgb(frame: av.VideoFrame) -> npt.NDArray[np.uint8]:
    # Not every version of PyAV knows by itself that RGB uses the full range.
    return frame.reformat(format="rgb24", src_color_range="MPEG", dst_color_range="JPEG").to_ndarray()


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def sample_image(colour: str, size: tuple[int, int] = (640, 480)) -> bytes:
    """A background of one colour with a white box."""
    image = Image.new("RGB", size, colour)
    ImageDraw.Draw(image).rectangle((size[0] // 3, size[1] // 3, size[0] // 2, size[1] // 2), fill="white")
    return png(image)


def reads(region: npt.NDArray[np.uint8], text: str, *, px: float) -> bool:
    """Whether the bright parts of a dark region (luma) are where the letters of a text would be drawn."""
    mask = Image.new("L", (4096, 400))
    ImageDraw.Draw(mask).text((0, 0), text, fill=255, font=ImageFont.load_default(px))
    drawn = np.asarray(mask.crop(mask.getbbox())) > 128
    found = region > 170
    if not found.any():
        return False
    top, left = np.flatnonzero(found.any(axis=1))[0], np.flatnonzero(found.any(axis=0))[0]
    found = np.pad(found, ((1, drawn.shape[0]), (0, drawn.shape[1])))
    placed = (  # the first row of letters is faint, and may not be found
        found[row : row + drawn.shape[0], left : left + drawn.shape[1]] for row in (top, top + 1, top + 2)
    )
    return any(_agree(part, drawn) for part in placed)


def _agree(found: npt.NDArray[np.bool_], drawn: npt.NDArray[np.bool_]) -> bool:
    """Whether two drawings of letters are the same in each eighth of their width."""
    parts = zip(np.array_split(found, 8, axis=1), np.array_split(drawn, 8, axis=1), strict=True)
    return all((seen == meant).mean() > 0.85 and seen[meant].mean() > 0.6 for seen, meant in parts)


def tone(seconds: float, rate: int = 22_050) -> npt.NDArray[np.int16]:
    time = np.arange(round(seconds * rate)) / rate
    return (8000 * np.sin(2 * np.pi * PITCH_HZ * time)).astype(np.int16)


def encoded_tone(container: str, codec: str, rate: int = 44_100) -> bytes:
    """Three seconds of tone in another format."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone(3, rate)[None], format="s16", layout="mono")
        frame.sample_rate = rate
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=rate, frame_size=1024)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            output.mux(stream.encode(part))
        output.mux(stream.encode(None))
    return file.getvalue()

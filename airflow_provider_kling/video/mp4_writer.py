"""Writing an MP4 with H.264 and AAC; its index is at the start, so that players can stream it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.pyav import av
from airflow_provider_kling.media.stereo import SAMPLE_RATE

# Visually close to the source, and on two cores several times faster than the default preset.
_VIDEO_OPTIONS: Final = {"preset": "veryfast", "crf": "18"}
_AUDIO_OPTIONS: Final = {"b": "192k", "flags": "+bitexact"}
_THREADS: Final = 4  # each keeps frames, so the memory would grow with the number of a machine's processors
_BT709: Final = 1  # in all three of H.264's colour tables
_PICTURE_TYPE_NONE: Final = 0  # the encoder chooses


@contextmanager
def open_mp4(path: Path, *, audio: bool, fps: Fraction) -> Iterator[Mp4Writer]:
    """Open a file for writing; at the end of the body, flush the encoders and write the index.

    :param audio: whether to add an audio stream.
    :param fps: frames a second.
    :raises KlingMediaError: it cannot be written.
    """
    # With the prefix, a colon in a path is no protocol; bitexact leaves FFmpeg's version out.
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with _write_errors(path.name):
        container = av.open(f"file:{path}", "w", format="mp4", options=options)
        try:
            writer = Mp4Writer(container=container, has_audio=audio, fps=fps, name=path.name)
            yield writer
            writer.flush()
        except BaseException:
            with suppress(av.FFmpegError):  # the first error is the one to raise
                container.close()
            raise
        container.close()


@contextmanager
def _write_errors(name: str) -> Iterator[None]:
    try:
        yield
    except av.FFmpegError as error:
        raise KlingMediaError(f"{name} could not be written: {error.strerror}") from error


@dataclass(kw_only=True)
class Mp4Writer:
    """Muxes one video and at most one audio stream; see :func:`open_mp4`.

    First choose how the video is written, then add video and audio in turns, each up to the same time.
    """

    container: av.container.OutputContainer
    has_audio: bool
    fps: Fraction
    name: str
    _video: av.VideoStream | None = field(default=None, init=False)
    _audio: av.AudioStream | None = field(default=None, init=False)
    _frames: int = field(default=0, init=False)
    _samples: int = field(default=0, init=False)

    def encode_video(self, *, size: tuple[int, int]) -> None:
        """Add a video stream of a size, for :meth:`add_frame`."""
        self._video = self.container.add_stream("libx264", rate=self.fps)
        context = self._video.codec_context
        context.width, context.height = size
        context.pix_fmt = "yuv420p"
        context.time_base = 1 / self.fps
        context.thread_count = _THREADS
        context.options = dict(_VIDEO_OPTIONS)
        context.color_primaries = context.color_trc = context.colorspace = _BT709
        self._add_audio_stream()

    def copy_video(self, template: av.VideoStream) -> None:
        """Add a video stream like another one, for :meth:`add_packet`."""
        self._video = self.container.add_stream_from_template(template, opaque=True)
        self._video.time_base = 1 / self.fps
        self._add_audio_stream()

    def _add_audio_stream(self) -> None:
        if self.has_audio:
            self._audio = self.container.add_stream("aac", rate=SAMPLE_RATE)
            self._audio.codec_context.layout = "stereo"
            self._audio.codec_context.options = dict(_AUDIO_OPTIONS)

    def add_frame(self, frame: av.VideoFrame) -> None:
        """Encode the next frame."""
        frame.pts, frame.time_base = self._frames, 1 / self.fps
        frame.pict_type = _PICTURE_TYPE_NONE
        self._frames += 1
        self._encode(self._video, frame)

    def add_packet(self, packet: av.Packet[Any]) -> None:
        """Copy a video packet, whose timestamps are those of the output."""
        packet.stream = self._video
        with _write_errors(self.name):
            self.container.mux(packet)

    def add_audio(self, audio: av.AudioFrame) -> None:
        """Encode the next samples."""
        audio.pts, audio.time_base = self._samples, Fraction(1, SAMPLE_RATE)
        self._samples += audio.samples
        self._encode(self._audio, audio)

    def flush(self) -> None:
        """Write what the encoders hold back."""
        if self._frames:
            self._encode(self._video, None)
        if self._audio is not None:
            self._encode(self._audio, None)

    def _encode(self, stream: Any, frame: av.VideoFrame | av.AudioFrame | None) -> None:
        # Here and not around the whole output: otherwise the message would name the clip that is being read.
        with _write_errors(self.name):
            self.container.mux(stream.encode(frame))

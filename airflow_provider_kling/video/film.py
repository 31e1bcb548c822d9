"""Writing a film: an MP4 with H.264 and AAC, its index in front, so that it plays while it is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.library import av
from airflow_provider_kling.video.plan import SAMPLE_RATE

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# Hardly to be told from its source, and several times faster than the default preset on two cores.
_PICTURES: Final = {"preset": "veryfast", "crf": "18"}
_SOUND: Final = {"b": "192k", "flags": "+bitexact"}
_THREADS: Final = 4  # each holds pictures, so the memory of a film would grow with a machine's processors
_BT709: Final = 1  # in all three of H.264's colour tables
_NO_TYPE: Final = 0  # of a picture: the encoder chooses


@contextmanager
def written(path: Path, *, name: str) -> Iterator[OutputContainer]:
    """Open a file for a film.

    :param name: what messages call the file.
    :raises KlingMediaError: it cannot be written.
    """
    # The prefix keeps a colon in a path from being taken for a protocol; bit-exact leaves versions out.
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with _writing(name):
        container = av.open(f"file:{path}", "w", format="mp4", options=options)
        try:
            yield container
        except BaseException:
            with suppress(av.FFmpegError):  # what went wrong before counts
                container.close()
            raise
        container.close()


@contextmanager
def _writing(name: str) -> Iterator[None]:
    try:
        yield
    except av.FFmpegError as error:
        raise KlingMediaError(f"{name} could not be written: {error.strerror}") from error


class Film:
    """A film while it is written. Pictures and sound are to be added by turns, each up to the same time.

    :param pictures: the stream for them, encoding or not.
    :param fps: frames a second.
    :param name: what messages call the file.
    """

    def __init__(
        self, container: OutputContainer, *, pictures: VideoStream, sound: bool, fps: Fraction, name: str
    ) -> None:
        self._container = container
        self._pictures = pictures
        self._sound: AudioStream | None = None
        if sound:
            self._sound = container.add_stream("aac", rate=SAMPLE_RATE)
            self._sound.codec_context.layout = "stereo"
            self._sound.codec_context.options = dict(_SOUND)
        self._fps = fps
        self._name = name
        self._frames = 0
        self._samples = 0

    @classmethod
    def encoding(
        cls, container: OutputContainer, *, width: int, height: int, sound: bool, fps: Fraction, name: str
    ) -> Self:
        """Return a film whose pictures are encoded."""
        pictures = container.add_stream("libx264", rate=fps)
        context = pictures.codec_context
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.time_base = 1 / fps
        context.thread_count = _THREADS
        context.options = dict(_PICTURES)
        context.color_primaries = context.color_trc = context.colorspace = _BT709
        return cls(container, pictures=pictures, sound=sound, fps=fps, name=name)

    @classmethod
    def copying(
        cls, container: OutputContainer, *, like: VideoStream, sound: bool, fps: Fraction, name: str
    ) -> Self:
        """Return a film whose pictures come as packets, like those of a stream."""
        pictures = container.add_stream_from_template(like, opaque=True)
        pictures.time_base = 1 / fps
        return cls(container, pictures=pictures, sound=sound, fps=fps, name=name)

    def add_picture(self, picture: VideoFrame) -> None:
        """Encode the next picture."""
        picture.pts, picture.time_base = self._frames, 1 / self._fps
        picture.pict_type = _NO_TYPE
        self._frames += 1
        self._encode(self._pictures, picture)

    def add_packet(self, packet: Packet[Any]) -> None:
        """Take over a packet of pictures, whose times are set."""
        packet.stream = self._pictures
        with _writing(self._name):
            self._container.mux(packet)

    def add_sound(self, sound: AudioFrame | None) -> None:
        """Encode the next samples; None for none."""
        if sound is None or self._sound is None:
            return
        sound.pts, sound.time_base = self._samples, Fraction(1, SAMPLE_RATE)
        self._samples += sound.samples
        self._encode(self._sound, sound)

    def finish(self) -> None:
        """Write what the encoders hold back."""
        if self._frames:
            self._encode(self._pictures, None)
        if self._sound is not None:
            self._encode(self._sound, None)

    def _encode(self, stream: Any, frame: VideoFrame | AudioFrame | None) -> None:
        # Here rather than around the whole film: a clip that is open would be blamed.
        with _writing(self._name):
            self._container.mux(stream.encode(frame))

"""Opening a media file: single containers and images only, from bytes that are already here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final, TypeVar

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media import container_size
from airflow_provider_kling.media.filters import FrameFormat
from airflow_provider_kling.media.pyav import av
from airflow_provider_kling.media.sample_tables import check_sample_tables

T = TypeVar("T")

MAX_PIXELS: Final = 2 * 7680 * 4320
"""The most pixels of a frame, twice those of 8K: a few bytes can announce one that fills the memory."""

# Containers and single images only: a playlist would make the demuxer open further files and addresses.
_FORMATS: Final = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,gif,png_pipe,jpeg_pipe,webp_pipe,bmp_pipe,tiff_pipe"
)
_FORMAT_NAMES: Final = (
    "MP4, QuickTime, Matroska, WebM, AVI, MPEG transport streams, GIF, PNG, JPEG, WebP, BMP and TIFF"
)
_MAX_TIME_BASE: Final = 1  # seconds; real ones are milliseconds or less
_THREADS: Final = 4  # each keeps frames, so the memory would grow with the number of a machine's processors
_OPTIONS: Final = {
    "format_whitelist": _FORMATS,
    "protocol_whitelist": "none",
    "fflags": "-genpts",  # which PyAV sets: where a file has no presentation times, they would be guessed
    "max_pixels": str(MAX_PIXELS),
}


@contextmanager
def open_container(file: BinaryIO, *, name: str) -> Iterator[av.container.InputContainer]:
    """Open a file for demuxing, and translate the errors of the body.

    :param file: seekable; it stays open, and the caller closes it.
    :param name: what messages call the file.
    :raises KlingMediaError: it is no media file or is damaged (not retryable), or it could not be read
        (retryable).
    :raises MemoryError: it needs more memory than the process may take.
    """
    with _source(file, name=name) as source, decode_errors(name):
        check_sample_tables(source, name=name)
        source.seek(0)
        with _opened(source, name=name) as container:
            yield container


def ends_early(file: BinaryIO, *, name: str) -> bool:
    """Tell whether a Matroska or AVI file has fewer bytes than it announces.

    :raises KlingMediaError: it could not be read (retryable).
    """
    with _source(file, name=name) as source:
        return container_size.ends_early(source)


@contextmanager
def _source(file: BinaryIO, *, name: str) -> Iterator[_Source]:
    """Yield what FFmpeg reads from, and translate the errors of the file."""
    source = _Source(file)
    try:
        yield source
    finally:
        if isinstance(source.error, MemoryError):
            raise source.error
        if source.error is not None:
            raise KlingMediaError(f"{name} could not be read: {source.error}") from source.error


def _opened(source: _Source, *, name: str) -> av.container.InputContainer:
    try:
        # The metadata of old files is often not in UTF-8, and none of it is used.
        return av.open(source, "r", options=dict(_OPTIONS), metadata_errors="replace")
    except av.ArgumentError as error:
        # FFmpeg knows the format, and may not read it.
        raise KlingMediaError(
            f"{name} cannot be read as a video or an image: its format is not among those that are read,"
            f" which are {_FORMAT_NAMES}",
            retryable=False,
        ) from error


@contextmanager
def decode_errors(name: str) -> Iterator[None]:
    """Translate an error of FFmpeg into one that names the file, and is not retryable."""
    try:
        yield
    except av.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise KlingMediaError(
                f"{name} needs more memory to be decoded than it may take", retryable=False
            ) from error
        raise KlingMediaError(
            f"{name} cannot be read as a video or an image, or is damaged: {error.strerror}", retryable=False
        ) from error


def video_stream(container: av.container.InputContainer, *, name: str) -> av.VideoStream:
    """Return the video stream; the cover image of an audio file is none.

    :raises KlingMediaError: there is none, none of FFmpeg's decoders here knows its codec, or its timestamps
        are in units of more than a second.
    """
    cover = av.stream.Disposition.attached_pic
    stream = next((stream for stream in container.streams.video if not stream.disposition & cover), None)
    if stream is None:
        raise KlingMediaError(f"{name} has no video stream", retryable=False)
    if stream.codec_context is None:
        raise KlingMediaError(f"{name} has a video stream of an unknown codec", retryable=False)
    if stream.time_base is not None and stream.time_base > _MAX_TIME_BASE:
        raise KlingMediaError(f"{name} has timestamps in units of {stream.time_base} s", retryable=False)
    stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    stream.codec_context.thread_count = _THREADS
    return stream


def is_mp4(container: av.container.InputContainer) -> bool:
    """Tell whether a file is an MP4 or of another kind of the same family, such as QuickTime."""
    return container.format.name.startswith("mov,")


def audio_streams(container: av.container.InputContainer) -> list[av.AudioStream]:
    """Return the audio streams whose codec one of FFmpeg's decoders here knows."""
    return [stream for stream in container.streams.audio if stream.codec_context is not None]


def check_display_size(frame: FrameFormat, *, name: str) -> None:
    """Check that a frame is not too large as displayed. FFmpeg checks its size as stored only.

    :raises KlingMediaError: it is.
    """
    width, height = frame.display_size
    if width * height > MAX_PIXELS:
        raise KlingMediaError(
            f"{name} is displayed as {width}x{height}, which is more than {MAX_PIXELS} pixels",
            retryable=False,
        )


class _Source:
    """What FFmpeg reads from.

    It has no ``name``, because FFmpeg would take one for a path. It keeps an error of the file, and reports
    the end of the file from then on, because some versions of PyAV loop for ever after an exception.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.error: Exception | None = None
        self._file = file

    def read(self, size: int) -> bytes:
        return self._attempt(lambda: self._file.read(size), otherwise=b"")

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._attempt(lambda: self._file.seek(offset, whence), otherwise=-1)

    def tell(self) -> int:
        return self._file.tell()

    def _attempt(self, call: Callable[[], T], *, otherwise: T) -> T:
        if self.error is None:
            try:
                return call()
            except Exception as error:  # noqa: BLE001  # every storage raises its own
                self.error = error
        return otherwise

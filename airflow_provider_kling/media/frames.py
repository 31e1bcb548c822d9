"""Single frames of a video as images: the first, the last, the one at a time, and a poster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from fractions import Fraction
from functools import partial
from itertools import islice, takewhile
from typing import Any, BinaryIO, Final, Literal, TypeVar

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.container import (
    check_display_size,
    is_mp4,
    open_container,
    video_stream,
)
from airflow_provider_kling.media.demux import demux, is_seekable
from airflow_provider_kling.media.file_format import FileFormat
from airflow_provider_kling.media.filters import (
    FilterGraph,
    format_of,
    is_hdr,
    luma_filters,
    rotation_of,
    still_filters,
)
from airflow_provider_kling.media.frame_decoder import FrameDecoder
from airflow_provider_kling.media.frame_packets import FramePackets
from airflow_provider_kling.media.pyav import av
from airflow_provider_kling.media.still_image import Edge, StillImage

T = TypeVar("T")

_ENCODERS: Final[dict[FileFormat, Literal["png", "mjpeg"]]] = {
    FileFormat.PNG: "png",
    FileFormat.JPEG: "mjpeg",
}
_MAX_QUANTISER: Final = 31  # FFmpeg's quantiser goes from 1, the finest, to this
_POSTER_WITHIN_S: Final = 3
_POSTER_FRAMES: Final = 3 * 120  # a file may claim thousands of frames a second
_POSTER_QUALITY: Final = 85
_NEARLY_BLACK: Final = 24.0  # mean luma, from 0 to 255
_TOLERANCE_S: Final = Fraction(1, 1_000_000)  # a time that was rounded still finds its frame


def read_frame(
    file: BinaryIO,
    *,
    name: str,
    at: Edge | float,
    image_format: FileFormat = FileFormat.PNG,
    quality: int = 90,
) -> StillImage:
    """Return one frame of a video. Only what is near it is read and decoded.

    :param at: seconds from the first frame, for the frame that is displayed then; or the first or the last
        frame that can be decoded, in presentation order.
    :param image_format: PNG or JPEG.
    :param quality: of a JPEG, from 1 to 100; a PNG is lossless.
    :raises KlingMediaError: ``quality`` is out of range; the video is shorter, or has no frame that can be
        decoded; or :func:`~airflow_provider_kling.media.container.open_container` failed.
    """
    seekable = is_seekable(file, name=name)
    with open_container(file, name=name) as container:
        seeker = FrameSeeker(container, name=name, seekable=seekable)
        if at is Edge.FIRST:
            found = seeker.first
        elif at is Edge.LAST:
            found = seeker.last()
        else:
            found = seeker.at(float(at))
        return _encode(found, seeker, image_format=image_format, quality=quality)


def read_poster(file: BinaryIO, *, name: str) -> StillImage:
    """Return a JPEG that represents a video: its first frame that is not nearly black.

    Where all frames of the first three seconds are, it is the brightest of them, of at most 120 frames a
    second. The parameters and errors are those of :func:`read_frame`.
    """
    with open_container(file, name=name) as container:
        seeker = FrameSeeker(container, name=name)
        graph = FilterGraph(stream=seeker.stream, filters=luma_filters)
        # The first may come late, where the start is damaged.
        end = seeker.seconds(seeker.first) + _POSTER_WITHIN_S
        early = takewhile(lambda frame: seeker.seconds(frame) < end, seeker.all())
        few = islice(early, _POSTER_FRAMES)
        found = first_bright((_mean_luma(graph.convert(frame)), frame) for frame in few)
        return _encode(found, seeker, image_format=FileFormat.JPEG, quality=_POSTER_QUALITY)


def first_bright(candidates: Iterable[tuple[float, T]]) -> T:
    """Return the first candidate that is not nearly black, else the brightest. Later ones are not read.

    :param candidates: mean luma from 0 to 255, and what has it; at least one.
    """
    brightest: tuple[float, T] | None = None
    for luma, candidate in candidates:
        if brightest is None or luma > brightest[0]:
            brightest = luma, candidate
        if luma >= _NEARLY_BLACK:
            break
    if brightest is None:
        raise ValueError("there is no candidate")
    return brightest[1]


def _mean_luma(grey: av.VideoFrame) -> float:
    (plane,) = grey.planes
    content, row = bytes(plane), plane.line_size
    lines = [content[line * row : line * row + plane.width] for line in range(plane.height)]
    return sum(map(sum, lines)) / (plane.width * plane.height)


def _encode(
    frame: av.VideoFrame, seeker: FrameSeeker, *, image_format: FileFormat, quality: int
) -> StillImage:
    """Make a decoded frame upright and encode it."""
    if not 1 <= quality <= 100:
        raise KlingMediaError(f"the quality of a JPEG is from 1 to 100, not {quality}", retryable=False)
    rotation = rotation_of(frame)
    check_display_size(format_of(frame, seeker.stream, rotation=rotation), name=seeker.name)
    filters = partial(still_filters, image_format=image_format)
    graph = FilterGraph(stream=seeker.stream, rotation=rotation, filters=filters)
    image = graph.convert(frame)
    context = av.CodecContext.create(_ENCODERS[image_format], "w")
    context.width, context.height = image.width, image.height
    context.pix_fmt = image.format.name
    context.time_base = Fraction(1, 25)  # encoders need one, also for a single image
    context.options = {"flags": "+bitexact"}  # the same frame gives the same bytes, without FFmpeg's version
    if image_format is FileFormat.JPEG:
        context.qmin = context.qmax = 1 + round((100 - quality) * (_MAX_QUANTISER - 1) / 99)
    return StillImage(
        content=b"".join(map(bytes, [*context.encode(image), *context.encode(None)])),
        format=image_format,
        width=image.width,
        height=image.height,
        seconds=float(seeker.seconds(frame)),
        hdr=is_hdr(seeker.stream),
    )


class FrameSeeker:
    """Finds one frame of an opened video, without decoding all of it. Only one search can be made.

    Damaged frames are skipped. To find a frame, decoding starts at a key frame before it. Where that finds
    nothing, because the file is damaged there or its index is wrong, decoding starts earlier and earlier.

    :param name: what messages call the file.
    :param seekable: see :func:`~airflow_provider_kling.media.demux.is_seekable`; otherwise, all is decoded.
    :ivar first: the first frame that can be decoded.
    """

    def __init__(self, container: av.container.InputContainer, *, name: str, seekable: bool = True) -> None:
        self.stream: av.VideoStream = video_stream(container, name=name)
        self._container = container
        self.name = name
        self._seekable = seekable
        self._time_base = self.stream.time_base or Fraction(1)
        self._end = 0  # of the packets and frames so far, in units of the time base
        self._check = FramePackets(container, self.stream)
        self._frames = self._decode()
        first = next(self._frames, None)
        if first is None:
            raise KlingMediaError(f"{name} has no frame that can be decoded", retryable=False)
        # Damaged frames count where an index tells when the first is displayed. Those of a piece of a longer
        # video that need what was cut off do not.
        known = self.stream.start_time if is_mp4(container) and not self._check.is_piece else None
        self._start = _pts(first) if known is None else known
        self.first: av.VideoFrame = first

    def last(self) -> av.VideoFrame:
        """Return the frame with the last presentation time, of those that can be decoded."""
        duration = self.stream.duration
        if duration is None:
            duration = int(Fraction(self._container.duration or 0, 1_000_000) / self._time_base)
        for frames in self._from_earlier_and_earlier(self._start + duration):
            last: av.VideoFrame | None = None
            for frame in frames:
                if last is None or _pts(frame) >= _pts(last):  # of two at one time, the later is displayed
                    last = frame
            if last is not None:
                return last
        return self.first

    def at(self, seconds: float) -> av.VideoFrame:
        """Return the frame that is displayed at a time, counted from the first frame.

        :raises KlingMediaError: the video is shorter.
        """
        if seconds < 0:
            raise KlingMediaError(f"{self.name} has no frame at {seconds:g} s", retryable=False)
        wanted = self._start + (Fraction(seconds) + _TOLERANCE_S) / self._time_base
        for frames in self._from_earlier_and_earlier(int(wanted)):
            displayed: av.VideoFrame | None = None
            for frame in frames:
                if _pts(frame) > wanted:
                    break
                displayed = frame
            else:
                if displayed is not None and wanted >= self._end:  # which is known: it was read
                    duration = float((self._end - self._start) * self._time_base)
                    message = f"{self.name} lasts {duration:.3f} s, so it has no frame at {seconds:g} s"
                    raise KlingMediaError(message, retryable=False)
            if displayed is not None:
                return displayed
        return self.first

    def all(self) -> Iterator[av.VideoFrame]:
        """Yield all frames that can be decoded."""
        yield self.first
        yield from self._frames

    def seconds(self, frame: av.VideoFrame) -> Fraction:
        """Return the presentation time of a frame, from the first one of the video."""
        return (_pts(frame) - self._start) * self._time_base

    def _decode(self) -> Iterator[av.VideoFrame]:
        """Decode from the current position on, in presentation order."""
        decoder = FrameDecoder(self.stream)
        for packet in self._packets():
            try:
                frames = decoder.decode(packet)
            except av.FFmpegError as error:
                if isinstance(error, MemoryError):
                    raise
                continue
            for frame in frames:
                if not frame.is_corrupt:
                    self._end = max(self._end, _pts(frame) + (frame.duration or 1))
                    yield frame

    def _packets(self) -> Iterator[av.Packet[Any] | None]:
        """Demux from the current position on; None, at the end, flushes the decoder."""
        with suppress(av.FFmpegError):  # nothing can be read from there on
            for packet in demux(self._container, self.stream):
                if packet.size == 0:
                    break
                self._check.add(packet)
                time = packet.dts if packet.pts is None else packet.pts
                if time is not None and not packet.is_corrupt and not packet.is_discard:
                    self._end = max(self._end, time + (packet.duration or 1))
                yield packet
        yield None

    def _from_earlier_and_earlier(self, pts: int) -> Iterator[Iterator[av.VideoFrame]]:
        """Yield the frames from the last key frame before a presentation time on, then from earlier ones."""
        if not self._seekable:
            yield self.all()
            return
        second = max(1, int(1 / self._time_base))
        back, at = 0, pts
        while at > self._start:
            if self._seek(at):
                yield self._from_key_frame()
            back = max(2 * back, second)
            at = pts - back
        # A container may seek by decoding time, which for the first frame is before its presentation time.
        if self._seek(self._start - second) or self._seek(self._start):
            yield self._decode()

    def _from_key_frame(self) -> Iterator[av.VideoFrame]:
        # Frames that are displayed before the key frame depend on frames that were not decoded.
        frames = self._decode()
        for frame in frames:
            if frame.key_frame:
                yield frame
                break
        yield from frames

    def _seek(self, pts: int) -> bool:
        with suppress(av.FFmpegError):
            self._container.seek(pts, stream=self.stream)
            return True
        return False


def _pts(frame: av.VideoFrame) -> int:
    return frame.pts or 0

"""Looking at a video or a picture: what it is, measured from what is in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.chain import shape_of, turn_in
from airflow_provider_kling.media.facts import MediaFacts, MediaType, SoundFacts
from airflow_provider_kling.media.kind import HEAD_BYTES, sniff
from airflow_provider_kling.media.library import av
from airflow_provider_kling.media.picture import Shape
from airflow_provider_kling.media.source import opened, picture_stream
from airflow_provider_kling.media.timing import Stamp, Timing, timing_of

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.packet import Packet
    from av.video.stream import VideoStream

_STILL: Final = "_pipe"  # ends the name of a format that is a single picture
_CUT_SHORT_S: Final = 0.25  # containers are off by less when they say how long they are


@dataclass(frozen=True, kw_only=True)
class Survey:
    """All that is known of a file after one look through it.

    :param shape: of the first frame.
    :param extradata: what a decoder of the stream has to be told first, such as H.264's parameter sets.
    """

    facts: MediaFacts
    timing: Timing
    shape: Shape
    extradata: bytes


def probe(file: BinaryIO, *, name: str) -> MediaFacts:
    """Return what a video or picture is. All of the file is read; of its frames, only the first is decoded.

    :param file: seekable, from its beginning on; it is left open.
    :param name: what messages call the file.
    :raises KlingMediaError: it is no media file, holds no picture that can be decoded, or cannot be read.
    """
    return survey(file, name=name).facts


def survey(file: BinaryIO, *, name: str) -> Survey:
    """Look through a file; as :func:`probe`, for those who join it."""
    with opened(file, name=name) as container:
        stream = picture_stream(container, name=name)
        sound = next(iter(container.streams.audio), None)
        shape: Shape | None = None
        stamps: list[Stamp] = []
        heard = cut = False
        for packet in container.demux([stream, sound] if sound else [stream]):
            if packet.stream.index != stream.index:
                heard = heard or packet.size > 0
                continue
            shape = shape or _first_shape(packet, stream)
            if packet.is_corrupt:
                cut = True
            elif packet.size:
                stamps.append(_stamp(packet))
        timing = timing_of(stamps, time_base=stream.time_base or Fraction(1))
        if timing is None or shape is None:
            raise KlingMediaError(f"{name} holds no frame that can be decoded", retryable=False)
        facts = _facts(
            stream,
            timing=timing,
            shape=shape,
            file=file,
            sound=sound if heard else None,
            cut=cut,
        )
        extradata = bytes(stream.codec_context.extradata or b"")
    return Survey(facts=facts, timing=timing, shape=shape, extradata=extradata)


def _first_shape(packet: Packet[Any], stream: VideoStream) -> Shape | None:
    try:
        frame = next(iter(stream.decode(packet)), None)
    except av.FFmpegError:  # the next one may do
        return None
    return None if frame is None else shape_of(frame, stream, turn=turn_in(frame))


def _stamp(packet: Packet[Any]) -> Stamp:
    # A container without one of the two times shows its frames in the order in which they are decoded.
    pts = packet.pts if packet.pts is not None else packet.dts or 0
    return Stamp(
        pts=pts,
        dts=packet.dts if packet.dts is not None else pts,
        duration=packet.duration or 0,
        key=packet.is_keyframe,
        hidden=packet.is_discard,
    )


def _facts(
    stream: VideoStream, *, timing: Timing, shape: Shape, file: BinaryIO, sound: AudioStream | None, cut: bool
) -> MediaFacts:
    format_name = stream.container.format.name
    width, height = shape.shown_size
    picture = MediaFacts(
        type=MediaType.IMAGE,
        container=_container(format_name, file),
        width=width,
        height=height,
        codec=stream.codec_context.codec.canonical_name,
        pixel_format=shape.pixel_format,
        cut_short=cut,
    )
    if format_name.endswith(_STILL) or (format_name == "gif" and len(timing.shown) == 1):
        return picture
    promised = (stream.duration or 0) * timing.time_base
    return replace(
        picture,
        type=MediaType.VIDEO,
        seconds=float(timing.seconds),
        frames=len(timing.shown),
        fps=float(timing.average_rate),
        variable_fps=timing.variable,
        cut_short=cut or timing.seconds + _CUT_SHORT_S < promised,
        sound=_sound(sound) if sound else None,
    )


def _container(format_name: str, file: BinaryIO) -> str:
    """Name the container; FFmpeg has one name for all that it reads in the same way."""
    file.seek(0)
    kind = sniff(file.read(HEAD_BYTES))
    return kind.value if kind else format_name.partition(",")[0].removesuffix(_STILL)


def _sound(stream: AudioStream) -> SoundFacts:
    context = stream.codec_context
    return SoundFacts(
        codec=context.codec.canonical_name,
        sample_rate=context.sample_rate,
        channels=context.layout.nb_channels,
    )

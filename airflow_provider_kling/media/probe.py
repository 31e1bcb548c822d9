"""Measuring a video or an image from its packets and its first frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, BinaryIO, Final

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.container import check_display_size, open_container, video_stream
from airflow_provider_kling.media.filters import FrameFormat, format_of, rotation_of
from airflow_provider_kling.media.media_info import MediaInfo
from airflow_provider_kling.media.pyav import av
from airflow_provider_kling.media.timing import FrameTiming, PacketTiming, frame_timing
from airflow_provider_kling.media_type import MediaType

_IMAGE_SUFFIX: Final = "_pipe"  # of FFmpeg's names for formats that hold a single image
_TRUNCATED_S: Final = 0.25  # the duration that a container announces is off by less


@dataclass(frozen=True, kw_only=True)
class Scan:
    """All that one pass over a file finds out.

    :param frame_format: of the first frame.
    :param extradata: what the decoder of the stream needs first, such as the parameter sets of H.264.
    """

    info: MediaInfo
    timing: FrameTiming
    frame_format: FrameFormat
    extradata: bytes


def probe(file: BinaryIO, *, name: str) -> MediaInfo:
    """Return the properties of a video or an image. All packets are read; only the first frame is decoded.

    :raises KlingMediaError: it has no frame that can be decoded, or
        :func:`~airflow_provider_kling.media.container.open_container` failed.
    """
    return scan(file, name=name).info


def scan(file: BinaryIO, *, name: str) -> Scan:
    """Return what :func:`probe` does, with what a concatenation needs in addition."""
    with open_container(file, name=name) as container:
        stream = video_stream(container, name=name)
        audio = next(iter(container.streams.audio), None)
        frame_format: FrameFormat | None = None
        packets: list[PacketTiming] = []
        has_audio = corrupt = False
        for packet in container.demux([stream, audio] if audio else [stream]):
            if packet.stream.index != stream.index:
                has_audio = has_audio or packet.size > 0
                continue
            frame_format = frame_format or _first_format(packet, stream)
            if packet.is_corrupt:
                corrupt = True
            elif packet.size:
                packets.append(_packet_timing(packet))
        timing = frame_timing(packets, time_base=stream.time_base or Fraction(1))
        if timing is None or frame_format is None:
            raise KlingMediaError(f"{name} has no frame that can be decoded", retryable=False)
        check_display_size(frame_format, name=name)
        container_name, frames = container.format.name, len(timing.pts)
        is_image = container_name.endswith(_IMAGE_SUFFIX) or (container_name == "gif" and frames == 1)
        width, height = frame_format.display_size
        codec = stream.codec_context.codec.canonical_name
        info = MediaInfo(type=MediaType.IMAGE, width=width, height=height, codec=codec, truncated=corrupt)
        if not is_image:
            announced = (stream.duration or 0) * timing.time_base
            info = replace(
                info,
                type=MediaType.VIDEO,
                duration_s=float(timing.duration),
                frames=frames,
                fps=float(timing.average_rate),
                truncated=corrupt or timing.duration + _TRUNCATED_S < announced,
                audio_codec=audio.codec_context.codec.canonical_name if audio and has_audio else None,
            )
        extradata = bytes(stream.codec_context.extradata or b"")
    return Scan(info=info, timing=timing, frame_format=frame_format, extradata=extradata)


def _first_format(packet: av.Packet[Any], stream: av.VideoStream) -> FrameFormat | None:
    try:
        frame = next(iter(stream.decode(packet)), None)
    except av.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        return None  # the next packet may be decodable
    return None if frame is None else format_of(frame, stream, rotation=rotation_of(frame))


def _packet_timing(packet: av.Packet[Any]) -> PacketTiming:
    # A container without one of the two times presents its frames in decoding order.
    pts = packet.pts if packet.pts is not None else packet.dts or 0
    return PacketTiming(
        pts=pts,
        dts=packet.dts if packet.dts is not None else pts,
        duration=packet.duration or 0,
        key=packet.is_keyframe,
        discard=packet.is_discard,
    )

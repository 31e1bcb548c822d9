"""Measuring a video or an image from its packets and its first frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, BinaryIO, Final, NamedTuple

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media import h264
from airflow_provider_kling.media.container import (
    audio_streams,
    check_display_size,
    open_container,
    video_stream,
)
from airflow_provider_kling.media.demux import demux, is_continuous
from airflow_provider_kling.media.filters import FrameFormat, format_of, is_hdr, rotation_of
from airflow_provider_kling.media.frame_decoder import FrameDecoder
from airflow_provider_kling.media.hidden_frames import is_hidden
from airflow_provider_kling.media.media_info import MediaInfo
from airflow_provider_kling.media.pyav import av
from airflow_provider_kling.media.timing import FrameTiming, PacketTiming, frame_timing
from airflow_provider_kling.media_type import MediaType

_IMAGE_SUFFIX: Final = "_pipe"  # of FFmpeg's names for formats that hold a single image
# The major brands of ISO files that hold images (ISO/IEC 23008-12, AVIF 1.1), perhaps beside an animation.
_IMAGE_BRANDS: Final = frozenset({"avif", "avis", "heic", "heix", "mif1", "msf1"})
_TRUNCATED_S: Final = 0.25  # the duration that a container announces is off by less


@dataclass(frozen=True, kw_only=True)
class Scan:
    """All that one pass over a file finds out.

    :param frame_format: of the first frame.
    :param audio_index: of the first audio stream that can be decoded and has packets; None without one.
    :param extradata: what the decoder of the stream needs first, such as the parameter sets of H.264.
    :param can_follow: its packets can follow those of another video with the same ``extradata``: it is H.264
        as in an MP4, starts with an IDR picture, and brings no other parameter sets.
    """

    info: MediaInfo
    timing: FrameTiming
    frame_format: FrameFormat
    extradata: bytes
    can_follow: bool = False
    audio_index: int | None = None


def probe(file: BinaryIO, *, name: str) -> MediaInfo:
    """Return the properties of a video or an image.

    All packets are read. Only the first frame is decoded, unless packets are not frames, as those of fields,
    the file was cut out of a longer one, or FFmpeg takes a packet for damaged, as where transport streams
    were joined: then decoding tells.

    :raises KlingMediaError: it has no frame that can be decoded, or
        :func:`~airflow_provider_kling.media.container.open_container` failed.
    """
    return scan(file, name=name).info


def scan(file: BinaryIO, *, name: str) -> Scan:
    """Return what :func:`probe` does, with what a concatenation needs in addition."""
    with open_container(file, name=name) as container:
        stream = video_stream(container, name=name)
        codec = stream.codec_context.codec.canonical_name
        decoder = FrameDecoder(stream)
        first: av.VideoFrame | None = None
        packets: list[PacketTiming] = []
        suspect: set[int] = set()  # of them, those that may be damaged
        heard: set[int] = set()
        untimed = False
        extradata = bytes(stream.codec_context.extradata or b"")
        can_follow = codec == "h264" and h264.is_as_in_mp4(extradata)
        for packet in demux(container, stream, *container.streams.audio):
            if packet.stream_index != stream.index:
                if packet.size:
                    heard.add(packet.stream_index)
                continue
            first = first or _first_frame(packet, decoder)
            if packet.size and not is_hidden(memoryview(packet), codec=codec):
                if packet.is_corrupt:
                    suspect.add(len(packets))
                can_follow = can_follow and _can_follow(packet, extradata, is_first=not packets)
                packets.append(_packet_timing(packet))
                untimed = untimed or (packet.pts is None and packet.dts is None)
        time_base = stream.time_base or Fraction(1)
        cut = untimed or _starts_between_key_frames(packets, may_be_piece=is_continuous(container))
        are_frames = first is None or not (first.interlaced_frame or cut)
        decoded = _decoded(file, name=name) if suspect or not are_frames else None
        corrupt = bool(suspect) and decoded is not None and decoded.damaged
        if corrupt:
            packets = [packet for number, packet in enumerate(packets) if number not in suspect]
        stored = timing = frame_timing(packets, time_base=time_base)
        if decoded is not None and not are_frames:
            timing = frame_timing(decoded.frames, time_base=time_base)
        if stored is None or timing is None or first is None:
            raise KlingMediaError(f"{name} has no frame that can be decoded", retryable=False)
        frame_format = format_of(first, stream, rotation=rotation_of(first))
        check_display_size(frame_format, name=name)
        container_name, frames = container.format.name, len(timing.pts)
        may_be_image = container_name == "gif" or container.metadata.get("major_brand") in _IMAGE_BRANDS
        is_image = container_name.endswith(_IMAGE_SUFFIX) or (may_be_image and frames == 1)
        width, height = frame_format.display_size
        audio = next((each for each in audio_streams(container) if each.index in heard), None)
        info = MediaInfo(type=MediaType.IMAGE, width=width, height=height, codec=codec, truncated=corrupt)
        if not is_image:
            # A transport stream announces nothing: FFmpeg takes its last time, also after a leap.
            announced = 0 if is_continuous(container) else (stream.duration or 0) * time_base
            # That counts from 0 where an edit list begins with nothing.
            stored_s = max(stored.duration, stored.end * time_base)
            info = replace(
                info,
                type=MediaType.VIDEO,
                duration_s=float(timing.duration),
                frames=frames,
                fps=float(timing.average_rate),
                truncated=corrupt or stored_s + _TRUNCATED_S < announced,
                audio_codec=audio.codec_context.codec.canonical_name if audio else None,
                hdr=is_hdr(stream),
                undecodable_audio=audio is None and bool(heard),
            )
        # While the container is open: a stream's fields are in its memory.
        return Scan(
            info=info,
            timing=timing,
            frame_format=frame_format,
            extradata=extradata,
            can_follow=can_follow,
            audio_index=audio.index if audio else None,
        )


def _can_follow(packet: av.Packet[Any], extradata: bytes, *, is_first: bool) -> bool:
    content = memoryview(packet)
    return not (
        packet.has_sidedata("new_extradata")
        or h264.changes_setup(content, extradata=extradata)
        or (is_first and not h264.starts_anew(content, extradata=extradata))
    )


def _starts_between_key_frames(packets: list[PacketTiming], *, may_be_piece: bool) -> bool:
    """Tell whether the first packets may need a frame that was cut off; FFmpeg displays none for such."""
    if not packets:
        return may_be_piece
    first = packets[0]
    return (may_be_piece and not first.key) or any(
        packet.pts < first.pts for packet in packets if not packet.discard
    )


class _Decoded(NamedTuple):
    """What decoding a whole video tells.

    :ivar damaged: frames are, after the first that is displayed.
    """

    frames: list[PacketTiming]
    damaged: bool


def _first_frame(packet: av.Packet[Any], decoder: FrameDecoder) -> av.VideoFrame | None:
    try:
        return next(iter(decoder.decode(packet)), None)
    except av.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        return None  # the next packet may be decodable


def _decoded(file: BinaryIO, *, name: str) -> _Decoded:
    """Decode all frames, where packets do not tell their times.

    Each field of a frame may have a packet of its own, and frames before the first key frame are not
    displayed.
    """
    times: list[int] = []
    damaged = False
    with open_container(file, name=name) as container:
        stream = video_stream(container, name=name)
        decoder = FrameDecoder(stream)
        for packet in demux(container, stream):
            try:
                frames = decoder.decode(packet)
            except av.FFmpegError as error:
                if isinstance(error, MemoryError):
                    raise
                damaged = True
                continue
            for frame in frames:
                if frame.pts is not None and (times or not frame.is_corrupt):
                    damaged = damaged or frame.is_corrupt
                    times.append(frame.pts)
    # None is a key frame, because the packets cannot be copied by these times.
    frames_found = [PacketTiming(pts=time, dts=time, duration=0) for time in times]
    return _Decoded(frames=frames_found, damaged=damaged)


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

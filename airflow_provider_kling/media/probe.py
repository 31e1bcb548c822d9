"""Measuring a video or an image from its packets, and from its frames where packets do not tell enough."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, BinaryIO, Final

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.container import (
    audio_streams,
    check_display_size,
    ends_early,
    is_mp4,
    open_container,
    video_stream,
)
from airflow_provider_kling.media.demux import demux
from airflow_provider_kling.media.filters import FrameFormat, format_of, is_hdr, rotation_of
from airflow_provider_kling.media.frame_decoder import FrameDecoder
from airflow_provider_kling.media.frame_packets import FramePackets
from airflow_provider_kling.media.media_info import MediaInfo
from airflow_provider_kling.media.pyav import av
from airflow_provider_kling.media.stereo import can_be_stereo
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
    :param audio_index: of the first audio stream with packets that can be decoded and mixed to stereo; None
        without one.
    :param extradata: what the decoder of the stream needs first, such as the parameter sets of H.264.
    :param can_follow: its packets can follow those of another video with the same ``extradata``.
    """

    info: MediaInfo
    timing: FrameTiming
    frame_format: FrameFormat
    extradata: bytes
    can_follow: bool = False
    audio_index: int | None = None


def probe(file: BinaryIO, *, name: str) -> MediaInfo:
    """Return the properties of a video or an image.

    All packets are read. Only the first frame is decoded where packets are frames, which is certain for most
    MP4 files; see :class:`~airflow_provider_kling.media.frame_packets.FramePackets`. Otherwise all frames
    are.

    :raises KlingMediaError: it has no frame that can be decoded, or
        :func:`~airflow_provider_kling.media.container.open_container` failed.
    """
    return scan(file, name=name).info


def scan(file: BinaryIO, *, name: str) -> Scan:
    """Return what :func:`probe` does, with what a concatenation needs in addition."""
    is_cut_off = ends_early(file, name=name)
    with open_container(file, name=name) as container:
        stream = video_stream(container, name=name)
        found = _Reading(container, stream)
        for packet in demux(container, stream, *container.streams.audio):
            found.add(packet)
        if found.must_be_decoded:
            found.frames = _decoded(file, name=name)
        first, stored = found.frames.first, found.stored
        timing = stored if found.check.are_frames else found.decoded
        if timing is None or first is None:
            raise KlingMediaError(f"{name} has no frame that can be decoded", retryable=False)
        frame_format = format_of(first, stream, rotation=rotation_of(first))
        check_display_size(frame_format, name=name)
        container_name, count = container.format.name, len(timing.pts)
        may_be_image = container_name == "gif" or container.metadata.get("major_brand") in _IMAGE_BRANDS
        is_image = container_name.endswith(_IMAGE_SUFFIX) or (may_be_image and count == 1)
        width, height = frame_format.display_size
        audible = [each for each in audio_streams(container) if each.index in found.heard]
        audio = next(filter(can_be_stereo, audible), None)
        info = MediaInfo(
            type=MediaType.IMAGE,
            width=width,
            height=height,
            codec=stream.codec_context.codec.canonical_name,
            truncated=found.is_damaged,
        )
        if not is_image:
            # Other files than MP4 announce no duration of each stream, so that FFmpeg may have guessed it.
            announced_s = (stream.duration or 0) * timing.time_base if is_mp4(container) else 0
            # That counts from 0 where an edit list begins with nothing.
            stored_s = max(stored.duration, stored.end * stored.time_base) if stored else 0
            info = replace(
                info,
                type=MediaType.VIDEO,
                duration_s=float(timing.duration),
                frames=count,
                fps=float(timing.average_rate),
                truncated=found.is_damaged or is_cut_off or stored_s + _TRUNCATED_S < announced_s,
                audio_codec=audible[0].codec_context.codec.canonical_name if audible else None,
                hdr=is_hdr(stream),
                undecodable_audio=not audible and bool(found.heard),
            )
        # While the container is open: a stream's fields are in its memory.
        return Scan(
            info=info,
            timing=timing,
            frame_format=frame_format,
            extradata=found.check.extradata,
            can_follow=found.check.can_follow,
            audio_index=audio.index if audio else None,
        )


class _Reading:
    """What is read of a file in one pass: all packets, and as many frames as are needed.

    :ivar frames: all, or the first ones where packets are frames.
    :ivar heard: the audio streams that have packets, by their indices.
    """

    def __init__(self, container: av.container.InputContainer, stream: av.VideoStream) -> None:
        self._stream = stream
        self.check = FramePackets(container, stream)
        self.frames = _Frames(stream)
        self.heard: set[int] = set()
        self._packets: list[PacketTiming] = []
        self._suspect: set[int] = set()  # of them, those that may be damaged
        self._all_decoded = True

    def add(self, packet: av.Packet[Any]) -> None:
        """Take the next packet of the file."""
        if packet.stream.index != self._stream.index:
            if packet.size:
                self.heard.add(packet.stream.index)
            return
        if packet.size:
            self.check.add(packet)
            if packet.is_corrupt:
                self._suspect.add(len(self._packets))
            self._packets.append(_packet_timing(packet))
        if self.frames.first is None or not self.check.are_frames:
            self.frames.add(packet)
        else:
            self._all_decoded = False

    @property
    def must_be_decoded(self) -> bool:
        """Whether packets told too late that they do not tell enough."""
        return not self._all_decoded and (bool(self._suspect) or not self.check.are_frames)

    @property
    def is_damaged(self) -> bool:
        """Whether a packet is that FFmpeg takes for damaged; where files were joined, it may be wrong."""
        return bool(self._suspect) and self.frames.are_damaged

    @property
    def stored(self) -> FrameTiming | None:
        """When frames are displayed by the times of the packets; None where none is."""
        skipped = self._suspect if self.is_damaged else ()
        packets = [packet for number, packet in enumerate(self._packets) if number not in skipped]
        return frame_timing(packets, time_base=self._time_base)

    @property
    def decoded(self) -> FrameTiming | None:
        """When frames are displayed by the times of the decoder; None where none is."""
        return frame_timing(self.frames.timings, time_base=self._time_base)

    @property
    def _time_base(self) -> Fraction:
        return self._stream.time_base or Fraction(1)


class _Frames:
    """The frames of a video, decoded packet by packet. Only the first is kept; of the others, the times are.

    :ivar timings: of all that are displayed.
    :ivar are_damaged: packets or frames are.
    """

    def __init__(self, stream: av.VideoStream) -> None:
        context = stream.codec_context
        # The frames and their damage are the same without it, in less time.
        context.options = {**context.options, "skip_loop_filter": "all"}
        self._decoder = FrameDecoder(stream)
        self.first: av.VideoFrame | None = None
        self.timings: list[PacketTiming] = []
        self.are_damaged = False

    def add(self, packet: av.Packet[Any]) -> None:
        """Decode the next packet; an empty one flushes the decoder."""
        try:
            frames = self._decoder.decode(packet)
        except av.FFmpegError as error:
            if isinstance(error, MemoryError):
                raise
            self.are_damaged = True  # the next packet may be decodable
            return
        for frame in frames:
            self.first = self.first or frame
            self.are_damaged = self.are_damaged or frame.is_corrupt
            # The duration may be that of a field. None is a key frame, because the packets cannot be copied
            # by these times.
            time, duration = frame.pts or 0, 0 if frame.interlaced_frame else frame.duration or 0
            self.timings.append(PacketTiming(pts=time, dts=time, duration=duration))


def _decoded(file: BinaryIO, *, name: str) -> _Frames:
    """Decode all frames, where it turned out too late that packets do not tell enough."""
    with open_container(file, name=name) as container:
        stream = video_stream(container, name=name)
        frames = _Frames(stream)
        for packet in demux(container, stream):
            frames.add(packet)
        return frames


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

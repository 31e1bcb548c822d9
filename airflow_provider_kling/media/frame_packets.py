"""Whether each packet of a video is one displayed frame, so that nothing has to be decoded to count them."""

from __future__ import annotations

from typing import Any

from airflow_provider_kling.media import h264
from airflow_provider_kling.media.container import is_mp4
from airflow_provider_kling.media.pyav import av


class FramePackets:
    """Checks all packets of a video stream, in the order of the file: whether each is a frame.

    That is certain only in an MP4 or QuickTime file, which has both times of each frame, for H.264 that does
    not code fields, and for H.265. In other files, packets may have no frame or half of one, be out of order,
    or have no times. There, the decoder tells; so it does in a piece of a longer video.

    :ivar is_piece: the first frames need some that are not in the file, and cannot be displayed.
    """

    def __init__(self, container: av.container.InputContainer, stream: av.VideoStream) -> None:
        codec = stream.codec_context.codec.canonical_name
        self.extradata = bytes(stream.codec_context.extradata or b"")
        self.is_piece = False
        self._is_h264 = codec == "h264" and h264.is_as_in_mp4(self.extradata)
        frames_only = self._is_h264 and h264.has_frames_only(self.extradata)
        self._are_certain = is_mp4(container) and (frames_only or codec == "hevc")
        self._starts_anew = False
        self._first_pts: int | None = None

    @property
    def are_frames(self) -> bool:
        """Whether all packets so far are frames that are displayed, unless an edit list says otherwise."""
        return self._are_certain and not self.is_piece

    @property
    def can_follow(self) -> bool:
        """Whether the packets can also follow those of another video with the same ``extradata``.

        They are H.264, start with an IDR picture, and bring no other parameter sets.
        """
        return self.are_frames and self._is_h264 and self._starts_anew

    def add(self, packet: av.Packet[Any]) -> None:
        """Check the next packet, which is not empty."""
        time = packet.dts if packet.pts is None else packet.pts
        if self._first_pts is None:
            self._first_pts = time
            self.is_piece = not packet.is_keyframe
            if self._is_h264:
                content = memoryview(packet)
                self._starts_anew = h264.starts_anew(content, extradata=self.extradata)
                # Without a picture, it is damaged, and FFmpeg says that it has no key frame.
                has_picture = h264.has_picture(content, extradata=self.extradata)
                self.is_piece = has_picture and not self._starts_anew
        elif time is not None and time < self._first_pts and not packet.is_discard:
            self.is_piece = True
        if self.are_frames and self._is_h264:
            changes = h264.changes_setup(memoryview(packet), extradata=self.extradata)
            self._are_certain = not changes and not packet.has_sidedata("new_extradata")

"""Mixing audio to stereo, where FFmpeg knows how."""

from __future__ import annotations

from typing import Final

from airflow_provider_kling.media.filters import filter_chain
from airflow_provider_kling.media.pyav import av

SAMPLE_RATE: Final = 48_000
"""Samples a second of what is mixed, in each of its two channels."""

STEREO_FORMAT: Final = f"sample_fmts=fltp:sample_rates={SAMPLE_RATE}:channel_layouts=stereo"
"""The arguments of the filter ``aformat`` for what is mixed."""


def stereo_graph(source: str) -> av.filter.Graph:
    """Return the filters that mix audio to stereo at 48 kHz.

    :param source: the format of the audio, as arguments of the filter ``abuffer``.
    :raises FFmpegError: FFmpeg does not know how to mix its channels.
    """
    resample = ("aresample", str(SAMPLE_RATE))
    return filter_chain([("abuffer", source), resample, ("aformat", STEREO_FORMAT), ("abuffersink", "")])


def can_be_stereo(stream: av.AudioStream) -> bool:
    """Tell whether FFmpeg knows how to mix the channels of a stream.

    It does not for ambisonics, for channels without a name where their number is uncommon, and for some
    combinations.
    """
    layout = stream.codec_context.layout
    if layout.nb_channels == 0:
        return True  # the container does not say
    try:
        stereo_graph(f"sample_rate=48000:sample_fmt=fltp:channel_layout={layout.name}:time_base=1/48000")
    except av.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        return False
    return True

"""Reading the audio of a clip: exactly as many samples as its frames take; what is missing is silence."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from fractions import Fraction
from typing import Final, cast

from airflow_provider_kling.media.filters import filter_chain
from airflow_provider_kling.media.pyav import av
from airflow_provider_kling.media.stereo import SAMPLE_RATE, STEREO_FORMAT, stereo_graph

_SOURCE: Final = f"sample_rate={SAMPLE_RATE}:sample_fmt=fltp:channel_layout=stereo"
# Cut what is before the start, pad what is missing there, and pad or cut where timestamps are off by more
# than a hundredth of a second; the rounding of containers is less.
_RESAMPLE: Final = f"{SAMPLE_RATE}:async=1:min_hard_comp=0.01:first_pts=0"


def cross_fade_audio(first: av.AudioFrame, second: av.AudioFrame) -> av.AudioFrame:
    """Mix two frames of the same length; the first fades out and the second fades in."""
    graph = av.filter.Graph()
    sources = [graph.add("abuffer", f"{_SOURCE}:time_base=1/{SAMPLE_RATE}") for _ in range(2)]
    fades = [graph.add("afade", f"type={way}:nb_samples={first.samples}") for way in ("out", "in")]
    mix, sink = graph.add("amix", "inputs=2:normalize=0"), graph.add("abuffersink")
    for number, (source, fade) in enumerate(zip(sources, fades, strict=True)):
        source.link_to(fade)
        fade.link_to(mix, 0, number)
    mix.link_to(sink)
    graph.configure()
    for source, frame in zip(sources, (first, second), strict=True):
        frame.pts, frame.time_base = 0, Fraction(1, SAMPLE_RATE)
        source.push(frame)
        source.push(None)
    return read_samples(_without_times(_pull(graph)), av.AudioFifo(), first.samples)


def resample(frames: Iterator[av.AudioFrame], *, start: Fraction, samples: int) -> Generator[av.AudioFrame]:
    """Yield the samples of a clip, for :func:`read_samples`; what is missing is silence.

    :param frames: decoded; none where the clip has no audio.
    :param start: the presentation time in the clip at which to start, in seconds.
    :param samples: how many will be read in all.
    """
    graph: av.filter.Graph | None = None
    for frame in _in_one_format(frames):
        if frame.pts is None or frame.time_base is None:
            continue
        frame.pts -= round(start / frame.time_base)
        if frame.pts * frame.time_base * SAMPLE_RATE >= samples:
            continue  # after a broken timestamp, all the silence before it would be generated in memory
        if graph is None:
            resample, pad = ("aresample", _RESAMPLE), ("apad", f"whole_len={samples}")
            source = f"{_SOURCE}:time_base={frame.time_base}"
            graph = filter_chain(
                [("abuffer", source), resample, ("aformat", STEREO_FORMAT), pad, ("abuffersink", "")]
            )
        graph.push(frame)
        yield from _without_times(_pull(graph))
    if graph is None:
        graph = filter_chain([("anullsrc", ""), ("aformat", STEREO_FORMAT), ("abuffersink", "")])
    else:
        graph.push(None)
    yield from _without_times(_pull(graph))


def _in_one_format(frames: Iterator[av.AudioFrame]) -> Iterator[av.AudioFrame]:
    """Yield the same audio as stereo at 48 kHz; the rate and the channels may change between two frames."""
    graph: av.filter.Graph | None = None
    source = ""
    for frame in frames:
        needed = f"sample_rate={frame.sample_rate}:sample_fmt={frame.format.name}"
        needed += f":channel_layout={frame.layout.name}:time_base={frame.time_base}"
        if graph is None or needed != source:
            if graph is not None:
                graph.push(None)
                yield from _pull(graph)
            source = needed
            graph = stereo_graph(source)
        graph.push(frame)
        yield from _pull(graph)
    if graph is not None:
        graph.push(None)
        yield from _pull(graph)


def _pull(graph: av.filter.Graph) -> Iterator[av.AudioFrame]:
    while True:
        try:
            frame = graph.pull()
        except (BlockingIOError, EOFError):
            return
        yield cast("av.AudioFrame", frame)


def _without_times(frames: Iterator[av.AudioFrame]) -> Iterator[av.AudioFrame]:
    for frame in frames:
        frame.pts = None  # a FIFO counts by itself
        yield frame


def read_samples(frames: Iterator[av.AudioFrame], fifo: av.AudioFifo, samples: int) -> av.AudioFrame:
    """Return the next samples, at least one. What is left of a frame stays in ``fifo`` for the next call."""
    while fifo.samples < samples:
        fifo.write(next(frames))
    return cast("av.AudioFrame", fifo.read(samples))

"""A film's sound: exactly as many samples as its pictures take, silence where there is nothing to hear."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Final, cast

from airflow_provider_kling.media.chain import Line
from airflow_provider_kling.media.library import av
from airflow_provider_kling.video.plan import SAMPLE_RATE

if TYPE_CHECKING:
    from av.audio.fifo import AudioFifo
    from av.audio.frame import AudioFrame

_FORMAT: Final = f"sample_fmts=fltp:sample_rates={SAMPLE_RATE}:channel_layouts=stereo"
_FILM: Final = f"sample_rate={SAMPLE_RATE}:sample_fmt=fltp:channel_layout=stereo:time_base=1/{SAMPLE_RATE}"
# Cut what is before the beginning, fill what is missing there, and fill or cut where timestamps are off by
# more than a hundredth of a second; containers that round are off by less.
_ON_TIME: Final = f"{SAMPLE_RATE}:async=1:min_hard_comp=0.01:first_pts=0"


class Sound:
    """The sound of a clip, read piece by piece.

    :param frames: as decoded; none where the clip has no sound.
    :param begin: the time in the clip at which the sound is to begin, in seconds.
    :param samples: how many will be read in all.
    """

    def __init__(self, frames: Iterator[AudioFrame], *, begin: Fraction, samples: int) -> None:
        self._pieces = _pieces(frames, begin=begin, samples=samples)
        self._waiting = av.AudioFifo()

    def read(self, samples: int) -> AudioFrame:
        """Return the next samples, at least one."""
        while self._waiting.samples < samples:
            self._waiting.write(next(self._pieces))
        return _taken(self._waiting, samples)

    def close(self) -> None:
        """Let go of what is decoded."""
        self._pieces.close()


def cross_faded(first: AudioFrame, second: AudioFrame) -> AudioFrame:
    """Return two pieces of the same length at once, the first growing fainter and the second louder."""
    graph = av.filter.Graph()
    sources = [graph.add("abuffer", _FILM) for _ in range(2)]
    fades = [graph.add("afade", f"type={way}:nb_samples={first.samples}") for way in ("out", "in")]
    both, sink = graph.add("amix", "inputs=2:normalize=0"), graph.add("abuffersink")
    for number, (source, fade) in enumerate(zip(sources, fades, strict=True)):
        source.link_to(fade)
        fade.link_to(both, 0, number)
    both.link_to(sink)
    graph.configure()
    for source, piece in zip(sources, (first, second), strict=True):
        piece.pts, piece.time_base = 0, Fraction(1, SAMPLE_RATE)
        source.push(piece)
        source.push(None)
    mixed = av.AudioFifo()
    for piece in _drained(Line(graph=graph, source=sources[0], sink=sink)):
        mixed.write(piece)
    return _taken(mixed, first.samples)


def _pieces(frames: Iterator[AudioFrame], *, begin: Fraction, samples: int) -> Generator[AudioFrame]:
    """Yield at least as many samples as are asked for; silence has no end."""
    line: Line | None = None
    for frame in frames:
        if frame.pts is None or frame.time_base is None:
            continue
        frame.pts -= round(begin / frame.time_base)
        if frame.pts * frame.time_base * SAMPLE_RATE >= samples:
            continue  # a timestamp gone mad would have all the silence before it laid out in memory
        line = line or Line.of(
            [
                ("abuffer", _buffer(frame)),
                ("aresample", _ON_TIME),
                ("aformat", _FORMAT),
                ("apad", f"whole_len={samples}"),
                ("abuffersink", ""),
            ]
        )
        line.source.push(frame)
        yield from _drained(line)
    if line is None:
        line = Line.of([("anullsrc", ""), ("aformat", _FORMAT), ("abuffersink", "")])
    else:
        line.source.push(None)
    yield from _drained(line)


def _drained(line: Line) -> Iterator[AudioFrame]:
    while True:
        try:
            piece = line.graph.pull()
        except (BlockingIOError, EOFError):
            return
        piece.pts = None  # a queue counts by itself
        yield cast("AudioFrame", piece)


def _taken(queue: AudioFifo, samples: int) -> AudioFrame:
    taken = queue.read(samples)
    if taken is None:
        raise ValueError(f"there are no {samples} samples of sound, but {queue.samples}")
    return taken


def _buffer(frame: AudioFrame) -> str:
    return (
        f"sample_rate={frame.sample_rate}:sample_fmt={frame.format.name}"
        f":channel_layout={frame.layout.name}:time_base={frame.time_base}"
    )

"""A clip of a film: a file that is opened when its turn comes, and is read once, from beginning to end."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

from airflow_provider_kling.exceptions import KlingError, KlingMediaError
from airflow_provider_kling.media.chain import PictureChain, shape_of
from airflow_provider_kling.media.picture import film_filters
from airflow_provider_kling.media.probe import Survey, survey
from airflow_provider_kling.media.source import blaming, opened, picture_stream
from airflow_provider_kling.video.audio import Sound
from airflow_provider_kling.video.plan import Part, Plan, Span, paced

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream


@dataclass(frozen=True, kw_only=True)
class ClipFile:
    """A clip that is to be joined.

    :param name: what messages call it.
    :param open: returns the file, seekable, at its beginning or not; called twice, and closed each time.
    """

    name: str
    open: Callable[[], BinaryIO]

    def survey(self) -> Survey:
        """Look through it."""
        with self._opened() as file:
            return survey(file, name=self.name)

    @contextmanager
    def container(self) -> Iterator[InputContainer]:
        """Open it for reading."""
        with self._opened() as file, opened(file, name=self.name) as container:
            yield container

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        try:
            file = self.open()
        except KlingError:
            raise
        except Exception as error:  # every storage raises its own
            raise KlingMediaError(f"{self.name} could not be read: {error}") from error
        with file:
            yield file


class Playback:
    """A clip while it is read. Pictures and sound are read each at its own pace, from one pass over the file.

    :param container: the opened clip.
    :param found: what is known of it.
    :param part: what of it goes into the film.
    :param span: where in the film it goes.
    :param size: width and height of the film.
    :param with_sound: whether the film has sound.
    """

    def __init__(
        self,
        container: InputContainer,
        *,
        found: Survey,
        part: Part,
        span: Span,
        plan: Plan,
        size: tuple[int, int],
        with_sound: bool,
    ) -> None:
        self.size = size
        self.pictures: VideoStream = picture_stream(container, name=part.name)
        self._found = found
        self._part = part
        self._span = span
        self._plan = plan
        heard = container.streams.audio[0] if with_sound and found.facts.sound else None
        self._demuxed = container.demux([self.pictures, heard] if heard else [self.pictures])
        # Packets that were read on the way to one of the other stream. They are compressed, so a file whose
        # streams are far apart takes no more memory than its own size.
        self._waiting: dict[int, deque[Packet[Any]]] = defaultdict(deque)
        self._frames = self._converted()
        self._sound = Sound(
            self._sounds(heard) if heard else iter(()),
            begin=part.begin,
            samples=plan.samples(span.end) - plan.samples(span.begin),
        )

    def packets(self) -> Iterator[Packet[Any]]:
        """Yield the packets of the pictures, with their times in frames of the film."""
        for packet in self._packets(self.pictures):
            if packet.pts is None or packet.dts is None:
                continue
            packet.pts, packet.dts = self._frame_at(packet.pts), self._frame_at(packet.dts)
            packet.duration, packet.time_base = 1, 1 / self._plan.fps
            yield packet

    def picture(self) -> VideoFrame:
        """Return the picture for the next frame of the film, in the film's size and colours."""
        with blaming(self._part.name):
            return next(self._frames)

    def sound(self, samples: int) -> AudioFrame:
        """Return the next samples of the clip's sound, at least one."""
        with blaming(self._part.name):
            return self._sound.read(samples)

    def close(self) -> None:
        """Let go of what is decoded; without this, pictures stay in memory until Python looks for cycles."""
        self._frames.close()
        self._sound.close()

    def _converted(self) -> Generator[VideoFrame]:
        width, height = self.size
        chain = PictureChain(filters=partial(film_filters, width=width, height=height))
        decoded: VideoFrame | None = None
        for shown in paced(self._decoded(), fps=self._plan.fps, count=self._span.frames):
            if shown is not decoded:
                shape = shape_of(shown, self.pictures, turn=self._found.shape.turn)
                decoded, picture = shown, chain.convert(shown, shape)
            yield picture

    def _frame_at(self, ticks: int) -> int:
        return self._span.begin + int(
            (ticks * self._found.timing.time_base - self._part.begin) * self._plan.fps
        )

    def _decoded(self) -> Iterator[tuple[Fraction, VideoFrame]]:
        time_base, last = self._found.timing.time_base, None
        for packet in self._packets(self.pictures):
            for frame in self.pictures.decode(packet):
                if frame.pts is None:
                    continue
                seconds, last = frame.pts * time_base - self._part.begin, frame.pts
                if frame.is_corrupt:
                    raise self._damaged(seconds)
                yield seconds, frame
        if last != self._found.timing.shown[-1]:
            raise self._damaged(self._part.seconds)

    def _damaged(self, seconds: Fraction) -> KlingMediaError:
        at = float(seconds + self._part.begin - self._found.timing.begin)
        return KlingMediaError(f"{self._part.name} is damaged {at:.2f} s from its beginning", retryable=False)

    def _sounds(self, stream: Any) -> Iterator[AudioFrame]:
        for packet in self._packets(stream):
            yield from stream.decode(packet)

    def _packets(self, stream: Stream) -> Iterator[Packet[Any]]:
        waiting = self._waiting[stream.index]
        while True:
            while not waiting:
                packet = next(self._demuxed, None)
                if packet is None:
                    return
                self._waiting[packet.stream.index].append(packet)
            yield waiting.popleft()

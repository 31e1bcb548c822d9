"""Putting clips one behind another: their packets as they are, or their pictures and sound encoded anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from airflow_provider_kling.media.chain import Dissolve
from airflow_provider_kling.media.probe import Survey
from airflow_provider_kling.video.audio import cross_faded
from airflow_provider_kling.video.clip import ClipFile, Playback
from airflow_provider_kling.video.film import Film
from airflow_provider_kling.video.plan import Part, Plan, Span

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.container import OutputContainer

Progress = Callable[[int, int, float, float], None]
"""Takes the number of the clip, how many there are, seconds of the film that are done, and seconds in all."""

_REPORT_EVERY_S: Final = 5


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A clip, what is known of it, and where in the film it goes."""

    clip: ClipFile
    found: Survey
    part: Part
    span: Span


class Assembly:
    """Makes a film of scenes.

    :param with_sound: whether the film has sound.
    :param name: what messages call the film.
    """

    def __init__(
        self, scenes: Sequence[Scene], *, plan: Plan, with_sound: bool, name: str, progress: Progress
    ) -> None:
        self._scenes = scenes
        self._plan = plan
        self._with_sound = with_sound
        self._name = name
        self._progress = progress
        self._reported_s = 0.0

    def copy(self, container: OutputContainer) -> None:
        """Take over the packets of the pictures, and encode the sound."""
        film: Film | None = None
        for number, scene in enumerate(self._scenes, 1):
            with self._playing(scene, size=scene.found.shape.shown_size) as playback:
                film = film or Film.copying(
                    container,
                    like=playback.pictures,
                    sound=self._with_sound,
                    fps=self._plan.fps,
                    name=self._name,
                )
                packets = islice(playback.packets(), scene.span.frames)
                for frame, packet in enumerate(packets, scene.span.begin):
                    self._report(number, frame)
                    film.add_packet(packet)
                    film.add_sound(self._heard(playback, frame))
            self._report(number, scene.span.end, done=True)
        if film is not None:
            film.finish()

    def encode(self, container: OutputContainer, *, width: int, height: int) -> None:
        """Encode pictures and sound in one size and at one rate, with cross-fades where they are planned."""
        fade = self._plan.fade
        film = Film.encoding(
            container,
            width=width,
            height=height,
            sound=self._with_sound,
            fps=self._plan.fps,
            name=self._name,
        )
        with ExitStack() as fading:  # keeps the clip before open until it has faded into the present one
            before: Playback | None = None
            for number, scene in enumerate(self._scenes, 1):
                with ExitStack() as opened:
                    playback = opened.enter_context(self._playing(scene, size=(width, height)))
                    begin, end = scene.span.begin, scene.span.end
                    if number < len(self._scenes):
                        end -= fade
                    if before is not None and fade:
                        self._cross_fade(film, before, playback, at=begin)
                        begin += fade
                    fading.close()
                    for frame in range(begin, end):
                        self._report(number, frame)
                        film.add_picture(playback.picture())
                        film.add_sound(self._heard(playback, frame))
                    before = playback
                    if fade:
                        fading.push(opened.pop_all())
                self._report(number, end, done=True)
        film.finish()

    def _cross_fade(self, film: Film, first: Playback, second: Playback, *, at: int) -> None:
        fade = self._plan.fade
        dissolve = Dissolve(size=first.size, steps=fade)
        for _ in range(fade):
            film.add_picture(dissolve.blend(first.picture(), second.picture()))
        if self._with_sound:
            samples = self._plan.samples(at + fade) - self._plan.samples(at)
            film.add_sound(cross_faded(first.sound(samples), second.sound(samples)))

    def _heard(self, playback: Playback, frame: int) -> AudioFrame | None:
        """Return the sound that goes with a frame; None where the film has none."""
        if not self._with_sound:
            return None
        return playback.sound(self._plan.samples(frame + 1) - self._plan.samples(frame))

    @contextmanager
    def _playing(self, scene: Scene, *, size: tuple[int, int]) -> Iterator[Playback]:
        with scene.clip.container() as container:
            playback = Playback(
                container,
                found=scene.found,
                part=scene.part,
                span=scene.span,
                plan=self._plan,
                size=size,
                with_sound=self._with_sound,
            )
            with closing(playback):
                yield playback

    def _report(self, number: int, frame: int, *, done: bool = False) -> None:
        seconds = self._plan.seconds(frame)
        if done or seconds - self._reported_s >= _REPORT_EVERY_S:
            self._reported_s = seconds
            self._progress(number, len(self._scenes), seconds, self._plan.seconds(self._plan.frames))

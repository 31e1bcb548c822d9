"""The operators that work on video files themselves (extra ``media``). They cost nothing at the service."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk import BaseOperator

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.generation.failure import failing_fast
from airflow_provider_kling.generation.files import file_at, open_for_reading, reading, write
from airflow_provider_kling.generation.storing import write_poster
from airflow_provider_kling.generation.templates import is_rendered_later
from airflow_provider_kling.media.frames import Edge, read_frame
from airflow_provider_kling.media.picture import ImageFormat
from airflow_provider_kling.video.clip import ClipFile
from airflow_provider_kling.video.concat import Joined, check_options, join

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)

__all__ = ["VideoConcatOperator", "VideoFrameOperator"]

_CHUNK_BYTES: Final = 1024 * 1024
_FORMATS: Final = {".png": ImageFormat.PNG, ".jpg": ImageFormat.JPEG, ".jpeg": ImageFormat.JPEG}


class VideoFrameOperator(BaseOperator):
    """Take one frame out of a video, as a PNG or a JPEG.

    The last frame is the last one that can be decoded, in the order of showing, also where the frame rate
    varies. The next generation can start from it.

    :param source: the video's URI on any storage Airflow knows, or the dict of a generation that was stored
        (templated).
    :param output: the picture's URI; it ends in ``.png``, ``.jpg`` or ``.jpeg`` (templated).
    :param at: ``first``, ``last``, or seconds from the beginning, for what is shown then (templated).
    :param quality: of a JPEG, from 1 to 100.
    :returns: ``{"uri", "source", "format", "width", "height", "seconds", "bytes", "sha256"}``; ``seconds`` is
        when the video shows the frame.
    """

    template_fields: Sequence[str] = ("source", "output_uri", "at")

    def __init__(
        self,
        *,
        source: str | Mapping[str, Any],
        output: str,
        at: str | float = Edge.LAST.value,
        quality: int = 90,
        multiple_outputs: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(multiple_outputs=multiple_outputs, **kwargs)
        self.source = source
        self.output_uri = output
        self.at = at
        self.quality = quality
        with failing_fast():
            if not is_rendered_later(at):
                _position(at)
            if not is_rendered_later(output):
                _format(output)

    def execute(self, context: Context) -> dict[str, Any]:
        """Read the frame, store it, and return what it is."""
        del context
        with failing_fast():
            position, image = _position(self.at), _format(self.output_uri)
            source = file_at(_stored_uri(self.source, field="source"))
            with reading(source) as video:
                still = read_frame(video, name=source.name, at=position, image=image, quality=self.quality)
            target = file_at(self.output_uri)
            sha256 = write(target, [still.content])
        log.info("Took the frame at %.3f s of %s, as %s", still.seconds, source, target)
        return {
            "uri": str(target),
            "source": str(source),
            "format": still.image.value,
            "width": still.width,
            "height": still.height,
            "seconds": still.seconds,
            "bytes": len(still.content),
            "sha256": sha256,
        }


class VideoConcatOperator(BaseOperator):
    """Join videos, in order, into one film: an MP4 with H.264 and, where any of them has sound, AAC.

    Videos that are alike are joined without loss. Others are encoded anew, which takes a worker's processor
    for about as long as the film lasts: black fills what a picture of another shape leaves free, and a video
    without sound is silent. All are looked through before anything is made; the film is made on the worker's
    disk and stored when its length is right. It takes the memory of a few pictures, however long it is.

    :param clips: two or more; each is a video's URI on any storage Airflow knows, or the dict of a generation
        that was stored. What a mapped task returned is such a list (templated).
    :param output: the film's URI; it ends in ``.mp4``. What lies there is replaced (templated).
    :param size: width and height in pixels, even; by default the first video's.
    :param fps: frames a second, at most 120, such as 24 or ``"30000/1001"``; by default the first video's.
    :param fade_s: seconds in which each video fades into the next one; the film is as much shorter.
    :param trim_frames: frames to leave out at the beginning of each video but the first. A generation that
        starts from the last frame of the one before shows that frame again: 1 takes it out.
    :returns: ``{"uri", "poster_uri", "clips", "method", "frames", "duration_s", "width", "height", "fps",
        "has_audio", "bytes", "sha256"}``; ``clips`` is how many there were, ``method`` is ``copied`` or
        ``encoded``, and ``poster_uri`` a JPEG beside the film.
    """

    template_fields: Sequence[str] = ("clips", "output_uri")

    def __init__(
        self,
        *,
        clips: Sequence[str | Mapping[str, Any]] | Any,
        output: str,
        size: Sequence[int] | None = None,
        fps: float | str | Fraction | None = None,
        fade_s: float = 0.0,
        trim_frames: int = 0,
        multiple_outputs: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(multiple_outputs=multiple_outputs, **kwargs)
        self.clips = clips
        self.output_uri = output
        self.size = size
        self.fps = fps
        self.fade_s = fade_s
        self.trim_frames = trim_frames
        with failing_fast():
            check_options(**self._options())
            if not is_rendered_later(clips):
                _clip_uris(clips)
            if not is_rendered_later(output):
                _check_film(output)

    def execute(self, context: Context) -> dict[str, Any]:
        """Join the videos, store the film, and return what it is."""
        del context
        with failing_fast(), tempfile.TemporaryDirectory(prefix="kling-film-") as folder:
            uris = _clip_uris(self.clips)
            _check_film(self.output_uri)
            target = file_at(self.output_uri)
            film = Path(folder) / target.name
            made = join([_clip_file(uri) for uri in uris], film, progress=_tell, **self._options())
            sha256 = write(target, _chunks(film))
            poster = write_poster(target)
        log.info("Joined %d videos into %s: %.2f s, %s", len(uris), target, made.seconds, made.method.value)
        return {
            "uri": str(target),
            "poster_uri": poster,
            "clips": len(uris),
            **_described(made),
            "sha256": sha256,
        }

    def _options(self) -> dict[str, Any]:
        return {
            "size": None if self.size is None else _size(self.size),
            "fps": None if self.fps is None else _rate(self.fps),
            "fade_s": self.fade_s,
            "trim_frames": self.trim_frames,
        }


def _stored_uri(source: object, *, field: str) -> str:
    """Return the URI that a source stands for: itself, or where a generation's result was stored.

    :raises KlingRequestError: it is neither, or the result was not stored.
    """
    uri = source.get("uri") if isinstance(source, Mapping) else source
    if not isinstance(uri, str) or not uri:
        rule = "must be a URI, or the result of a generation with an `output`"
        raise _refused("video", field=field, rule=rule, value=source)
    return uri


def _refused(subject: str, *, field: str, rule: str, value: object) -> KlingRequestError:
    return KlingRequestError(subject=subject, broken=[BrokenRule(field=field, rule=rule, value=value)])


def _position(at: object) -> Edge | float:
    if isinstance(at, str) and at in [edge.value for edge in Edge]:
        return Edge(at)
    try:
        seconds = float(at)  # type: ignore[arg-type]  # anything may stand there
    except (TypeError, ValueError):
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        rule = "must be 'first', 'last' or seconds from the beginning"
        raise _refused("frame", field="at", rule=rule, value=at)
    return seconds


def _format(output: str) -> ImageFormat:
    found = next((image for ending, image in _FORMATS.items() if output.lower().endswith(ending)), None)
    if found is None:
        raise _refused("frame", field="output", rule=f"must end in {' or '.join(_FORMATS)}", value=output)
    return found


def _clip_uris(clips: object) -> list[str]:
    # What a mapped task returned is a sequence that Airflow fills while it is read.
    found = list(clips) if isinstance(clips, Sequence) and not isinstance(clips, str | bytes) else None
    if found is None or len(found) < 2:
        rule = "must be a list of two or more videos; there is nothing to join otherwise"
        raise _refused("film", field="clips", rule=rule, value=clips if found is None else found)
    return [_stored_uri(clip, field=f"clips[{number}]") for number, clip in enumerate(found)]


def _size(size: Sequence[int]) -> tuple[int, int]:
    if len(size) != 2 or not all(isinstance(side, int) for side in size):
        raise _refused("film", field="size", rule="must be two numbers of pixels", value=size)
    return size[0], size[1]


def _rate(fps: float | str | Fraction) -> Fraction:
    try:
        return Fraction(fps)
    except (ArithmeticError, TypeError, ValueError):
        raise _refused("film", field="fps", rule="must be a number of frames a second", value=fps) from None


def _check_film(output: str) -> None:
    if not output.lower().endswith(".mp4"):
        raise _refused("film", field="output", rule="must end in .mp4", value=output)


def _clip_file(uri: str) -> ClipFile:
    path = file_at(uri)
    return ClipFile(name=str(path), open=partial(open_for_reading, path))


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _tell(number: int, clips: int, seconds: float, whole: float) -> None:
    log.info("Joined %.1f of %.1f s, up to video %d of %d", seconds, whole, number, clips)


def _described(film: Joined) -> dict[str, Any]:
    return {
        "method": film.method.value,
        "frames": film.frames,
        "duration_s": round(film.seconds, 3),
        "width": film.width,
        "height": film.height,
        "fps": round(film.fps, 3),
        "has_audio": film.has_sound,
        "bytes": film.size,
    }

"""The operators that work on stored video files (extra ``media``). They cost nothing at the service."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping, Sequence
from datetime import timedelta
from fractions import Fraction
from functools import partial
from os import PathLike
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, Final

from airflow.sdk import Context, ObjectStoragePath

from airflow_provider_kling.arguments import Arguments, plain
from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.generation.failure import failing_fast
from airflow_provider_kling.generation.files import file_at, is_same_file, reading
from airflow_provider_kling.generation.output_file import check_writable, write_free
from airflow_provider_kling.generation.poster import write_poster
from airflow_provider_kling.generation.report import Report
from airflow_provider_kling.generation.templates import known_now
from airflow_provider_kling.journal.logical_task import LogicalTask
from airflow_provider_kling.media.reader import MediaReader
from airflow_provider_kling.media.source_file import SourceFile
from airflow_provider_kling.media.still_image import Edge
from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.operators.mapped_output import MappedOutput
from airflow_provider_kling.operators.media_arguments import IMAGE_FORMATS, ConcatArguments, FrameArguments
from airflow_provider_kling.video.concatenator import Concatenator
from airflow_provider_kling.video.options import ConcatOptions

log = logging.getLogger(__name__)

__all__ = ["VideoConcatOperator", "VideoFrameOperator"]

_CHUNK_BYTES: Final = 1024 * 1024


class VideoFrameOperator(MappedOutput):
    """Extract one frame of a stored video as a PNG or a JPEG, for example to start the next generation.

    Only the part of the video around the frame is read. The image is upright, has square pixels, and is
    written under a temporary name that becomes the final one when the file is complete.

    :param source: the URI of the video on any storage that Airflow supports, a path object, or the dict that
        a generation with an ``output`` returned (templated).
    :param output: the URI of the image, or a path object; its extension ``.png``, ``.jpg`` or ``.jpeg``
        decides the format. A file that is not this task's is never replaced: the task fails (templated).
    :param at: which frame. ``"first"`` or ``"last"``: the first or the last frame that can be decoded, in
        presentation order. A number of seconds (or a ``timedelta``) from the first frame: the frame that is
        displayed then (templated).
    :param quality: of a JPEG, from 1 (smallest file) to 100 (best image); a PNG is lossless.
    :param multiple_outputs: push each key of the result as an XCom of its own too, for
        ``task.output["uri"]``.
    :param kwargs: the arguments of every operator, such as ``task_id``, ``retries`` and ``pool``.
    :returns: a dict. ``uri``: of the image. ``source``: the URI of the video. ``format``: ``png`` or ``jpg``.
        ``width``, ``height``: pixels. ``seconds``: the presentation time of the frame, from the first frame
        of the video. ``bytes``: the size of the image. ``sha256``: its hash, in hexadecimal.
    :raises KlingRequestError: an argument is invalid; a literal one fails the import of the DAG.
    :raises KlingMediaError: the video is shorter than ``at``, is damaged, is no video, or takes too much
        memory or time to decode (all not retryable), or a file cannot be read or written (retryable).
        Also where the extra ``media`` is not installed (not retryable).
    """

    template_fields: Sequence[str] = ("source", "output_uri", "at")
    _ARGUMENTS: ClassVar[tuple[type[Arguments], ...]] = (FrameArguments,)

    def __init__(
        self,
        *,
        source: str | PathLike[str] | ObjectStoragePath | Mapping[str, Any],
        output: str | PathLike[str] | ObjectStoragePath,
        at: str | float | timedelta = Edge.LAST.value,
        quality: int = 90,
        multiple_outputs: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(multiple_outputs=multiple_outputs, **kwargs)
        self.source = plain(source)
        self.output_uri = plain(output)
        self.at = at
        with failing_fast():
            known = known_now({"source": self.source, "output": self.output_uri, "at": at})
            checked = FrameArguments.read({**known, "quality": quality}, subject=type(self).__name__)
        self.quality = checked.quality

    def execute(self, context: Context) -> dict[str, Any]:
        """Extract and store the frame; return the dict that the class describes."""
        given = {"source": plain(self.source), "output": plain(self.output_uri), "at": self.at}
        report = self._report = Report(context=context)
        with failing_fast(), report.failures():
            checked = FrameArguments.read(given, subject=type(self).__name__)
            report.reads = (checked.source,)
            report.know({"title": f"Frame of {PurePosixPath(checked.source).name}"})
            image_format = IMAGE_FORMATS[PurePosixPath(checked.output).suffix.lower()]
            source = file_at(checked.source)
            target, author = file_at(checked.output), LogicalTask.of(context)
            check_writable(target, author=author)
            with MediaReader() as reader, reading(source) as video:
                still = reader.frame(
                    video, name=source.name, at=checked.at, image_format=image_format, quality=self.quality
                )
            sha256 = write_free(target, [still.content], author=author, sources=[str(source)])
        if still.hdr:
            log.warning("%s has a high dynamic range, which is not mapped, so the frame looks pale", source)
        log.info("Extracted the frame at %.3f s of %s, as %s", still.seconds, source, target)
        described = {
            "uri": str(target),
            "source": str(source),
            "format": still.format.value,
            "width": still.width,
            "height": still.height,
            "seconds": still.seconds,
            "bytes": len(still.content),
            "sha256": sha256,
        }
        report.made({"type": MediaType.IMAGE, **described})
        return described


class VideoConcatOperator(MappedOutput):
    """Concatenate stored videos, in order, into an MP4 with H.264 and, if any of them has audio, AAC.

    Videos that are alike are copied without loss. Otherwise all are encoded, which takes a worker's processor
    for about as long as the output lasts: a frame of another shape is padded with black, and a video without
    audio is silent. All videos are scanned before anything is written. The output is made on the worker's
    disk, which needs the space, and is copied to the storage when its length is right. The memory is that of
    a few frames.

    :param clips: two or more, each as a URI on any storage that Airflow supports, a path object, or as the
        dict that a generation with an ``output`` returned. The output of a mapped task is such a list
        (templated).
    :param output: the URI of the result, or a path object; it ends in ``.mp4``. A file that is not this
        task's is never replaced: the task fails before anything is read (templated).
    :param size: width and height in pixels, two even numbers from 2 to 8192; by default the first video's.
    :param fps: frames a second, more than 0 and at most 120, such as ``24`` or ``"30000/1001"``; by default
        the first video's.
    :param fade_s: seconds (or a ``timedelta``) of the cross-fade between two videos, 0 or more; each makes
        the output as much shorter.
    :param trim_frames: how many frames to leave out at the start of each video but the first, 0 or more. A
        generation that starts from the last frame of the video before repeats that frame; ``1`` leaves it
        out.
    :param multiple_outputs: push each key of the result as an XCom of its own too, for
        ``task.output["uri"]``.
    :param kwargs: the arguments of every operator, such as ``task_id``, ``retries`` and ``pool``.
    :returns: a dict. ``uri``: of the result. ``poster_uri``: of a JPEG beside it, or None. ``clips``: how
        many there were. ``method``: ``copied`` or ``encoded``. ``frames``: how many the result has.
        ``duration_s``: seconds. ``width``, ``height``: pixels. ``fps``: frames a second. ``has_audio``: a
        bool. ``warnings``: what of a video is not in the result as it should be, such as audio of a codec
        that cannot be decoded, as a list of sentences. ``bytes``: its size. ``sha256``: its hash, in
        hexadecimal.
    :raises KlingRequestError: an argument is invalid; a literal one fails the import of the DAG.
    :raises KlingMediaError: a video is damaged, too short for the options, or takes too much memory or time
        to decode (not retryable), or a file cannot be read or written (retryable). Also
        where the extra ``media`` is not installed (not retryable).
    """

    template_fields: Sequence[str] = ("clips", "output_uri")
    _ARGUMENTS: ClassVar[tuple[type[Arguments], ...]] = (ConcatArguments,)

    def __init__(
        self,
        *,
        clips: Sequence[str | PathLike[str] | ObjectStoragePath | Mapping[str, Any]] | Any,
        output: str | PathLike[str] | ObjectStoragePath,
        size: Sequence[int] | None = None,
        fps: float | str | Fraction | None = None,
        fade_s: float | timedelta = 0.0,
        trim_frames: int = 0,
        multiple_outputs: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(multiple_outputs=multiple_outputs, **kwargs)
        self.clips = plain(clips)
        self.output_uri = plain(output)
        literals = {"size": size, "fps": fps, "fade_s": fade_s, "trim_frames": trim_frames}
        with failing_fast():
            known = known_now({"clips": self.clips, "output": self.output_uri})
            self.options = _options({**known, **literals}, subject=type(self).__name__)

    @classmethod
    def check_given(cls, given: Mapping[str, Any]) -> None:
        """Check some of the arguments, while there is no operator with the rest."""
        super().check_given(given)
        options = {name: value for name, value in given.items() if name in ConcatOptions.__dataclass_fields__}
        with failing_fast():
            _options(options, subject=cls.__name__)

    def execute(self, context: Context) -> dict[str, Any]:
        """Concatenate the videos and store the result; return the dict that the class describes."""
        given = {"clips": plain(self.clips), "output": plain(self.output_uri)}
        report = self._report = Report(context=context)
        with (
            failing_fast(),
            report.failures(),
            tempfile.TemporaryDirectory(prefix="kling-concat-") as folder,
        ):
            checked = ConcatArguments.read(given, subject=type(self).__name__)
            report.know({"title": f"{len(checked.clips)} videos joined"})
            report.reads = tuple(checked.clips)
            files = [file_at(uri) for uri in checked.clips]
            target, author = file_at(checked.output), LogicalTask.of(context)
            if any(is_same_file(target, file) for file in files):
                broken = BrokenRule(field="output", rule="must not be one of the clips", value=checked.output)
                raise KlingRequestError(subject=type(self).__name__, broken=[broken])
            check_writable(target, author=author)
            local = Path(folder) / target.name
            clips = [SourceFile(name=str(file), open=partial(reading, file)) for file in files]
            with Concatenator.for_options(self.options) as concatenator:
                result = concatenator.concat(clips, local, options=self.options, progress=_log_progress)
                with local.open("rb") as made:
                    chunks = iter(partial(made.read, _CHUNK_BYTES), b"")
                    sha256 = write_free(target, chunks, author=author, sources=[str(file) for file in files])
                size = local.stat().st_size
                poster_uri = write_poster(target, reader=concatenator, author=author)
        info, duration_s = result.info, result.info.duration_s or 0.0
        warnings = [f"{files[number]} {warning}" for number, warning in result.warnings]
        for warning in warnings:
            log.warning("%s", warning)
        log.info("Concatenated %d videos into %s: %.2f s, %s", len(clips), target, duration_s, result.method)
        described = {
            "uri": str(target),
            "poster_uri": poster_uri,
            "clips": len(clips),
            "method": result.method.value,
            "frames": info.frames,
            "duration_s": round(duration_s, 3),
            "width": info.width,
            "height": info.height,
            "fps": round(info.fps or 0.0, 3),
            "has_audio": info.audio_codec is not None,
            "warnings": warnings,
            "bytes": size,
            "sha256": sha256,
        }
        report.made({"type": MediaType.VIDEO, **described})
        return described


def _options(given: Mapping[str, Any], *, subject: str) -> ConcatOptions:
    checked = ConcatArguments.read(given, subject=subject)
    return ConcatOptions(
        size=checked.size, fps=checked.fps, fade_s=checked.fade_s, trim_frames=checked.trim_frames
    )


def _log_progress(number: int, clips: int, seconds: float, total_s: float) -> None:
    log.info("Concatenated %.1f of %.1f s, up to video %d of %d", seconds, total_s, number, clips)

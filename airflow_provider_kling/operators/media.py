"""The operators that work on video files themselves (extra ``media``). They cost nothing at the service."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, ObjectStoragePath

from airflow_provider_kling.exceptions import BrokenRule, KlingMediaError, KlingRequestError
from airflow_provider_kling.media.frames import Edge, read_frame
from airflow_provider_kling.media.picture import ImageFormat
from airflow_provider_kling.operators.failure import failing_fast
from airflow_provider_kling.operators.storing import land
from airflow_provider_kling.operators.templates import is_rendered_later

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)

__all__ = ["VideoFrameOperator"]

_FORMATS = {".png": ImageFormat.PNG, ".jpg": ImageFormat.JPEG, ".jpeg": ImageFormat.JPEG}


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
            source = ObjectStoragePath(stored_uri(self.source))
            try:
                with source.open("rb") as video:  # type: ignore[no-untyped-call]
                    still = read_frame(
                        video, name=source.name, at=position, image=image, quality=self.quality
                    )
            except (OSError, ValueError) as error:
                raise KlingMediaError(f"{source} cannot be read ({type(error).__name__}: {error})") from error
            target = ObjectStoragePath(self.output_uri)
            sha256 = land(target, still.content)
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


def stored_uri(source: object) -> str:
    """Return the URI that a source stands for: itself, or where a generation's result was stored.

    :raises KlingRequestError: it is neither, or the result was not stored.
    """
    uri = source.get("uri") if isinstance(source, Mapping) else source
    if not isinstance(uri, str) or not uri:
        rule = BrokenRule(
            field="source", rule="must be a URI, or the result of a generation with an `output`", value=source
        )
        raise KlingRequestError(subject="video", broken=[rule])
    return uri


def _position(at: object) -> Edge | float:
    if isinstance(at, str) and at in [edge.value for edge in Edge]:
        return Edge(at)
    try:
        seconds = float(at)  # type: ignore[arg-type]  # anything may stand there
    except (TypeError, ValueError):
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        rule = BrokenRule(field="at", rule="must be 'first', 'last' or seconds from the beginning", value=at)
        raise KlingRequestError(subject="frame", broken=[rule])
    return seconds


def _format(output: str) -> ImageFormat:
    found = next((image for ending, image in _FORMATS.items() if output.lower().endswith(ending)), None)
    if found is None:
        rule = BrokenRule(field="output", rule=f"must end in {' or '.join(_FORMATS)}", value=output)
        raise KlingRequestError(subject="frame", broken=[rule])
    return found

"""Looking at a file before it is sent: whether it is what its field wants, within what the documents say."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.facts import MediaFacts
from airflow_provider_kling.media.kind import HEAD_BYTES, MediaKind, sniff
from airflow_provider_kling.media.library import HAS_LIBRARY
from airflow_provider_kling.media.probe import probe
from airflow_provider_kling.models import MediaLimits, Medium

_SLACK = 0.05  # seconds, and frames a second: containers round

_KINDS = {
    Medium.IMAGE: frozenset({MediaKind.PNG, MediaKind.JPEG, MediaKind.WEBP, MediaKind.GIF}),
    Medium.VIDEO: frozenset({MediaKind.MP4, MediaKind.WEBM}),
    Medium.SOUND: frozenset({MediaKind.MP3, MediaKind.WAV, MediaKind.AAC, MediaKind.MP4}),
}


@dataclass(frozen=True, kw_only=True)
class InputFile:
    """A file that was read to be sent.

    :param name: without its folder, for people.
    """

    name: str
    content: bytes = field(repr=False)

    @property
    def kind(self) -> MediaKind | None:
        """What the file is, told from its first bytes."""
        return sniff(self.content[:HEAD_BYTES])


def broken_limits(file: InputFile, *, medium: Medium, limits: MediaLimits) -> list[str]:
    """Return the rules that a file breaks, as phrases that follow its field's name.

    What takes decoding (sides, length, frame rate) is looked at where the extra ``media`` is installed; the
    length of a sound is left to the service.
    """
    if file.kind not in _KINDS[medium]:
        return [f"must be a file with {'an' if medium is Medium.IMAGE else 'a'} {medium}"]
    broken = list(_broken(file, limits))
    if broken or medium is Medium.SOUND or limits == MediaLimits() or not HAS_LIBRARY:
        return broken
    try:
        facts = probe(io.BytesIO(file.content), name=file.name)
    except KlingMediaError as error:
        return [f"must be a file that can be decoded: {error}"]
    return list(_broken_by_picture(facts, limits))


def _broken(file: InputFile, limits: MediaLimits) -> Iterator[str]:
    if limits.formats is not None and not _is_of(file.kind, limits.formats):
        yield f"must be a file in the format {' or '.join(limits.formats)}"
    if limits.max_bytes is not None and len(file.content) > limits.max_bytes:
        yield f"must have at most {limits.max_bytes} bytes"


def _broken_by_picture(facts: MediaFacts, limits: MediaLimits) -> Iterator[str]:
    short, long = sorted((facts.width, facts.height))
    low, high = limits.side
    size = f"got {facts.width}x{facts.height}"
    if low is not None and short < low:
        yield f"must have sides of at least {low} px; {size}"
    if high is not None and long > high:
        yield f"must have sides of at most {high} px; {size}"
    if limits.max_ratio is not None and long > limits.max_ratio * short:
        yield f"must be at most {limits.max_ratio:g} times as long as wide; {size}"
    for value, (least, most), what in (
        (facts.seconds, limits.seconds, "seconds"),
        (facts.fps, limits.fps, "frames a second"),
    ):
        if value is None:
            continue
        if least is not None and value < least - _SLACK:
            yield f"must have at least {least:g} {what}; got {value:.2f}"
        if most is not None and value > most + _SLACK:
            yield f"must have at most {most:g} {what}; got {value:.2f}"


def _is_of(kind: MediaKind | None, formats: tuple[str, ...]) -> bool:
    # Sound in an MP4 container goes by the name of m4a.
    return kind is not None and (kind.value in formats or (kind is MediaKind.MP4 and "m4a" in formats))

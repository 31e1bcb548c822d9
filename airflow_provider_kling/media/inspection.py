"""Looking at a file before it is sent: whether it is what its field wants, within what the documents say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from airflow_provider_kling.media.kind import HEAD_BYTES, MediaKind, sniff
from airflow_provider_kling.requests import MediaLimits, Medium

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
    """Return the rules that a file breaks, as phrases that follow its field's name."""
    if file.kind not in _KINDS[medium]:
        return [f"must be a file with {'an' if medium is Medium.IMAGE else 'a'} {medium}"]
    return list(_broken(file, limits))


def _broken(file: InputFile, limits: MediaLimits) -> Iterator[str]:
    if limits.formats is not None and not _is_of(file.kind, limits.formats):
        yield f"must be a file in the format {' or '.join(limits.formats)}"
    if limits.max_bytes is not None and len(file.content) > limits.max_bytes:
        yield f"must have at most {limits.max_bytes} bytes"


def _is_of(kind: MediaKind | None, formats: tuple[str, ...]) -> bool:
    # Sound in an MP4 container goes by the name of m4a.
    return kind is not None and (kind.value in formats or (kind is MediaKind.MP4 and "m4a" in formats))

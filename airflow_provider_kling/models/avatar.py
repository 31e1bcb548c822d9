"""A portrait that speaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from airflow_provider_kling.exceptions import BrokenRule
from airflow_provider_kling.models.base import KlingRequest
from airflow_provider_kling.models.fields import Media, Mode, Prompt
from airflow_provider_kling.models.media_limits import SPEECH, MediaLimits, Medium
from airflow_provider_kling.models.rules import exactly_one


class AvatarRequest(KlingRequest):
    """A clip in which a portrait speaks, with ``kling-avatar``. It is as long as the sound.

    :param image: the portrait, a public URL or Base64.
    :param audio_id: a sound made by Kling's speech service, at most 30 days old and 2 to 300 s long. The
        service offers no way to make one.
    :param sound_file: a sound, a public URL or Base64: mp3, wav, m4a or aac, at most 5 MB, 2 to 300 s long.
        Exactly one of ``audio_id`` and ``sound_file`` is given.
    :param prompt: how to move, 1 to 2500 characters.
    :param mode: ``std`` (default) or ``pro``, which costs about twice as much.
    """

    media_limits: ClassVar[Mapping[Medium, MediaLimits]] = SPEECH
    single_slug: ClassVar[str] = "kling-avatar"

    image: Media
    audio_id: str | None = None
    sound_file: Media | None = None
    prompt: Prompt | None = None
    mode: Mode = "std"

    @classmethod
    def conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        """Yield what the fields break together."""
        yield from exactly_one(given, "sound_file", "audio_id")

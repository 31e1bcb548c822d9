"""The omni video models, O1 and V3: a clip from text, from reference images, or by editing a video."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from airflow_provider_kling.exceptions import BrokenRule
from airflow_provider_kling.models.base import KlingRequest
from airflow_provider_kling.models.fields import (
    AspectRatio,
    FiveOrTen,
    Media,
    Mode,
    OnOff,
    Prompt,
    ThreeToFifteen,
    inferred,
)


class OmniVideoRequest(KlingRequest):
    """What the omni video models share, in the fields of the service's documents of April 2026.

    :param prompt: what the clip should show, 1 to 2500 characters. Always needed.
    :param multi_shot: let the model cut between several shots. Needs ``shot_type``.
    :param shot_type: ``intelligence``, with ``multi_shot`` only.
    :param images: reference images, at least one; each a public URL or Base64. Kling's own platform takes at
        most 7, and 4 next to a video (inferred to hold here; only warned of).
    :param videos: exactly one video to edit or follow; a public URL or Base64. The clip is then silent
        and as long as the source, so ``sound`` stays off and ``duration`` is left out.
    :param sound: ``on`` adds generated sound. Default ``off``.
    :param mode: ``std`` is 720p, ``pro`` is 1080p and costs a third more. Default ``pro``, which for O1 is
        inferred from the page of ``kling-v3-omni-video``.
    :param aspect_ratio: ``16:9``, ``9:16`` or ``1:1``.
    """

    prompt: Prompt
    multi_shot: bool = False
    shot_type: Literal["intelligence"] | None = None
    images: (
        Annotated[
            list[Media],
            Field(min_length=1),
            inferred("have at most 7 items", lambda images: len(images) <= 7),
        ]
        | None
    ) = None
    videos: Annotated[list[Media], Field(min_length=1, max_length=1)] | None = None
    sound: OnOff = "off"
    mode: Mode = "pro"
    aspect_ratio: AspectRatio | None = None

    @classmethod
    def conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        """Yield what the fields break together."""
        shots = frozenset({"multi_shot", "shot_type"})
        if given.get("multi_shot") is True and "shot_type" not in given:
            yield BrokenRule(
                field="shot_type", rule='must be "intelligence" when multi_shot is true', involves=shots
            )
        if given.get("multi_shot") is not True and "shot_type" in given:
            yield BrokenRule(
                field="shot_type",
                rule="must be left out when multi_shot is not true",
                value=given["shot_type"],
                involves=shots,
            )
        if "videos" not in given:
            return
        if given.get("sound") == "on":
            yield BrokenRule(
                field="sound",
                rule='must be "off" when videos is given',
                value=given["sound"],
                involves=frozenset({"sound", "videos"}),
            )
        if "duration" in given:
            yield BrokenRule(
                field="duration",
                rule="must be left out when videos is given: the clip is as long as its source",
                value=given["duration"],
                involves=frozenset({"duration", "videos"}),
            )


class VideoO1Request(OmniVideoRequest):
    """A clip from text, from reference images, or by editing a video, with ``kling-video-o1``.

    :param duration: length in seconds, 5 or 10. Price grows with it.
    """

    single_slug: ClassVar[str] = "kling-video-o1"

    duration: FiveOrTen | None = None


class V3OmniVideoRequest(OmniVideoRequest):
    """A clip from text, from reference images, or by editing a video, with ``kling-v3-omni-video``.

    :param duration: length in seconds, 3 to 15. Price grows with it.
    """

    single_slug: ClassVar[str] = "kling-v3-omni-video"

    duration: ThreeToFifteen | None = None

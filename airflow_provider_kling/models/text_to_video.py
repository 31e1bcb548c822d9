"""Clips from text, in the fields of the service's documents up to July 2026."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow_provider_kling.models.base import KlingRequest
from airflow_provider_kling.models.fields import (
    AspectRatio,
    FiveOrTen,
    Mode,
    OnOff,
    Prompt,
    ThreeToFifteen,
    UnitInterval,
)


class TextToVideoRequest(KlingRequest):
    """A clip from text, in one quality: the V2 and V2.1 master models.

    :param prompt: what the clip should show, 1 to 2500 characters.
    :param negative_prompt: what it should not show, 1 to 2500 characters.
    :param aspect_ratio: ``16:9`` (default), ``9:16`` or ``1:1``.
    :param duration: length in seconds, 5 (default) or 10. Price grows with it.
    """

    prompt: Prompt
    negative_prompt: Prompt | None = None
    aspect_ratio: AspectRatio = "16:9"
    duration: FiveOrTen = 5


class V25TurboTextToVideoRequest(TextToVideoRequest):
    """A clip from text with ``kling-v2.5-turbo-t2v``.

    :param mode: ``std`` (default) or ``pro``, which costs more.
    """

    mode: Mode = "std"


class V26TextToVideoRequest(V25TurboTextToVideoRequest):
    """A clip from text, with sound, with ``kling-v2.6-t2v``.

    :param sound: ``on`` (default) adds generated sound, ``off`` leaves the clip silent.
    """

    single_slug: ClassVar[str] = "kling-v2.6-t2v"

    sound: OnOff = "on"


class V16TextToVideoRequest(V25TurboTextToVideoRequest):
    """A clip from text with ``kling-v1.6-t2v``.

    :param cfg_scale: how closely to follow the prompt, 0 to 1. Default 0.5.
    """

    cfg_scale: UnitInterval = 0.5


class V1TextToVideoRequest(V16TextToVideoRequest):
    """A clip from text, with camera movements, with ``kling-v1-t2v``.

    :param camera_control: a dict with ``type`` and ``config``; what they hold is not documented here.
    """

    camera_control: dict[str, Any] | None = None


class V3TextToVideoRequest(KlingRequest):
    """A clip from text with ``kling-v3-t2v``, in its fields of April 2026.

    :param prompt: what the clip should show, 1 to 2500 characters.
    :param negative_prompt: what it should not show, 1 to 2500 characters.
    :param sound: ``on`` adds generated sound, and costs about half as much again. Default ``off`` (inferred).
    :param cfg_scale: how closely to follow the prompt, 0 to 1.
    :param mode: ``std`` (default, inferred) or ``pro``, which costs a third more.
    :param aspect_ratio: ``16:9`` (default, inferred), ``9:16`` or ``1:1``.
    :param duration: length in seconds, 3 to 15. Default 5 (inferred). Price grows with it.
    """

    prompt: Prompt
    negative_prompt: Prompt | None = None
    sound: OnOff = "off"
    cfg_scale: UnitInterval | None = None
    mode: Mode = "std"
    aspect_ratio: AspectRatio = "16:9"
    duration: ThreeToFifteen = 5

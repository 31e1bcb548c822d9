"""Pictures from text."""

from __future__ import annotations

from typing import Literal

from airflow_provider_kling.models.base import KlingRequest
from airflow_provider_kling.models.fields import Count, ImageAspectRatio, Prompt


class TextToImageRequest(KlingRequest):
    """Pictures from text, in 1k: the V1, V1.5 and V2 new models.

    :param prompt: what the picture should show, 1 to 2500 characters.
    :param negative_prompt: what it should not show, 1 to 2500 characters.
    :param aspect_ratio: ``16:9`` (default), ``9:16``, ``1:1``, ``4:3``, ``3:4``, ``3:2``, ``2:3`` or
        ``21:9``.
    :param resolution: ``1k``.
    :param n: how many pictures, 1 (default) to 9. Each is paid for.
    """

    prompt: Prompt
    negative_prompt: Prompt | None = None
    aspect_ratio: ImageAspectRatio = "16:9"
    resolution: Literal["1k"] = "1k"
    n: Count = 1


class TextToImage2kRequest(KlingRequest):
    """Pictures from text, in 1k or 2k: the V2, V2.1 and V3 models.

    :param prompt: what the picture should show, 1 to 2500 characters.
    :param negative_prompt: what it should not show, 1 to 2500 characters.
    :param aspect_ratio: ``16:9`` (default), ``9:16``, ``1:1``, ``4:3``, ``3:4``, ``3:2``, ``2:3`` or
        ``21:9``.
    :param resolution: ``1k`` (default) or ``2k``.
    :param n: how many pictures, 1 (default) to 9. Each is paid for.
    """

    prompt: Prompt
    negative_prompt: Prompt | None = None
    aspect_ratio: ImageAspectRatio = "16:9"
    resolution: Literal["1k", "2k"] = "1k"
    n: Count = 1

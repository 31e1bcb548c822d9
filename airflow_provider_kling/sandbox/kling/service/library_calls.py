"""The endpoints that delete voices and elements, and that list those which the service offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_kling.sandbox.kling.service.call import Call
from airflow_provider_kling.sandbox.kling.service.legacy_view import element_view, voice_view
from airflow_provider_kling.sandbox.kling.service.library import OFFICIAL, Library
from airflow_provider_kling.sandbox.kling.service.rejection import invalid
from airflow_provider_kling.sandbox.kling.service.task import LEGACY_SUCCEEDED


async def delete_voice(call: Call) -> dict[str, Any]:
    """Delete a voice of the account (docs: voice management)."""
    voice = call.service.holdings.library.voice(str(call.body["voice_id"]))
    if voice is None or voice.owned_by == OFFICIAL:
        raise invalid("Voice id not found")
    voice.deleted = True
    return {"task_id": call.service.ids.new(), "task_status": LEGACY_SUCCEEDED}


async def delete_element(call: Call) -> dict[str, Any]:
    """Delete an element of the account (docs: element management)."""
    element = call.service.holdings.library.element(call.body["element_id"])
    if element is None or element.owned_by == OFFICIAL:
        raise invalid(f"Element id not found: {str(call.body['element_id'])[:80]}")
    element.deleted = True
    return {"task_id": call.service.ids.new(), "task_status": LEGACY_SUCCEEDED}


def preset_voices(library: Library) -> Sequence[Mapping[str, Any]]:
    """Return the voices that the service offers, each in the shape of a task (docs: voice management)."""
    return [
        {
            "task_id": voice.task_id,
            "task_status": LEGACY_SUCCEEDED,
            "task_result": {"voices": [voice_view(voice, "")]},
        }
        for voice in library.preset_voices
    ]


def preset_elements(library: Library) -> Sequence[Mapping[str, Any]]:
    """Return the elements that the service offers, each in the shape of a task."""
    return [
        {
            "task_id": element.task_id,
            "task_status": LEGACY_SUCCEEDED,
            "task_result": {"elements": [element_view(element)]},
        }
        for element in library.preset_elements
    ]

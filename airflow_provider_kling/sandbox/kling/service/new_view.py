"""How the new standard shows a task: its own, and those of the legacy one (docs: query tasks)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow_provider_kling.sandbox.core.clock import milliseconds
from airflow_provider_kling.sandbox.kling.service.endpoint import Makes
from airflow_provider_kling.sandbox.kling.service.library import TAGS, Element, Library, Voice
from airflow_provider_kling.sandbox.kling.service.price import units_text
from airflow_provider_kling.sandbox.kling.service.task import Status, Task
from airflow_provider_kling.sandbox.kling.service.task_files import TaskFiles, seconds_text


def new_created(task: Task, *, now: float) -> dict[str, Any]:
    """Return the response to a submission (docs: create task)."""
    return {
        "id": task.task_id,
        "status": task.status(now=now),
        "create_time": milliseconds(task.schedule.submitted_at),
        "update_time": milliseconds(task.updated_at(now=now)),
        **({} if task.external_id is None else {"external_id": task.external_id}),
    }


def new_view(task: Task, files: TaskFiles, library: Library, *, now: float) -> dict[str, Any]:
    """Return a task as ``/tasks`` and callbacks show it."""
    succeeded = task.final_status == Status.SUCCEEDED and bool(task.results)
    return {
        **new_created(task, now=now),
        "message": task.message,
        "outputs": _outputs(task, files, library) if succeeded else [],
        "billing": _billing(task),
    }


def _billing(task: Task) -> list[dict[str, str]]:
    if task.units is None:
        return []
    pack = task.request.endpoint.pack
    return [{"charge_type": "unit", "amount": units_text(task.units), "package_type": pack}]


def _outputs(task: Task, files: TaskFiles, library: Library) -> Sequence[dict[str, Any]]:
    match task.request.endpoint.makes:
        case Makes.VIDEO:
            return [{"type": "video", **files.video}]
        case Makes.IMAGE:
            group = {"group_id": task.task_id} if task.request.is_series else {}
            images = files.of_type("image")
            return [{"type": "image", **files.linked(image), **group} for image in images]
        case Makes.AUDIO:
            videos = [{"type": "video", **files.video}] if files.of_type("video") else []
            return [*videos, _audio(files)]
        case Makes.VOICE:
            voice = library.voice_of_task(task.task_id)
            return [] if voice is None else [_voice(voice, files)]
        case _:
            element = library.element_of_task(task.task_id)
            return [] if element is None else [_element(element, files)]


def _audio(files: TaskFiles) -> dict[str, Any]:
    audio_id, mp3, wav = files.audio
    return {
        "type": "audio",
        "id": audio_id,
        "mp3_url": files.url(mp3),
        "wav_url": files.url(wav),
        "mp3_duration": seconds_text(mp3),
        "wav_duration": seconds_text(wav),
    }


def _voice(voice: Voice, files: TaskFiles) -> dict[str, Any]:
    return {
        "type": "voice",
        "id": voice.voice_id,
        "name": voice.name,
        "url": files.url(files.of_type("audio")[0]),
        "owned_by": voice.owned_by,
        "status": _kept(deleted=voice.deleted),
    }


def _element(element: Element, files: TaskFiles) -> dict[str, Any]:
    references = [
        {
            "type": result.type,
            "role": "frontal" if result.type == "image" and index == 0 else "refer",
            "url": files.url(result),
        }
        for index, result in enumerate(files.shown)
    ]
    if (voice := element.voice) is not None:
        shown = {"url": "", "id": voice.voice_id, "name": voice.name, "owned_by": voice.owned_by}
        references.append({"type": "voice", "role": "refer", **shown})
    return {
        "type": "element",
        "id": str(element.element_id),
        "name": element.name,
        "description": element.description,
        "element_type": element.kind,
        "references": references,
        "owned_by": element.owned_by,
        "status": _kept(deleted=element.deleted),
        "tags": [{"id": tag, "name": TAGS[tag], "description": TAGS[tag]} for tag in element.tags],
    }


def _kept(*, deleted: bool) -> str:
    return "deleted" if deleted else Status.SUCCEEDED

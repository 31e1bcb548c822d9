"""How the legacy standard shows a task (docs: query task)."""

from __future__ import annotations

from typing import Any

from airflow_provider_kling.sandbox.core.clock import milliseconds
from airflow_provider_kling.sandbox.kling.service.endpoint import Makes
from airflow_provider_kling.sandbox.kling.service.library import TAGS, Element, ElementKind, Library, Voice
from airflow_provider_kling.sandbox.kling.service.price import units_text
from airflow_provider_kling.sandbox.kling.service.task import LEGACY_SUCCEEDED, Status, Task
from airflow_provider_kling.sandbox.kling.service.task_files import (
    TaskFiles,
    cut_seconds,
    seconds_text,
)


def legacy_status(status: str) -> str:
    """Return a status as the legacy standard spells it."""
    return LEGACY_SUCCEEDED if status == Status.SUCCEEDED else status


def legacy_created(task: Task, *, now: float) -> dict[str, Any]:
    """Return the response to a submission (docs: create task)."""
    return {
        "task_id": task.task_id,
        "task_status": legacy_status(task.status(now=now)),
        "task_info": _info(task),
        "created_at": milliseconds(task.schedule.submitted_at),
        "updated_at": milliseconds(task.updated_at(now=now)),
    }


def legacy_view(task: Task, files: TaskFiles, library: Library, *, now: float) -> dict[str, Any]:
    """Return a task as the query of its endpoint and callbacks show it."""
    units = {} if task.units is None else {"final_unit_deduction": units_text(task.units)}
    succeeded = task.final_status == Status.SUCCEEDED and bool(task.results)
    return {
        **legacy_created(task, now=now),
        "task_info": {**_info(task), **_parent(task, files)},
        "task_status_msg": task.message,
        "task_result": _result(task, files, library) if succeeded else {},
        "watermark_info": {"enabled": task.watermark},
        **units,
    }


def _info(task: Task) -> dict[str, Any]:
    return {} if task.external_id is None else {"external_task_id": task.external_id}


def _parent(task: Task, files: TaskFiles) -> dict[str, Any]:
    parent = task.request.parent
    if parent is None:
        return {}
    url = parent.url
    if "://" not in url:  # a work of the account, by the name of its file
        url = files.links.url(url, base_url=files.base_url, expires_at=parent.expires_at)
    return {"parent_video": {"id": parent.video_id, "url": url, "duration": cut_seconds(parent.seconds)}}


def _result(task: Task, files: TaskFiles, library: Library) -> dict[str, Any]:
    match task.request.endpoint.makes:
        case Makes.VIDEO:
            return {"videos": [_video(task, files)]}
        case Makes.IMAGE:
            return _images(task, files)
        case Makes.AUDIO:
            videos = {"videos": [files.video]} if files.of_type("video") else {}
            return {**videos, "audios": [_audio(files)]}
        case Makes.VOICE:
            voice = library.voice_of_task(task.task_id)
            trial_url = files.url(files.of_type("audio")[0])
            return {} if voice is None else {"voices": [voice_view(voice, trial_url)]}
        case _:
            element = library.element_of_task(task.task_id)
            return {} if element is None else {"elements": [element_view(element)]}


def _video(task: Task, files: TaskFiles) -> dict[str, Any]:
    video = files.video
    if task.request.endpoint.result == "without duration":
        del video["duration"]
    if "selection_session" in task.request.endpoint.rules:
        video["session_id"] = task.request.body["session_id"]
    return video


def _images(task: Task, files: TaskFiles) -> dict[str, Any]:
    results = files.of_type("image")
    if task.request.endpoint.result == "three views":
        views = {f"url_{number}": files.url(result) for number, result in enumerate(results, 1)}
        return {"images": [{"index": 0, **views}]}
    images = [{"index": index, **files.linked(result)} for index, result in enumerate(results)]
    if task.request.endpoint.result != "series":
        return {"images": images}
    if task.request.is_series:
        return {"result_type": "series", "series_images": images}
    return {"result_type": "single", "images": images}


def _audio(files: TaskFiles) -> dict[str, Any]:
    audio_id, mp3, wav = files.audio
    return {
        "id": audio_id,
        "url_mp3": files.url(mp3),
        "url_wav": files.url(wav),
        "duration_mp3": seconds_text(mp3),
        "duration_wav": seconds_text(wav),
    }


def voice_view(voice: Voice, trial_url: str) -> dict[str, Any]:
    """Return a voice (docs: voice management)."""
    return {
        "voice_id": voice.voice_id,
        "voice_name": voice.name,
        "trial_url": trial_url,
        "owned_by": voice.owned_by,
    }


def element_view(element: Element) -> dict[str, Any]:
    """Return an element (docs: element management)."""
    by_video = element.kind is ElementKind.VIDEO
    voice = element.voice
    return {
        "element_id": element.element_id,
        "element_name": element.name,
        "element_description": element.description,
        "reference_type": "video_refer" if by_video else "image_refer",
        "element_image_list": element.request.get("element_image_list", {}),
        "element_video_list": element.request.get("element_video_list", {}),
        "element_voice_info": {} if voice is None else voice_view(voice, ""),
        "tag_list": [{"id": tag, "name": TAGS[tag], "description": TAGS[tag]} for tag in element.tags],
        "owned_by": element.owned_by,
        "status": "deleted" if element.deleted else LEGACY_SUCCEEDED,
    }

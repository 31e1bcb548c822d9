"""How both generations show a task, in responses and in callbacks."""

from __future__ import annotations

from typing import Any, Final, Protocol

from airflow_provider_kling.sandbox.kling.service.endpoint import Generation, Makes
from airflow_provider_kling.sandbox.kling.service.library import Element, ElementKind, Library, Voice
from airflow_provider_kling.sandbox.kling.service.price import units_text
from airflow_provider_kling.sandbox.kling.service.task import LEGACY_SUCCEEDED, Status, Task
from airflow_provider_kling.sandbox.render.result import Result, Role

_TAGS: Final = {
    "o_101": "Hottest",
    "o_102": "Character",
    "o_103": "Animal",
    "o_104": "Item",
    "o_105": "Costume",
    "o_106": "Scene",
    "o_107": "Effect",
    "o_108": "Others",
}


class Links(Protocol):
    """Makes the addresses of result files."""

    def url(self, file_name: str, *, base_url: str, expires_at: float) -> str:
        """Return the signed address of a file.

        :param expires_at: in epoch seconds.
        """


class TaskViews:
    """Builds what responses and callbacks say of a task.

    :param result_ttl: how long files are kept, in seconds.
    """

    def __init__(self, *, links: Links, library: Library, result_ttl: float) -> None:
        self._links = links
        self._library = library
        self._result_ttl = result_ttl

    def view(self, task: Task, *, now: float, base_url: str) -> dict[str, Any]:
        """Return a task as its own generation shows it."""
        if task.generation is Generation.NEW:
            return self.new(task, now=now, base_url=base_url)
        return self.legacy(task, now=now, base_url=base_url)

    # The new standard, which also shows the tasks of the legacy one.

    def new_created(self, task: Task, *, now: float) -> dict[str, Any]:
        """Return the response to a submission (docs: create task)."""
        return {
            "id": task.task_id,
            "status": task.status(now=now),
            "create_time": milliseconds(task.schedule.submitted_at),
            "update_time": milliseconds(task.updated_at(now=now)),
            **({} if task.external_id is None else {"external_id": task.external_id}),
        }

    def new(self, task: Task, *, now: float, base_url: str) -> dict[str, Any]:
        """Return a task as ``/tasks`` shows it (docs: query tasks)."""
        return {
            **self.new_created(task, now=now),
            "message": task.message,
            "outputs": self._outputs(task, base_url),
            "billing": self._billing(task),
        }

    def _billing(self, task: Task) -> list[dict[str, str]]:
        if task.units is None:
            return []
        pack = task.request.endpoint.pack
        return [{"charge_type": "unit", "amount": units_text(task.units), "package_type": pack}]

    def _outputs(self, task: Task, base_url: str) -> list[dict[str, Any]]:
        if task.final_status != Status.SUCCEEDED:
            return []
        match task.request.endpoint.makes:
            case Makes.VIDEO:
                return [{"type": "video", **self._video(task, base_url)}]
            case Makes.IMAGE:
                group = {"group_id": task.task_id} if task.request.is_series else {}
                return [
                    {
                        "type": "image",
                        "url": self._url(task, result, base_url),
                        **self._mark(task, result, base_url),
                    }
                    | group
                    for result in files_of(task, "image")
                ]
            case Makes.AUDIO:
                return [*self._new_videos_of_sound(task, base_url), *self._new_sound(task, base_url)]
            case Makes.VOICE:
                voice = self._library.voice_of_task(task.task_id)
                return [] if voice is None else [self._new_voice(task, voice, base_url)]
            case _:
                element = self._library.element_of_task(task.task_id)
                return [] if element is None else [self._new_element(task, element, base_url)]

    def _new_videos_of_sound(self, task: Task, base_url: str) -> list[dict[str, Any]]:
        videos = files_of(task, "video")
        return [{"type": "video", **self._video(task, base_url)}] if videos else []

    def _new_sound(self, task: Task, base_url: str) -> list[dict[str, Any]]:
        sound = {result.format: result for result in files_of(task, "audio")}
        if not sound:
            return []
        return [
            {
                "type": "audio",
                "id": task.work_ids[-1],
                "mp3_url": self._url(task, sound["mp3"], base_url),
                "wav_url": self._url(task, sound["wav"], base_url),
                "mp3_duration": seconds_text(sound["mp3"]),
                "wav_duration": seconds_text(sound["wav"]),
            }
        ]

    def _new_voice(self, task: Task, voice: Voice, base_url: str) -> dict[str, Any]:
        return {
            "type": "voice",
            "id": voice.voice_id,
            "name": voice.name,
            "url": self._sample(task, base_url),
            "owned_by": voice.owned_by,
            "status": "deleted" if voice.deleted else Status.SUCCEEDED,
        }

    def _new_element(self, task: Task, element: Element, base_url: str) -> dict[str, Any]:
        references = [
            {
                "type": result.type,
                "role": "frontal" if result.type == "image" and index == 0 else "refer",
                "url": self._url(task, result, base_url),
            }
            for index, result in enumerate(shown(task))
        ]
        return {
            "type": "element",
            "id": str(element.element_id),
            "name": element.name,
            "description": element.description,
            "element_type": element.kind,
            "references": references,
            "owned_by": element.owned_by,
            "status": "deleted" if element.deleted else Status.SUCCEEDED,
            "tags": [{"id": tag, "name": _TAGS[tag], "description": _TAGS[tag]} for tag in element.tags],
        }

    # The legacy standard.

    def legacy_created(self, task: Task, *, now: float) -> dict[str, Any]:
        """Return the response to a submission (docs: create task)."""
        return {
            "task_id": task.task_id,
            "task_status": legacy_status(task.status(now=now)),
            "task_info": self._info(task),
            "created_at": milliseconds(task.schedule.submitted_at),
            "updated_at": milliseconds(task.updated_at(now=now)),
        }

    def legacy(self, task: Task, *, now: float, base_url: str) -> dict[str, Any]:
        """Return a task as the query of its endpoint shows it."""
        units = {} if task.units is None else {"final_unit_deduction": units_text(task.units)}
        parent = task.request.parent
        shown_parent = {}
        if parent is not None:
            url = parent.url
            if "://" not in url:  # a work of the account, by the name of its file
                url = self._links.url(url, base_url=base_url, expires_at=now + self._result_ttl)
            duration = f"{int(parent.seconds * 1000) / 1000:g}"
            shown_parent = {"parent_video": {"id": parent.video_id, "url": url, "duration": duration}}
        return {
            **self.legacy_created(task, now=now),
            "task_info": self._info(task) | shown_parent,
            "task_status_msg": task.message,
            "task_result": self._result(task, base_url),
            "watermark_info": {"enabled": task.watermark},
            **units,
        }

    def _info(self, task: Task) -> dict[str, Any]:
        return {} if task.external_id is None else {"external_task_id": task.external_id}

    def _result(self, task: Task, base_url: str) -> dict[str, Any]:
        if task.final_status != Status.SUCCEEDED:
            return {}
        match task.request.endpoint.makes:
            case Makes.VIDEO:
                video = self._video(task, base_url)
                if task.request.endpoint.result == "without duration":
                    del video["duration"]
                if "selection_session" in task.request.endpoint.rules:
                    video["session_id"] = task.request.body["session_id"]
                return {"videos": [video]}
            case Makes.IMAGE:
                return self._images(task, base_url)
            case Makes.AUDIO:
                return self._sounds(task, base_url)
            case Makes.VOICE:
                voice = self._library.voice_of_task(task.task_id)
                return (
                    {}
                    if voice is None
                    else {"voices": [self.legacy_voice(voice, self._sample(task, base_url))]}
                )
            case _:
                element = self._library.element_of_task(task.task_id)
                return {} if element is None else {"elements": [self.legacy_element(element)]}

    def _images(self, task: Task, base_url: str) -> dict[str, Any]:
        files = files_of(task, "image")
        kind = task.request.endpoint.result
        if kind == "three views":
            urls = {f"url_{number}": self._url(task, file, base_url) for number, file in enumerate(files, 1)}
            return {"images": [{"index": 0, **urls}]}
        images = [
            {"index": index, "url": self._url(task, file, base_url), **self._mark(task, file, base_url)}
            for index, file in enumerate(files)
        ]
        if kind != "series":
            return {"images": images}
        name = "series_images" if task.request.is_series else "images"
        return {"result_type": "series" if task.request.is_series else "single", name: images}

    def _sounds(self, task: Task, base_url: str) -> dict[str, Any]:
        sound = {result.format: result for result in files_of(task, "audio")}
        audios = [
            {
                "id": task.work_ids[-1],
                "url_mp3": self._url(task, sound["mp3"], base_url),
                "url_wav": self._url(task, sound["wav"], base_url),
                "duration_mp3": seconds_text(sound["mp3"]),
                "duration_wav": seconds_text(sound["wav"]),
            }
        ]
        videos = {"videos": [self._video(task, base_url)]} if files_of(task, "video") else {}
        return {**videos, "audios": audios}

    def legacy_voice(self, voice: Voice, trial_url: str) -> dict[str, Any]:
        """Return a voice."""
        return {
            "voice_id": voice.voice_id,
            "voice_name": voice.name,
            "trial_url": trial_url,
            "owned_by": voice.owned_by,
        }

    def legacy_element(self, element: Element) -> dict[str, Any]:
        """Return an element."""
        by_video = element.kind is ElementKind.VIDEO
        voice = element.voice
        return {
            "element_id": element.element_id,
            "element_name": element.name,
            "element_description": element.description,
            "reference_type": "video_refer" if by_video else "image_refer",
            "element_image_list": element.request.get("element_image_list", {}),
            "element_video_list": element.request.get("element_video_list", {}),
            "element_voice_info": {} if voice is None else self.legacy_voice(voice, ""),
            "tag_list": [{"id": tag, "name": _TAGS[tag], "description": _TAGS[tag]} for tag in element.tags],
            "owned_by": element.owned_by,
            "status": "deleted" if element.deleted else LEGACY_SUCCEEDED,
        }

    # Both.

    def _video(self, task: Task, base_url: str) -> dict[str, Any]:
        (result,) = files_of(task, "video")[:1]
        return {
            "id": task.work_ids[0],
            "url": self._url(task, result, base_url),
            **self._mark(task, result, base_url),
            "duration": seconds_text(result),
        }

    def _sample(self, task: Task, base_url: str) -> str:
        return self._url(task, files_of(task, "audio")[0], base_url)

    def _url(self, task: Task, result: Result, base_url: str) -> str:
        expires_at = (task.finished_at or task.schedule.done_at) + self._result_ttl
        return self._links.url(task.file_name(result), base_url=base_url, expires_at=expires_at)

    def _mark(self, task: Task, result: Result, base_url: str) -> dict[str, str]:
        """Return the copy with a watermark; without one, the field is absent (inferred)."""
        return {"watermark_url": self._url(task, result, base_url)} if task.watermark else {}


def legacy_status(status: str) -> str:
    """Return a status as the legacy standard spells it."""
    return LEGACY_SUCCEEDED if status == Status.SUCCEEDED else status


def milliseconds(moment: float) -> int:
    """Return epoch seconds in milliseconds."""
    return int(moment * 1000)


def seconds_text(result: Result) -> str:
    """Return the length of a file as responses write it: cut to three digits, such as ``5.041``."""
    return f"{int((result.seconds or 0) * 1000) / 1000:g}"


def shown(task: Task) -> list[Result]:
    """Return the files of a task without the cover of its video."""
    return [result for result in task.results if result.role is Role.PRIMARY]


def files_of(task: Task, kind: str) -> list[Result]:
    """Return the files of a task that are videos, images or sounds."""
    return [result for result in shown(task) if result.type == kind]

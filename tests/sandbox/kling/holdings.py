"""What an account has in tests: works, voices, elements and sessions by known ids."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from airflow_provider_kling.sandbox.kling.service.endpoint import Makes
from airflow_provider_kling.sandbox.kling.service.library import Element, ElementKind, Library
from airflow_provider_kling.sandbox.kling.service.sessions import Sessions, SourceVideo
from airflow_provider_kling.sandbox.kling.service.subject import Holdings
from airflow_provider_kling.sandbox.kling.service.works import Work, Works
from airflow_provider_kling.sandbox.render.media_input import MediaInput
from airflow_provider_kling.sandbox.render.render_spec import MediaKind
from airflow_provider_kling.sandbox.render.result import Result, Role

NOW: Final = 1000.0
IMAGES_ELEMENT: Final = 150001  # offered by the service
VIDEO_ELEMENT: Final = 7
VOICE: Final = "829826751244537879"


def holdings() -> Holdings:
    """Return what an account has that made a few things before."""
    held = Holdings(works=Works(now=lambda: NOW), library=Library(), sessions=Sessions(now=lambda: NOW))
    held.library.add_element(
        Element(element_id=VIDEO_ELEMENT, name="x", description="x", kind=ElementKind.VIDEO, task_id="t")
    )
    for work in (
        work_of("old", path="/v1/videos/text2video", version="1.6"),
        work_of("new", path="/text-to-video/kling-3.0", version="3.0"),
        work_of("spoken", path="/text-to-video/kling-2.6", version="2.6", has_audio=True),
        work_of("silent", path="/text-to-video/kling-2.6", version="2.6"),
        work_of("gone", path="/v1/videos/text2video", version="1.6", expires_at=NOW),
        work_of("long", path="/v1/videos/video-extend", version="extend", seconds=177),
        work_of("sound", makes=Makes.AUDIO, path="/v1/audio/tts", version="tts"),
        work_of("word", makes=Makes.AUDIO, path="/v1/audio/tts", version="tts", seconds=1),
    ):
        held.works.add(work)
    held.sessions.open("faces", video(5.0), faces=("0",))
    held.sessions.open("short", video(4.0))
    session = held.sessions.open("marked", video(9.0))
    session.selection[0] = [(0.5, 0.5)]
    return held


def work_of(
    work_id: str,
    *,
    path: str,
    version: str,
    makes: Makes = Makes.VIDEO,
    has_audio: bool = False,
    seconds: float = 5.0,
    expires_at: float = NOW + 1,
) -> Work:
    result = Result(
        path=Path(f"{work_id}.mp4"), role=Role.PRIMARY, width=1280, height=720, size=1, seconds=seconds
    )
    return Work(
        work_id=work_id,
        makes=makes,
        path=path,
        version=version,
        resolution="720p",
        has_audio=has_audio,
        result=result,
        file_name=f"{work_id}.mp4",
        expires_at=expires_at,
    )


def video(seconds: float) -> SourceVideo:
    media = MediaInput(name="video_url", kind=MediaKind.VIDEO, data=b"")
    return SourceVideo(
        media=media, work_id="", url="https://x/v.mp4", width=1280, height=720, seconds=seconds, fps=24
    )

"""Gets the input files of a request: from the web, from an earlier work, or from a session."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from airflow_provider_kling.sandbox.core.fetcher import fetch_input
from airflow_provider_kling.sandbox.kling.service.generation_request import GenerationRequest
from airflow_provider_kling.sandbox.kling.service.lip_sync import place_audio
from airflow_provider_kling.sandbox.kling.service.sessions import SourceVideo
from airflow_provider_kling.sandbox.kling.service.works import Work
from airflow_provider_kling.sandbox.render.media_input import MediaInput, of_kind
from airflow_provider_kling.sandbox.render.render_spec import AudioSpec, MediaKind, MediaReference
from airflow_provider_kling.sandbox.render.video.source import decode_audio, probe


async def load_inputs(request: GenerationRequest) -> list[MediaInput]:
    """Return the input files of a request in their order.

    :raises InvalidMediaError: one cannot be fetched, or exceeds a documented limit.
    """
    inputs = [await _load(reference, request) for reference in request.spec.inputs]
    if isinstance(request.spec, AudioSpec):  # nobody decodes them later
        limits = request.media_limits.get("audio", {})
        for media in inputs:
            if media.kind is MediaKind.AUDIO:
                await asyncio.to_thread(decode_audio, media, limits=limits)
    if faces := request.body.get("face_choose"):  # one face speaks (docs: lip-sync)
        return await asyncio.to_thread(_with_lip_sync, faces[0], inputs, request.media_limits)
    return inputs


def _with_lip_sync(
    face: Mapping[str, Any], inputs: list[MediaInput], limits: Mapping[str, Mapping[str, Any]]
) -> list[MediaInput]:
    """Return the inputs of a lip-sync with its audio at its place in the video."""
    (video,) = of_kind(MediaKind.VIDEO, inputs)
    (audio,) = of_kind(MediaKind.AUDIO, inputs)
    return [video, place_audio(face, audio=audio, video=video, limits=limits.get("audio", {}))]


async def _load(reference: MediaReference, request: GenerationRequest) -> MediaInput:
    if (work := request.works.get(reference.name)) is not None:
        data = await asyncio.to_thread(work.result.path.read_bytes)
        return MediaInput(name=reference.name, kind=reference.kind, data=data)
    if not reference.text and request.source is not None:
        return request.source.media
    return await fetch_input(reference, limits=request.media_limits.get(reference.kind, {}))


async def load_source(
    *, work: Work | None, url: str, limits: Mapping[str, Any], work_url: str
) -> SourceVideo:
    """Return the video of a new session.

    :param work: an earlier work, or None for the video at ``url``.
    :param limits: the documented bounds of a video from outside.
    :raises InvalidMediaError: it cannot be fetched, or exceeds a limit.
    """
    if work is not None:
        data = await asyncio.to_thread(work.result.path.read_bytes)
        media = MediaInput(name="video_id", kind=MediaKind.VIDEO, data=data)
        limits = {"max_seconds": float("inf")}
    else:
        reference = MediaReference(name="video_url", kind=MediaKind.VIDEO, text=url)
        media = await fetch_input(reference, limits=limits)
    info = await asyncio.to_thread(probe, media, limits=limits)
    return SourceVideo(
        media=media,
        work_id="" if work is None else work.work_id,
        url=url if work is None else work_url,
        width=info.width,
        height=info.height,
        seconds=info.seconds,
        fps=info.fps,
    )

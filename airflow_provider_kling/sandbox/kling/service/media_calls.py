"""The synchronous endpoints that make speech, and that find faces and things in pictures."""

from __future__ import annotations

from typing import Any, Final

from airflow_provider_kling.sandbox.core.clock import milliseconds
from airflow_provider_kling.sandbox.kling.service.call import Call
from airflow_provider_kling.sandbox.kling.service.endpoint import Makes
from airflow_provider_kling.sandbox.kling.service.inputs import legacy_inputs
from airflow_provider_kling.sandbox.kling.service.rejection import Code, Rejection
from airflow_provider_kling.sandbox.kling.service.service import FORBIDDEN
from airflow_provider_kling.sandbox.kling.service.task import LEGACY_SUCCEEDED
from airflow_provider_kling.sandbox.kling.service.task_files import seconds_text
from airflow_provider_kling.sandbox.render.render_spec import AudioSpec, ImageSpec

_CHARACTERS_PER_S: Final = 12.0
_SPEEDS: Final = (0.8, 2.0)  # values beyond are brought to the nearest bound (docs: tts)
_SEGMENTS: Final = ("object_seg", "head_seg", "face_seg", "cloth_seg")
_FACE: Final = "0"  # the sandbox finds one face in every video


async def speak(call: Call) -> dict[str, Any]:
    """Return speech (docs: tts)."""
    text = str(call.body["text"])
    if FORBIDDEN in text:
        raise Rejection(Code.CONTENT)
    begun = call.service.clock.now()
    speed = min(_SPEEDS[1], max(_SPEEDS[0], float(call.body.get("voice_speed", 1.0))))
    seconds = max(1.0, len(text) / _CHARACTERS_PER_S / speed)
    request = call.request(AudioSpec(label=str(call.body["voice_id"]), prompt=text, seconds=seconds))
    results = await call.rendered(request)
    mp3 = next(result for result in results if result.format == "mp3")
    name = call.keep(mp3)
    now = call.service.clock.now()
    work_id = call.service.add_work(request, mp3, makes=Makes.AUDIO, file_name=name, at=now)
    audio = {"id": work_id, "url": call.url(name), "duration": seconds_text(mp3)}
    return {
        "task_id": call.service.ids.new(),
        "task_status": LEGACY_SUCCEEDED,
        "task_status_msg": "",
        "task_result": {"audios": [audio]},
        "created_at": milliseconds(begun),
        "updated_at": milliseconds(now),
    }


async def recognize(call: Call) -> dict[str, Any]:
    """Return the segments of an image (docs: image recognition)."""
    spec = ImageSpec(
        label=call.endpoint.product,
        prompt="",
        inputs=tuple(legacy_inputs(call.endpoint.schema, call.body)),
        resolution="1k",
        aspect_ratio=None,
        operation=call.endpoint.operation,
    )
    results = await call.rendered(call.request(spec))
    images = []
    for kind in _SEGMENTS:
        result = next(result for result in results if kind in result.name_suffix)
        images.append({"type": kind, "is_contain": True, "url": call.kept(result)})
    return {"task_result": {"images": images}}


async def identify_face(call: Call) -> dict[str, Any]:
    """Return a session of lip-sync with the face of a video (docs: face recognition)."""
    video = await call.source()
    session = call.service.holdings.sessions.open(call.service.ids.new(), video, faces=(_FACE,))
    spec = ImageSpec(label="face", prompt="face 0", resolution="1k", aspect_ratio="1:1")
    results = await call.rendered(call.request(spec))
    face = {
        "face_id": _FACE,
        "face_image": call.kept(results[0]),
        "start_time": 0,
        "end_time": video.milliseconds,
    }
    return {"session_id": session.session_id, "face_data": [face]}

"""The rules about works, voices, elements and sessions that a request names. Each yields what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from airflow_provider_kling.sandbox.kling.service.endpoint import Makes
from airflow_provider_kling.sandbox.kling.service.library import SPEECH_VOICES
from airflow_provider_kling.sandbox.kling.service.sessions import Session
from airflow_provider_kling.sandbox.kling.service.subject import Subject
from airflow_provider_kling.sandbox.kling.service.works import Work

_NO_VOICE: Final = "Voice id not found"  # seen in a real response
_EXTENDED_VERSIONS: Final = ("1.5", "1.6", "extend")
_EXTENDED_PATHS: Final = ("/v1/videos/text2video", "/v1/videos/image2video", "/v1/videos/video-extend")
_VOICED_PATHS: Final = (
    "/v1/videos/avatar/image2video",
    "/v1/videos/advanced-lip-sync",
    "/v1/videos/lip-sync",
)
_MAX_EXTENDED_S: Final = 180
_MIN_AUDIO_MS: Final = 2000
# The lengths that a video may have to be edited, by the length that is asked for, in seconds.
_EDITED_S: Final = {"5": (2.0, 5.0), "10": (7.0, 10.0)}
_TOLERANCE_S: Final = 0.05  # the service's own videos are a frame longer than asked for


def videos(subject: Subject) -> Iterator[str]:
    """Check that a ``video_id`` is a work that is still kept (every endpoint that has the field)."""
    holders = [subject.body, subject.body.get("input")]
    for holder in holders:
        if isinstance(holder, dict) and "video_id" in holder:
            work_id = str(holder["video_id"])
            if subject.holdings.works.find(work_id, Makes.VIDEO) is None:
                yield f"Video id not found or expired: {work_id[:80]}"


def audio_works(subject: Subject) -> Iterator[str]:
    """Check that an ``audio_id`` is a work that is still kept, and is long enough."""
    for holder in (subject.body, *_faces(subject)):
        if isinstance(holder, dict) and "audio_id" in holder:
            work_id = str(holder["audio_id"])
            work = subject.holdings.works.find(work_id, Makes.AUDIO)
            if work is None:
                yield f"Audio id not found or expired: {work_id[:80]}"
            elif work.seconds < _MIN_AUDIO_MS / 1000:
                yield f"parameter 'audio_id' must last at least 2 seconds, got {work.seconds:.1f}"


def _faces(subject: Subject) -> list[object]:
    chosen = subject.body.get("face_choose", [])
    return list(chosen) if isinstance(chosen, list) else []


def voices(subject: Subject) -> Iterator[str]:
    """Check that the voices are there, and that there is audio to hear them in."""
    named = [*subject.contents("voice"), *subject.body.get("voice_list", ())]
    for entry in named:
        if subject.holdings.library.voice(entry["voice_id"]) is None:
            yield _NO_VOICE
    if subject.contents("voice") and subject.setting("audio") == "off":
        yield "parameter 'settings.audio' may not be 'off' with a voice"


def element_voice(subject: Subject) -> Iterator[str]:
    """Check that the voice of a new element is there."""
    voice_id = subject.body.get("element_voice_id")
    if voice_id is not None and subject.holdings.library.voice(voice_id) is None:
        yield _NO_VOICE


def tts_voice(subject: Subject) -> Iterator[str]:
    """Check that the voice is one of speech: the preset voices are another catalogue."""
    if subject.body["voice_id"] not in SPEECH_VOICES:
        yield _NO_VOICE


def elements(subject: Subject) -> Iterator[str]:
    """Check that the elements are there (the text is inferred)."""
    for entry in [*subject.contents("element"), *subject.body.get("element_list", ())]:
        if subject.holdings.library.element(entry["element_id"]) is None:
            yield f"Element id not found: {str(entry['element_id'])[:80]}"


def extendable(subject: Subject) -> Iterator[str]:
    """Check that a video can be extended: by its endpoint, its model and its length."""
    work = _video(subject)
    if work is None:
        return
    if work.path not in _EXTENDED_PATHS or work.version not in _EXTENDED_VERSIONS:
        yield "parameter 'video_id': videos of this model cannot be extended"
    if work.seconds + 5 > _MAX_EXTENDED_S:
        yield f"an extended video may last at most {_MAX_EXTENDED_S} seconds"


def audio_source(subject: Subject) -> Iterator[str]:
    """Check the length of a work that gets audio: 3 to 20 seconds."""
    work = _video(subject)
    if work is not None and not 3 - _TOLERANCE_S <= work.seconds <= 20 + _TOLERANCE_S:
        yield f"parameter 'video_id' must last 3 to 20 seconds, got {work.seconds:.1f}"


def voice_source(subject: Subject) -> Iterator[str]:
    """Check that a work can give its voice: 2.6 with audio, an avatar, or a lip-sync."""
    work = _video(subject)
    if work is None:
        return
    spoken = work.path in _VOICED_PATHS or (work.version == "2.6" and work.has_audio)
    if not spoken:
        yield "parameter 'video_id' must be a video with a voice"


def _video(subject: Subject) -> Work | None:
    work_id = subject.body.get("video_id")
    return None if work_id is None else subject.holdings.works.find(work_id, Makes.VIDEO)


def selection_session(subject: Subject) -> Iterator[str]:
    """Check the session of multi-element editing, and that the video has the right length."""
    session = subject.holdings.sessions.find(subject.body["session_id"], with_faces=False)
    if session is None:
        yield session_not_found(subject.body["session_id"])
        return
    if subject.body["edit_mode"] != "addition" and not session.selection:
        yield "the video of this session has no selection"
    low, high = _EDITED_S[subject.field("duration")]
    if not low - _TOLERANCE_S <= session.video.seconds <= high + _TOLERANCE_S:
        yield f"the video must last {low:g} to {high:g} seconds for this 'duration'"


def session_not_found(session_id: str) -> str:
    """Return the text for a session that is unknown or over (inferred)."""
    return f"Session id not found or expired: {session_id[:80]}"


def face_session(subject: Subject) -> Iterator[str]:
    """Check the session of a lip-sync, and where its audio goes."""
    session = subject.holdings.sessions.find(subject.body["session_id"], with_faces=True)
    if session is None:
        yield session_not_found(subject.body["session_id"])
        return
    for face in subject.body["face_choose"]:
        yield from _face_problems(face, session)
        if "audio_id" in face:
            work = subject.holdings.works.find(face["audio_id"], Makes.AUDIO)
            if work is not None and face["sound_end_time"] > work.seconds * 1000:
                yield "parameter 'sound_end_time' is later than the end of the audio"


def _face_problems(face: dict[str, object], session: Session) -> Iterator[str]:
    start, end, insert = (
        int(str(face[name])) for name in ("sound_start_time", "sound_end_time", "sound_insert_time")
    )
    if face["face_id"] not in session.faces:
        yield f"Face id not found: {str(face['face_id'])[:80]}"
    if end - start < _MIN_AUDIO_MS:
        yield f"the cropped audio must last at least {_MIN_AUDIO_MS} ms, got {end - start}"
    if insert + end - start > session.video.milliseconds:
        yield "the audio would end after the video"

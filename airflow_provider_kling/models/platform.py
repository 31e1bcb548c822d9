"""What only Kling's own platform makes (docs: motion-control, lip-sync, multi-elements, audio, tts).

Some requests go on with an earlier result: they take its id at the platform, which a result has as
``work_id`` in ``resources``, for at most 30 days.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from airflow_provider_kling.exceptions import BrokenRule
from airflow_provider_kling.models import fields
from airflow_provider_kling.models.annotations import PromptText
from airflow_provider_kling.models.request import KlingRequest

_Prompt200 = Annotated[str, Field(min_length=1, max_length=200), PromptText()]
_Milliseconds = Annotated[int, Field(ge=0)]
_LEAST_SPEECH_MS = 2000
_Volume = Annotated[float, Field(ge=0, le=2)]


class _MotionControl(KlingRequest):
    """A video in which the person of an image moves as in a reference video.

    The result is at most as long as the reference, and the price grows with its length.

    :param image: the person, a public URL or Base64.
    :param video: the reference, a public URL: one continuous take of 3 to 30 s, or to 10 s where
        ``character_orientation`` is ``image``.
    :param character_orientation: whether the person faces as in the ``image`` or as in the ``video``.
    :param prompt: what else to show, 1 to 2500 characters.
    :param mode: ``std`` (default) is 720p, ``pro`` is 1080p and costs more.
    :param audio: ``original`` (default) keeps the audio of the reference, ``off`` leaves the result silent.
    """

    image: fields.Image
    video: fields.Video
    character_orientation: Literal["image", "video"]
    prompt: fields.Prompt | None = None
    mode: fields.Mode = "std"
    audio: Literal["original", "off"] = "original"


class V26MotionControlRequest(_MotionControl, default_model="kling-v2.6-motion-control"):
    """A video in which the person of an image moves as in a reference video: V2.6."""


class V3MotionControlRequest(_MotionControl, default_model="kling-v3-motion-control"):
    """A video in which the person of an image moves as in a reference video: V3.

    :param element_id: one of Kling's elements, which keeps the person's face. The prompt may name it as
        ``<<<element_1>>>``. Needs ``character_orientation="video"``.
    """

    element_id: fields.Id | None = None

    @classmethod
    def _conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        if "element_id" in given and given.get("character_orientation") == "image":
            rule = 'must be left out unless character_orientation is "video"'
            yield fields.broken(given, "element_id", rule, "character_orientation")


class LipSyncRequest(KlingRequest, default_model="kling-lip-sync"):
    """A video in which a face speaks: ``KlingHook.identify_faces()`` finds the faces.

    All times are in milliseconds.

    :param session_id: of the identified video; valid for 24 hours.
    :param face_id: one of its faces.
    :param audio_id: audio made by Kling, as its ``work_id``.
    :param sound_file: audio, a public URL or Base64: mp3, wav, m4a or aac, at most 5 MB, 2 to 60 s long.
        Exactly one of ``audio_id`` and ``sound_file`` is required.
    :param sound_start_time: where in the audio the speech begins.
    :param sound_end_time: where in the audio it ends, at least 2 s later.
    :param sound_insert_time: where in the video it begins. At least 2 s of it have to fall into the time
        during which the face is seen.
    :param sound_volume: of the speech, 0 to 2. Default 1.
    :param original_audio_volume: of the video's own audio, 0 to 2. Default 1.
    """

    session_id: fields.Id
    face_id: fields.Id
    audio_id: fields.Id | None = None
    sound_file: fields.Audio | None = None
    sound_start_time: _Milliseconds
    sound_end_time: Annotated[int, Field(ge=_LEAST_SPEECH_MS)]
    sound_insert_time: _Milliseconds
    sound_volume: _Volume = 1
    original_audio_volume: _Volume = 1

    @classmethod
    def _conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        yield from fields.exactly_one(given, "sound_file", "audio_id")
        start, end = given.get("sound_start_time"), given.get("sound_end_time")
        if isinstance(start, int) and isinstance(end, int) and end - start < _LEAST_SPEECH_MS:
            rule = f"must be at least {_LEAST_SPEECH_MS} ms after sound_start_time"
            yield fields.broken(given, "sound_end_time", rule, "sound_start_time")


class VideoExtensionRequest(KlingRequest, default_model="kling-video-extension"):
    """A video that goes on for 4 to 5 seconds more, in the model and mode in which it was made: V1 to V1.6.

    :param video_id: the ``work_id`` of a video that is at most 3 minutes long with what is added.
    :param prompt: what should happen, 1 to 2500 characters.
    :param negative_prompt: what should not happen, 1 to 2500 characters. Not for videos of V1.
    :param cfg_scale: how closely to follow the prompt, 0 to 1. Default 0.5. Not for videos of V1.
    """

    video_id: fields.Id
    prompt: fields.Prompt | None = None
    negative_prompt: fields.Prompt | None = None
    cfg_scale: fields.UnitInterval = 0.5


class MultiElementsRequest(KlingRequest, default_model="kling-multi-elements"):
    """A video to which something is added, or in which it is replaced or removed: V1.6.

    ``KlingHook.init_selection()`` and the methods beside it choose what.

    :param session_id: of the selection; valid for 24 hours.
    :param edit_mode: ``addition``, ``swap`` or ``removal``.
    :param prompt: what to do, 1 to 2500 characters. It names the video as ``<<<video_1>>>`` and the images as
        ``<<<image_1>>>`` and so on.
    :param negative_prompt: what should not be shown, 1 to 2500 characters.
    :param images: what comes in, each a public URL or Base64: one or two for ``addition``, one for ``swap``,
        none for ``removal``.
    :param mode: ``std`` (default) or ``pro``, which costs more.
    :param duration: length in seconds: 5 (default) for a source of 2 to 5 s, 10 for one of 7 to 10 s.
    """

    session_id: fields.Id
    edit_mode: Literal["addition", "swap", "removal"]
    prompt: fields.Prompt
    negative_prompt: fields.Prompt | None = None
    images: Annotated[list[fields.Image], Field(min_length=1, max_length=2)] | None = None
    mode: fields.Mode = "std"
    duration: fields.FiveOrTen = 5

    @classmethod
    def _conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        images = given.get("images")
        count = len(images) if isinstance(images, list) else 0
        match given.get("edit_mode"):
            case "removal" if count:
                rule = 'must be left out where edit_mode is "removal"'
            case "swap" if count != 1:
                rule = 'must have 1 item where edit_mode is "swap"'
            case "addition" if not count:
                rule = 'must have 1 or 2 items where edit_mode is "addition"'
            case _:
                return
        yield fields.broken(given, "images", rule, "edit_mode")


class TextToAudioRequest(KlingRequest, default_model="kling-text-to-audio"):
    """A sound effect from text, as an MP3 and a WAV.

    :param prompt: what to hear, 1 to 200 characters.
    :param duration: length in seconds, 3 to 10.
    """

    prompt: _Prompt200
    duration: Annotated[float, Field(ge=3, le=10)]


class VideoToAudioRequest(KlingRequest, default_model="kling-video-to-audio"):
    """Sound effects and music for a video: the audio, and the video with it.

    :param video_id: the ``work_id`` of a video.
    :param video: a video of 3 to 20 s and at most 100 MB, a public URL. Exactly one of ``video_id`` and
        ``video`` is required.
    :param sound_effect_prompt: which effects to hear, 1 to 200 characters.
    :param bgm_prompt: which music to hear, 1 to 200 characters.
    :param asmr_mode: stress fine sounds, for immersive scenes.
    """

    video_id: fields.Id | None = None
    video: fields.Video | None = None
    sound_effect_prompt: _Prompt200 | None = None
    bgm_prompt: _Prompt200 | None = None
    asmr_mode: bool | None = None

    @classmethod
    def _conditional_rules(cls, given: Mapping[str, Any]) -> Iterator[BrokenRule]:
        yield from fields.exactly_one(given, "video", "video_id")


class TextToSpeechRequest(KlingRequest, default_model="kling-tts"):
    """Speech from text. The platform answers with the result, and takes no id of the caller's.

    So where its answer is lost, it is unknown whether it was made and billed.

    :param text: what to say, 1 to 1000 characters.
    :param voice_id: the speaker, from the platform's list of voices for speech.
    :param voice_language: ``zh`` or ``en``, as the voice speaks.
    :param voice_speed: 0.8 to 2. Default 1.
    """

    text: Annotated[str, Field(min_length=1, max_length=1000), PromptText()]
    voice_id: fields.Id
    voice_language: Literal["zh", "en"]
    voice_speed: Annotated[float, Field(ge=0.8, le=2)] = 1

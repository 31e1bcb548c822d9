"""What only the platform makes, in the legacy standard (docs: motion-control, lip-sync, audio, tts)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from airflow_provider_kling.gateways.kling.draft import Draft, Product


def _motion_control(draft: Draft) -> None:
    draft.copy_prompt()
    draft.copy("character_orientation")
    for name, target in (("image", "image_url"), ("video", "video_url")):
        draft.take(name)
        draft.body[target] = draft.file((target,), name)
    draft.body["mode"] = draft.mode() or "std"  # required here
    if (audio := draft.audio()) is not None:
        draft.body["keep_original_sound"] = "yes" if audio == "original" else "no"
    draft.write_elements()


def _lip_sync(draft: Draft) -> None:
    draft.copy("session_id")
    face = {name: value for name in _OF_A_FACE if (value := draft.take(name)) is not None}
    if draft.take("sound_file") is not None:
        face["sound_file"] = draft.file(("face_choose", 0, "sound_file"), "sound_file")
    draft.body["face_choose"] = [face]


_OF_A_FACE: Final = (
    *("face_id", "audio_id", "sound_start_time", "sound_end_time", "sound_insert_time"),
    *("sound_volume", "original_audio_volume"),
)


def _extension(draft: Draft) -> None:
    draft.copy_prompt()
    draft.copy("video_id", "negative_prompt", "cfg_scale")


def _multi_elements(draft: Draft) -> None:
    draft.copy_prompt()
    draft.copy("session_id", "edit_mode", "negative_prompt", "mode")
    draft.copy_files("images", "image_list", "image")
    if (duration := draft.take("duration")) is not None:
        draft.body["duration"] = str(duration)


def _text_to_audio(draft: Draft) -> None:
    draft.copy_prompt()
    draft.copy("duration")


def _video_to_audio(draft: Draft) -> None:
    draft.copy("video_id", "sound_effect_prompt", "bgm_prompt", "asmr_mode")
    if draft.take("video") is not None:
        draft.body["video_url"] = draft.file(("video_url",), "video")


def _speech(draft: Draft) -> None:
    draft.copy("text", "voice_id", "voice_language", "voice_speed")


TOOLS: Final[Mapping[str, Product]] = {
    "kling-v2.6-motion-control": Product("/v1/videos/motion-control", _motion_control, "kling-v2-6"),
    "kling-v3-motion-control": Product("/v1/videos/motion-control", _motion_control, "kling-v3"),
    "kling-lip-sync": Product("/v1/videos/advanced-lip-sync", _lip_sync),
    "kling-video-extension": Product("/v1/videos/video-extend", _extension),
    "kling-multi-elements": Product("/v1/videos/multi-elements", _multi_elements),
    "kling-text-to-audio": Product("/v1/audio/text-to-audio", _text_to_audio),
    "kling-video-to-audio": Product("/v1/audio/video-to-audio", _video_to_audio),
    "kling-tts": Product("/v1/audio/tts", _speech),
}
"""By the author's model; see :data:`~airflow_provider_kling.gateways.kling.legacy.PRODUCTS`."""

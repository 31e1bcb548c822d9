"""Bodies of the legacy standard that are accepted and rejected, by product and model."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.kling.holdings import IMAGES_ELEMENT, VIDEO_ELEMENT, VOICE
from tests.sandbox.kling.service.test_new_bodies import brief, rejection_of

IMAGE, VIDEO, SOUND = "https://example.com/a.png", "https://example.com/a.mp4", "https://example.com/a.mp3"
T2V, I2V, OMNI = "/v1/videos/text2video", "/v1/videos/image2video", "/v1/videos/omni-video"
MOTION, MULTI, EXTEND = (
    "/v1/videos/motion-control",
    "/v1/videos/multi-image2video",
    "/v1/videos/video-extend",
)
EDIT, LIPS, OLD_LIPS = "/v1/videos/multi-elements", "/v1/videos/advanced-lip-sync", "/v1/videos/lip-sync"
AVATAR, EFFECTS = "/v1/videos/avatar/image2video", "/v1/videos/effects"
IMAGES, OMNI_IMAGE, MULTI_IMAGE = (
    "/v1/images/generations",
    "/v1/images/omni-image",
    "/v1/images/multi-image2image",
)
EXPAND, TRY_ON, SHOTS = (
    "/v1/images/editing/expand",
    "/v1/images/kolors-virtual-try-on",
    "/v1/general/ai-multi-shot",
)
SOUNDS, SOUNDTRACK, TTS = "/v1/audio/text-to-audio", "/v1/audio/video-to-audio", "/v1/audio/tts"
VOICES, ELEMENTS = "/v1/general/custom-voices", "/v1/general/advanced-custom-elements"

V3 = {"model_name": "kling-v3", "prompt": "a boat"}
V26 = {"model_name": "kling-v2-6", "prompt": "a boat"}
FRAME = {"model_name": "kling-v3", "image": IMAGE}
RATIOS = {f"{side}_expansion_ratio": 0.2 for side in ("up", "down", "left", "right")}
FACE = {"face_id": "0", "sound_start_time": 0, "sound_end_time": 3000, "sound_insert_time": 0}
PICTURES = {"frontal_image": IMAGE, "refer_images": [{"image_url": IMAGE}]}
ELEMENT = {"element_name": "x", "element_description": "x", "reference_type": "image_refer"}
SHOT = {"index": 1, "prompt": "a boat", "duration": "5"}


def shots(*durations: str, **more: Any) -> dict[str, Any]:
    listed = [{"index": n, "prompt": "x", "duration": text} for n, text in enumerate(durations, 1)]
    return {
        "model_name": "kling-v3",
        "multi_shot": True,
        "shot_type": "customize",
        "multi_prompt": listed,
    } | more


ACCEPTED: list[tuple[str, dict[str, Any]]] = [
    (T2V, V3),
    (T2V, V3 | {"duration": "15", "mode": "4k", "sound": "on", "cfg_scale": 0.1}),
    (T2V, V3 | {"callback_url": "", "external_task_id": "", "negative_prompt": ""}),
    (T2V, V3 | {"model": "anything"}),
    (T2V, V3 | {"sound": "on", "voice_list": [{"voice_id": VOICE}]}),
    (T2V, V3 | {"shot_type": "customize", "multi_prompt": [SHOT | {"index": 9}]}),
    (T2V, shots("2", "3")),
    (T2V, V3 | {"multi_shot": True, "shot_type": "intelligence"}),
    (T2V, V26 | {"sound": "on", "mode": "pro"}),
    (T2V, {"model_name": "kling-v2-master", "prompt": "x"}),
    (I2V, FRAME),
    (I2V, FRAME | {"image_tail": IMAGE, "element_list": [{"element_id": IMAGES_ELEMENT}]}),
    (I2V, {"model_name": "kling-v3", "image_tail": IMAGE}),
    (I2V, {"model_name": "kling-v2-5-turbo", "image": IMAGE, "image_tail": IMAGE, "mode": "pro"}),
    (I2V, {"model_name": "kling-v1-5", "image": IMAGE, "static_mask": IMAGE, "mode": "pro"}),
    (
        I2V,
        {
            "model_name": "kling-v1-6",
            "image": IMAGE,
            "camera_control": {"type": "simple", "config": {"zoom": 5, "pan": 0}},
        },
    ),
    (OMNI, {"prompt": "x", "aspect_ratio": "1:1"}),
    (OMNI, {"prompt": "x", "video_list": [{"video_url": VIDEO}]}),
    (
        OMNI,
        {
            "prompt": "x",
            "image_list": [
                {"image_url": IMAGE, "type": "first_frame"},
                {"image_url": IMAGE, "type": "end_frame"},
            ],
        },
    ),
    (OMNI, shots("2", "3", model_name="kling-v3-omni", aspect_ratio="1:1")),
    (
        MOTION,
        {"image_url": IMAGE, "video_url": VIDEO, "character_orientation": "image", "mode": "std"},
    ),
    (MULTI, {"image_list": [{"image": IMAGE}] * 4, "prompt": "x"}),
    (EXTEND, {"video_id": "old"}),
    (EDIT, {"session_id": "marked", "edit_mode": "removal", "prompt": "x", "duration": "10"}),
    (
        EDIT,
        {"session_id": "short", "edit_mode": "addition", "prompt": "x", "image_list": [{"image": IMAGE}]},
    ),
    (LIPS, {"session_id": "faces", "face_choose": [FACE | {"sound_file": SOUND}]}),
    (LIPS, {"session_id": "faces", "face_choose": [FACE | {"audio_id": "sound"}]}),
    (OLD_LIPS, {"input": {"video_id": "new", "mode": "text2video", "text": "hi", "voice_id": "x"}}),
    (AVATAR, {"image": IMAGE, "audio_id": "sound"}),
    (AVATAR, {"image": IMAGE, "sound_file": "AAAA", "mode": "pro"}),
    (EFFECTS, {"effect_scene": "any_name", "input": {"image": IMAGE}}),
    (EFFECTS, {"effect_scene": "hug", "input": {"images": [IMAGE, IMAGE]}}),
    (IMAGES, {"prompt": "x"}),
    (IMAGES, {"model_name": "kling-v2-1", "prompt": "x", "image": IMAGE, "image_reference": "subject"}),
    (IMAGES, {"prompt": "x", "n": 9, "resolution": "2k", "aspect_ratio": "21:9"}),
    (OMNI_IMAGE, {"prompt": "x", "result_type": "series", "series_amount": "auto"}),
    (OMNI_IMAGE, {"model_name": "kling-v3-omni", "prompt": "x", "resolution": "4k", "series_amount": 9}),
    (MULTI_IMAGE, {"subject_image_list": [{"subject_image": IMAGE}]}),
    (EXPAND, {"image": IMAGE, **RATIOS}),
    (TRY_ON, {"human_image": IMAGE, "cloth_image": IMAGE}),
    (SHOTS, {"element_frontal_image": IMAGE}),
    (SOUNDS, {"prompt": "rain", "duration": 3.5}),
    (SOUNDTRACK, {"video_id": "new"}),
    (TTS, {"text": "hello", "voice_id": "oversea_male1", "voice_speed": 9}),
    (VOICES, {"voice_name": "x", "voice_url": SOUND, "video_id": ""}),
    (VOICES, {"voice_name": "x", "video_id": "spoken"}),
    (ELEMENTS, ELEMENT | {"element_image_list": PICTURES, "tag_list": [{"tag_id": "o_101"}]}),
    (
        ELEMENTS,
        ELEMENT
        | {
            "reference_type": "video_refer",
            "element_video_list": {"refer_videos": [{"video_url": VIDEO}]},
        },
    ),
]

REJECTED: list[tuple[str, dict[str, Any], str]] = [
    *(
        (path, {"prompt": "x", "image": IMAGE} | body, "The model 'kling-v1' has been discontinued")
        for path in (T2V, I2V)
        for body in ({}, {"model_name": "kling-v1"}, {"model": "kling-v3"}, {"model_name": ""})
    ),
    (IMAGES, {"model_name": "kling-v1", "prompt": "x"}, "has been discontinued"),
    (T2V, {"model_name": "kling-v3-0", "prompt": "x"}, "'model_name' must be one of"),
    (T2V, {"model_name": ["kling-v3"], "prompt": "x"}, "'model_name' must be a string"),
    (T2V, {"model_name": "kling-v3"}, "'prompt' is required"),
    (T2V, V3 | {"duration": 5}, "'duration' must be a string"),
    (T2V, V26 | {"duration": "7"}, "'duration' must be one of '5', '10' unless"),
    (T2V, V26 | {"mode": "4k"}, "'mode' must be one of 'std', 'pro'"),
    (T2V, V26 | {"sound": "on"}, "'mode' is required when 'sound' is 'on'"),
    (T2V, V26 | {"sound": "on", "mode": "std"}, "must be 'pro' when 'sound' is 'on'"),
    (T2V, V26 | {"cfg_scale": 0.5}, "'cfg_scale' must be omitted"),
    (T2V, V26 | {"multi_shot": True}, "'multi_shot' must be false"),
    (T2V, V3 | {"cfg_scale": 1.5}, "between 0 and 1"),
    (T2V, V3 | {"camera_control": {"type": "simple"}}, "'camera_control' must be omitted"),
    (T2V, {"model_name": "kling-v1-6", "prompt": "x", "sound": "on"}, "'sound' must be 'off'"),
    (T2V, {"model_name": "kling-v2-master", "prompt": "x", "mode": "std"}, "'mode' must be omitted"),
    (T2V, V3 | {"multi_shot": True}, "'shot_type' is required"),
    (T2V, V3 | {"multi_shot": True, "shot_type": "customize"}, "'multi_prompt' is required"),
    (T2V, shots("2", "2"), "must last 5 seconds together, got 4"),
    (T2V, shots("five"), "must be a whole number"),
    (T2V, shots("9" * 5000), "must be a whole number"),
    (T2V, shots("5") | {"multi_prompt": [SHOT | {"index": 0}]}, "numbered from 1"),
    (T2V, V3 | {"voice_list": [{"voice_id": VOICE}]}, "'sound' is required when 'voice_list'"),
    (T2V, V3 | {"sound": "on", "voice_list": [{"voice_id": "x"}]}, "Voice id not found"),
    (T2V, V3 | {"callback_url": "javascript:alert(1)"}, "http or https"),
    (I2V, {"model_name": "kling-v3"}, "'image_tail' is required when 'image' is not given"),
    (I2V, FRAME | {"element_list": [{"element_id": 5}]}, "Element id not found: 5"),
    (I2V, FRAME | {"static_mask": IMAGE}, "'static_mask' must be omitted"),
    (
        I2V,
        FRAME | {"sound": "on", "voice_list": [{"voice_id": VOICE}], "element_list": [{"element_id": 1}]},
        "'element_list' must be omitted",
    ),
    (
        I2V,
        {"model_name": "kling-v2-6", "image": IMAGE, "image_tail": IMAGE, "mode": "pro", "sound": "on"},
        "'sound' must be 'off' with a first and a last frame",
    ),
    (
        I2V,
        {
            "model_name": "kling-v1-5",
            "image": IMAGE,
            "static_mask": IMAGE,
            "image_tail": IMAGE,
            "mode": "pro",
        },
        "exclude each other",
    ),
    (
        I2V,
        {
            "model_name": "kling-v1-6",
            "image": IMAGE,
            "camera_control": {"type": "simple", "config": {"zoom": 5, "pan": 1}},
        },
        "exactly one value other than 0",
    ),
    (
        I2V,
        {"model_name": "kling-v1-6", "image": IMAGE, "camera_control": {"type": "simple"}},
        "config' is required",
    ),
    (OMNI, {"prompt": "x"}, "'aspect_ratio' is required"),
    (
        OMNI,
        {"prompt": "x", "video_list": [{"video_url": VIDEO, "refer_type": "feature"}]},
        "'aspect_ratio' is required",
    ),
    (OMNI, {"prompt": "x", "aspect_ratio": "1:1", "duration": "7"}, "must be one of '5', '10'"),
    (
        OMNI,
        {
            "model_name": "kling-v3-omni",
            "prompt": "x",
            "sound": "on",
            "video_list": [{"video_url": VIDEO}],
        },
        "sound on is not supported with video input",
    ),
    (
        OMNI,
        {"prompt": "x", "image_list": [{"image_url": IMAGE, "type": "end_frame"}], "aspect_ratio": "1:1"},
        "an 'end_frame' needs a 'first_frame'",
    ),
    (
        OMNI,
        {"prompt": "x", "image_list": [{"image_url": IMAGE}] * 8, "aspect_ratio": "1:1"},
        "at most 7 images",
    ),
    (
        OMNI,
        {"prompt": "x", "element_list": [{"element_id": VIDEO_ELEMENT}], "aspect_ratio": "1:1"},
        "multi-image elements only",
    ),
    (MOTION, {"image_url": IMAGE, "video_url": VIDEO, "mode": "std"}, "orientation' is required"),
    (MULTI, {"image_list": [{"image": IMAGE}] * 5, "prompt": "x"}, "between 1 and 4 items"),
    (EXTEND, {"video_id": "nothing"}, "Video id not found or expired: nothing"),
    (EXTEND, {"video_id": "gone"}, "Video id not found or expired: gone"),
    (EXTEND, {"video_id": "sound"}, "Video id not found or expired"),
    (EXTEND, {"video_id": "new"}, "cannot be extended"),
    (EXTEND, {"video_id": "long"}, "at most 180 seconds"),
    (EDIT, {"session_id": "x", "edit_mode": "removal", "prompt": "x"}, "Session id not found"),
    (EDIT, {"session_id": "faces", "edit_mode": "removal", "prompt": "x"}, "Session id not found"),
    (EDIT, {"session_id": "short", "edit_mode": "removal", "prompt": "x"}, "has no selection"),
    (EDIT, {"session_id": "marked", "edit_mode": "removal", "prompt": "x"}, "must last 2 to 5 seconds"),
    (EDIT, {"session_id": "short", "edit_mode": "swap", "prompt": "x"}, "'image_list' is required"),
    (
        EDIT,
        {"session_id": "marked", "edit_mode": "removal", "prompt": "x", "image_list": [{"image": IMAGE}]},
        "at most 0 items",
    ),
    (LIPS, {"session_id": "faces", "face_choose": []}, "exactly 1 item"),
    (LIPS, {"session_id": "faces", "face_choose": [FACE]}, "exactly one of the parameters"),
    (
        LIPS,
        {"session_id": "faces", "face_choose": [FACE | {"face_id": "1", "sound_file": SOUND}]},
        "Face id not found: 1",
    ),
    (
        LIPS,
        {"session_id": "faces", "face_choose": [FACE | {"sound_end_time": 1000, "sound_file": SOUND}]},
        "at least 2000 ms",
    ),
    (
        LIPS,
        {"session_id": "faces", "face_choose": [FACE | {"sound_insert_time": 4000, "sound_file": SOUND}]},
        "end after the video",
    ),
    (
        LIPS,
        {"session_id": "faces", "face_choose": [FACE | {"audio_id": "word"}]},
        "at least 2 seconds",
    ),
    (
        LIPS,
        {"session_id": "faces", "face_choose": [FACE | {"audio_id": "nothing"}]},
        "Audio id not found",
    ),
    (OLD_LIPS, {"input": {"video_id": "new", "mode": "text2video"}}, "'input.text' is required"),
    (OLD_LIPS, {"input": {"mode": "audio2video"}}, "exactly one of the parameters 'input.video_id'"),
    (OLD_LIPS, {"input": {"mode": "audio2video", "video_id": "gone"}}, "Video id not found"),
    (AVATAR, {"image": IMAGE}, "exactly one of the parameters 'audio_id' or 'sound_file'"),
    (EFFECTS, {"effect_scene": "x", "input": {"images": [IMAGE]}}, "exactly 2 items"),
    (EFFECTS, {"effect_scene": "x", "input": {"image": IMAGE}, "mode": "std"}, "'mode' is not supported"),
    (IMAGES, {"prompt": "x", "n": 10}, "between 1 and 9"),
    (IMAGES, {"prompt": "x", "image_reference": "face"}, "'image_reference' must be omitted"),
    (
        IMAGES,
        {"model_name": "kling-v2-1", "prompt": "x", "image_reference": "face"},
        "'image' is required when 'image_reference' is given",
    ),
    (
        IMAGES,
        {"prompt": "x", "image": IMAGE, "element_list": [{"element_id": IMAGES_ELEMENT}] * 10},
        "at most 9 items when 'image' is given",
    ),
    (IMAGES, {"prompt": "x", "image": IMAGE, "negative_prompt": "y"}, "'negative_prompt' must be omitted"),
    (IMAGES, {"model_name": "kling-v2", "prompt": "x"}, "'model_name' must be one of"),
    (OMNI_IMAGE, {"prompt": "x", "resolution": "4k"}, "must be one of '1k', '2k'"),
    (OMNI_IMAGE, {"prompt": "x", "series_amount": 10}, "between 2 and 9, or 'auto'"),
    (OMNI_IMAGE, {"prompt": "x", "series_amount": True}, "between 2 and 9, or 'auto'"),
    (
        OMNI_IMAGE,
        {
            "prompt": "x",
            "image_list": [{"image": IMAGE}] * 9,
            "element_list": [{"element_id": IMAGES_ELEMENT}] * 2,
        },
        "together with 'element_list'",
    ),
    (MULTI_IMAGE, {"subject_image_list": []}, "between 1 and 4 items"),
    (EXPAND, {"image": IMAGE}, "'up_expansion_ratio' is required"),
    (
        EXPAND,
        {"image": IMAGE, **RATIOS, "up_expansion_ratio": 2, "left_expansion_ratio": 1},
        "at most 3 times the area",
    ),
    (TRY_ON, {"human_image": IMAGE, "cloth_image": IMAGE, "watermark_info": {}}, "is not supported"),
    (SOUNDS, {"prompt": "rain", "duration": 2}, "between 3 and 10"),
    (SOUNDS, {"prompt": "x" * 201, "duration": 3}, "between 1 and 200"),
    (SOUNDTRACK, {"video_id": "long"}, "must last 3 to 20 seconds"),
    (TTS, {"text": "x", "voice_id": VOICE}, "Voice id not found"),
    (TTS, {"text": "x" * 1001, "voice_id": "x"}, "between 1 and 1000"),
    (VOICES, {"voice_name": "x"}, "exactly one of the parameters 'voice_url' or 'video_id'"),
    (VOICES, {"voice_name": "x", "video_id": "silent"}, "must be a video with a voice"),
    (ELEMENTS, ELEMENT, "'element_image_list' is required when 'reference_type' is 'image_refer'"),
    (
        ELEMENTS,
        ELEMENT | {"element_image_list": PICTURES, "element_voice_id": "x"},
        "Voice id not found",
    ),
    (ELEMENTS, ELEMENT | {"element_name": "x" * 21}, "between 1 and 20"),
]


@pytest.mark.parametrize(("path", "body"), ACCEPTED, ids=brief)
def test_what_the_documents_allow_is_accepted(path: str, body: dict[str, Any]):
    assert rejection_of(path, body) is None


@pytest.mark.parametrize(("path", "body", "words"), REJECTED, ids=brief)
def test_what_the_documents_do_not_allow_is_rejected_by_name(path: str, body: dict[str, Any], words: str):
    message = rejection_of(path, body)
    assert message is not None
    assert words in message

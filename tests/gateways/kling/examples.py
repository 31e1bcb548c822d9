"""Requests as the platform's documents show them, each beside what a DAG's author writes for it.

The left side is in the author's fields, the right side is the path and the JSON that have to be sent. The
shapes are those of the pages text-to-video, image-to-video, omni-video, image-generation, omni-image,
multi-image, expand, try-on, avatar and effects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

IMAGE = "https://cdn.example/a.png"
OTHER = "https://cdn.example/b.png"
VIDEO = "https://cdn.example/a.mp4"
SOUND = "https://cdn.example/a.mp3"
# Those that the sandbox offers to all.
VOICE = "829826751244537879"
SPEAKER = "oversea_male1"
ELEMENT = 150001
WORDS = "A paper boat crosses a puddle"


class Example(NamedTuple):
    """What an author writes, and what is sent."""

    model: str
    given: Mapping[str, Any]
    path: str
    body: Mapping[str, Any]


def prompt(text: str = WORDS) -> dict[str, str]:
    """Return a prompt among the contents."""
    return {"type": "prompt", "text": text}


def part(kind: str, url: str, **more: str) -> dict[str, str]:
    """Return a file among the contents."""
    return {"type": kind, "url": url, **more}


NEW = [
    Example("kling-video-o1", {"prompt": WORDS}, "/omni-video/kling-o1", {"contents": [prompt()]}),
    Example(
        "kling-video-o1",
        {
            "prompt": WORDS,
            "mode": "pro",
            "duration": 10,
            "aspect_ratio": "16:9",
            "sound": "off",
            "multi_shot": False,
        },
        "/omni-video/kling-o1",
        {
            "contents": [prompt()],
            "settings": {"resolution": "1080p", "duration": 10, "aspect_ratio": "16:9", "audio": "off"},
        },
    ),
    Example(
        "kling-video-o1",
        {"prompt": "<<<image_1>>> meets <<<image_2>>>", "images": [IMAGE, OTHER], "mode": "std"},
        "/omni-video/kling-o1",
        {
            "contents": [
                prompt("@image_1 meets @image_2"),
                part("refer_image", IMAGE, id="image_1"),
                part("refer_image", OTHER, id="image_2"),
            ],
            "settings": {"resolution": "720p"},
        },
    ),
    Example(
        "kling-video-o1",
        {"prompt": "Make <<<video_1>>> snow", "images": [IMAGE], "videos": [VIDEO]},
        "/omni-video/kling-o1",
        {
            "contents": [
                prompt("Make @video_1 snow"),
                part("refer_image", IMAGE),
                part("base_video", VIDEO, id="video_1"),
            ]
        },
    ),
    Example(
        "kling-video-o1-t2v",
        {"prompt": WORDS, "resolution": "1080p", "duration": 3},
        "/omni-video/kling-o1",
        {"contents": [prompt()], "settings": {"resolution": "1080p", "duration": 3}},
    ),
    Example(
        "kling-video-o1-i2v",
        {"prompt": WORDS, "images": [IMAGE]},
        "/omni-video/kling-o1",
        {"contents": [prompt(), part("refer_image", IMAGE)]},
    ),
    Example(
        "kling-v3-omni-video",
        {"prompt": WORDS, "multi_shot": True, "shot_type": "intelligence", "sound": "on", "duration": 15},
        "/omni-video/kling-3.0-omni",
        {"contents": [prompt()], "settings": {"multi_shot": True, "duration": 15, "audio": "native"}},
    ),
    Example(
        "kling-v3-omni-video",
        {"prompt": WORDS, "videos": [VIDEO], "audio": "original"},
        "/omni-video/kling-3.0-omni",
        {
            "contents": [prompt(), part("base_video", VIDEO)],
            "settings": {"multi_shot": False, "audio": "original"},
        },
    ),
    Example(
        "kling-v3-omni-i2v",
        {"prompt": WORDS, "images": [IMAGE], "resolution": "4k", "audio": "native"},
        "/omni-video/kling-3.0-omni",
        {
            "contents": [prompt(), part("refer_image", IMAGE)],
            "settings": {"resolution": "4k", "audio": "native"},
        },
    ),
    Example(
        "kling-v3-t2v",
        {"prompt": WORDS, "mode": "std", "sound": "on", "duration": 12, "aspect_ratio": "9:16"},
        "/text-to-video/kling-3.0",
        {
            "prompt": WORDS,
            "settings": {"resolution": "720p", "audio": "native", "duration": 12, "aspect_ratio": "9:16"},
        },
    ),
    Example(
        "kling-v3-t2v",
        {"prompt": "shot 1, 2, a boat; shot 2, 3, a puddle;", "multi_shot": True, "resolution": "4k"},
        "/text-to-video/kling-3.0",
        {
            "prompt": "shot 1, 2, a boat; shot 2, 3, a puddle;",
            "settings": {"multi_shot": True, "resolution": "4k"},
        },
    ),
    Example(
        "kling-v3-i2v",
        {"prompt": WORDS, "image": IMAGE, "image_tail": OTHER, "resolution": "1080p", "audio": "off"},
        "/image-to-video/kling-3.0",
        {
            "contents": [prompt(), part("first_frame", IMAGE), part("last_frame", OTHER)],
            "settings": {"resolution": "1080p", "audio": "off"},
        },
    ),
    Example(
        "kling-video-o1-omni",
        {"prompt": WORDS, "first_frame": IMAGE, "last_frame": OTHER, "resolution": "1080p", "duration": 5},
        "/omni-video/kling-o1",
        {
            "contents": [prompt(), part("first_frame", IMAGE), part("last_frame", OTHER)],
            "settings": {"resolution": "1080p", "duration": 5},
        },
    ),
    Example(
        "kling-video-o1-omni",
        {
            "prompt": "<<<element_1>>> moves as in <<<video_1>>>",
            "first_frame": IMAGE,
            "feature_video": VIDEO,
            "element_ids": [str(ELEMENT)],
            "audio": "original",
        },
        "/omni-video/kling-o1",
        {
            "contents": [
                prompt("@element_1 moves as in @video_1"),
                part("first_frame", IMAGE),
                part("feature_video", VIDEO, id="video_1"),
                {"type": "element", "element_id": str(ELEMENT), "id": "element_1"},
            ],
            "settings": {"audio": "original"},
        },
    ),
    Example(
        "kling-v3-omni",
        {
            "prompt": "<<<element_1>>> and <<<image_1>>>",
            "images": [IMAGE],
            "element_ids": [str(ELEMENT)],
            "resolution": "4k",
            "duration": 15,
            "audio": "native",
            "multi_shot": False,
        },
        "/omni-video/kling-3.0-omni",
        {
            "contents": [
                prompt("@element_1 and @image_1"),
                part("refer_image", IMAGE, id="image_1"),
                {"type": "element", "element_id": str(ELEMENT), "id": "element_1"},
            ],
            "settings": {"multi_shot": False, "resolution": "4k", "duration": 15, "audio": "native"},
        },
    ),
    Example(
        "kling-v3-omni",
        {"prompt": WORDS, "feature_video": VIDEO, "multi_shot": True, "audio": "off", "aspect_ratio": "9:16"},
        "/omni-video/kling-3.0-omni",
        {
            "contents": [prompt(), part("feature_video", VIDEO)],
            "settings": {"multi_shot": True, "audio": "off", "aspect_ratio": "9:16"},
        },
    ),
    Example(
        "kling-v3-omni",
        {"prompt": "Make <<<video_1>>> snow", "base_video": VIDEO, "audio": "original"},
        "/omni-video/kling-3.0-omni",
        {
            "contents": [prompt("Make @video_1 snow"), part("base_video", VIDEO, id="video_1")],
            "settings": {"multi_shot": False, "audio": "original"},
        },
    ),
    Example(
        "kling-v3-elements-i2v",
        {
            "prompt": "<<<element_1>>> waves",
            "image": IMAGE,
            "image_tail": OTHER,
            "element_ids": [str(ELEMENT)],
            "audio": "native",
        },
        "/image-to-video/kling-3.0",
        {
            "contents": [
                prompt("@element_1 waves"),
                part("first_frame", IMAGE),
                part("last_frame", OTHER),
                {"type": "element", "element_id": str(ELEMENT), "id": "element_1"},
            ],
            "settings": {"audio": "native"},
        },
    ),
    Example("kling-v3-turbo-t2v", {"prompt": WORDS}, "/text-to-video/kling-3.0-turbo", {"prompt": WORDS}),
    Example(
        "kling-v3-turbo-i2v",
        {"prompt": WORDS, "images": [IMAGE], "audio": "native"},
        "/image-to-video/kling-3.0-turbo",
        {"contents": [prompt(), part("first_frame", IMAGE)]},
    ),
    Example(
        "kling-v2.6-t2v",
        {"prompt": WORDS, "mode": "pro", "sound": "on"},
        "/text-to-video/kling-2.6",
        {"prompt": WORDS, "settings": {"resolution": "1080p", "audio": "native"}},
    ),
    Example(
        "kling-v2.6-i2v",
        {
            "prompt": "<<<voice_1>>> speaks",
            "image": IMAGE,
            "voice_ids": [VOICE],
            "mode": "pro",
            "sound": "on",
        },
        "/image-to-video/kling-2.6",
        {
            "contents": [
                prompt("@voice_1 speaks"),
                part("first_frame", IMAGE),
                {"type": "voice", "voice_id": VOICE, "id": "voice_1"},
            ],
            "settings": {"resolution": "1080p", "audio": "native"},
        },
    ),
    Example(
        "kling-v3-motion-control",
        {
            "prompt": "<<<element_1>>> dances",
            "image": IMAGE,
            "video": VIDEO,
            "character_orientation": "video",
            "element_id": str(ELEMENT),
            "mode": "pro",
            "audio": "off",
        },
        "/motion-control/kling-3.0",
        {
            "contents": [
                prompt("@element_1 dances"),
                part("image", IMAGE),
                part("video", VIDEO),
                {"type": "element", "element_id": str(ELEMENT), "id": "element_1"},
            ],
            "settings": {"resolution": "1080p", "character_orientation": "video", "audio": "off"},
        },
    ),
    Example(
        "kling-v2.6-motion-control",
        {"image": IMAGE, "video": VIDEO, "character_orientation": "image"},
        "/motion-control/kling-2.6",
        {
            "contents": [part("image", IMAGE), part("video", VIDEO)],
            "settings": {"character_orientation": "image"},
        },
    ),
    Example(
        "kling-v2.5-turbo-t2v",
        {"prompt": WORDS, "duration": 10},
        "/text-to-video/kling-2.5-turbo",
        {"prompt": WORDS, "settings": {"duration": 10}},
    ),
    Example(
        "kling-v2.5-turbo-i2v",
        {"image": IMAGE, "image_tail": OTHER, "mode": "pro"},
        "/image-to-video/kling-2.5-turbo",
        {
            "contents": [part("first_frame", IMAGE), part("last_frame", OTHER)],
            "settings": {"resolution": "1080p"},
        },
    ),
]
"""What goes through the new standard."""

LEGACY_VIDEOS = [
    Example(
        "kling-v3-motion-control",
        {
            "image": IMAGE,
            "video": VIDEO,
            "character_orientation": "video",
            "element_id": str(ELEMENT),
            "audio": "original",
        },
        "/v1/videos/motion-control",
        {
            "model_name": "kling-v3",
            "image_url": IMAGE,
            "video_url": VIDEO,
            "character_orientation": "video",
            "mode": "std",
            "keep_original_sound": "yes",
            "element_list": [{"element_id": ELEMENT}],
        },
    ),
    Example(
        "kling-video-o1",
        {"prompt": "<<<image_1>>>", "images": [IMAGE], "mode": "pro", "duration": 10, "aspect_ratio": "1:1"},
        "/v1/videos/omni-video",
        {
            "model_name": "kling-video-o1",
            "prompt": "<<<image_1>>>",
            "image_list": [{"image_url": IMAGE}],
            "mode": "pro",
            "duration": "10",
            "aspect_ratio": "1:1",
        },
    ),
    Example(
        "kling-v3-omni-video",
        {"prompt": WORDS, "videos": [VIDEO], "sound": "off"},
        "/v1/videos/omni-video",
        {
            "model_name": "kling-v3-omni",
            "prompt": WORDS,
            "video_list": [{"video_url": VIDEO, "refer_type": "base", "keep_original_sound": "no"}],
            "sound": "off",
        },
    ),
    Example(
        "kling-v3-omni-video",
        {"prompt": WORDS, "videos": [VIDEO], "audio": "original"},
        "/v1/videos/omni-video",
        {
            "model_name": "kling-v3-omni",
            "prompt": WORDS,
            "video_list": [{"video_url": VIDEO, "refer_type": "base", "keep_original_sound": "yes"}],
        },
    ),
    Example(
        "kling-v3-omni-t2v",
        {"prompt": WORDS, "multi_shot": True, "resolution": "4k"},
        "/v1/videos/omni-video",
        {
            "model_name": "kling-v3-omni",
            "prompt": WORDS,
            "multi_shot": True,
            "shot_type": "intelligence",
            "mode": "4k",
            "aspect_ratio": "16:9",
        },
    ),
    Example(
        "kling-video-o1-omni",
        {"prompt": WORDS, "first_frame": IMAGE, "last_frame": OTHER, "resolution": "1080p"},
        "/v1/videos/omni-video",
        {
            "model_name": "kling-video-o1",
            "prompt": WORDS,
            "image_list": [
                {"image_url": IMAGE, "type": "first_frame"},
                {"image_url": OTHER, "type": "end_frame"},
            ],
            "mode": "pro",
        },
    ),
    Example(
        "kling-v3-omni",
        {
            "prompt": "<<<element_1>>> and <<<image_1>>> as in <<<video_1>>>",
            "images": [IMAGE],
            "element_ids": [str(ELEMENT)],
            "feature_video": VIDEO,
            "multi_shot": True,
            "duration": 8,
        },
        "/v1/videos/omni-video",
        {
            "model_name": "kling-v3-omni",
            "prompt": "<<<element_1>>> and <<<image_1>>> as in <<<video_1>>>",
            "multi_shot": True,
            "shot_type": "intelligence",
            "image_list": [{"image_url": IMAGE}],
            "element_list": [{"element_id": ELEMENT}],
            "video_list": [{"video_url": VIDEO, "refer_type": "feature"}],
            "aspect_ratio": "16:9",
            "duration": "8",
        },
    ),
    Example(
        "kling-v3-elements-i2v",
        {
            "prompt": WORDS,
            "image": IMAGE,
            "element_ids": [str(ELEMENT)],
            "audio": "native",
            "resolution": "4k",
        },
        "/v1/videos/image2video",
        {
            "model_name": "kling-v3",
            "prompt": WORDS,
            "image": IMAGE,
            "element_list": [{"element_id": ELEMENT}],
            "sound": "on",
            "mode": "4k",
        },
    ),
    Example(
        "kling-v3-t2v",
        {"prompt": WORDS, "negative_prompt": "rain", "cfg_scale": 0.5, "sound": "on", "duration": 3},
        "/v1/videos/text2video",
        {
            "model_name": "kling-v3",
            "prompt": WORDS,
            "negative_prompt": "rain",
            "cfg_scale": 0.5,
            "sound": "on",
            "duration": "3",
        },
    ),
    Example(
        "kling-v2.6-i2v",
        {
            "prompt": WORDS,
            "image": IMAGE,
            "voice_ids": [VOICE],
            "sound": "on",
            "mode": "pro",
        },
        "/v1/videos/image2video",
        {
            "model_name": "kling-v2-6",
            "prompt": WORDS,
            "image": IMAGE,
            "voice_list": [{"voice_id": VOICE}],
            "sound": "on",
            "mode": "pro",
        },
    ),
]
"""What goes through the legacy standard with an access key only."""

LEGACY = [
    Example(
        "kling-lip-sync",
        {
            "session_id": "s",
            "face_id": "0",
            "sound_file": SOUND,
            "sound_start_time": 0,
            "sound_end_time": 5000,
            "sound_insert_time": 1000,
            "sound_volume": 1.5,
        },
        "/v1/videos/advanced-lip-sync",
        {
            "session_id": "s",
            "face_choose": [
                {
                    "face_id": "0",
                    "sound_file": SOUND,
                    "sound_start_time": 0,
                    "sound_end_time": 5000,
                    "sound_insert_time": 1000,
                    "sound_volume": 1.5,
                }
            ],
        },
    ),
    Example(
        "kling-video-extension",
        {"video_id": "77", "prompt": WORDS, "cfg_scale": 0.4},
        "/v1/videos/video-extend",
        {"video_id": "77", "prompt": WORDS, "cfg_scale": 0.4},
    ),
    Example(
        "kling-multi-elements",
        {"session_id": "s", "edit_mode": "swap", "prompt": WORDS, "images": [IMAGE], "duration": 10},
        "/v1/videos/multi-elements",
        {
            "session_id": "s",
            "edit_mode": "swap",
            "prompt": WORDS,
            "image_list": [{"image": IMAGE}],
            "duration": "10",
        },
    ),
    Example(
        "kling-text-to-audio",
        {"prompt": WORDS, "duration": 3.5},
        "/v1/audio/text-to-audio",
        {"prompt": WORDS, "duration": 3.5},
    ),
    Example(
        "kling-video-to-audio",
        {"video": VIDEO, "bgm_prompt": "calm", "asmr_mode": True},
        "/v1/audio/video-to-audio",
        {"video_url": VIDEO, "bgm_prompt": "calm", "asmr_mode": True},
    ),
    Example(
        "kling-tts",
        {"text": WORDS, "voice_id": SPEAKER, "voice_language": "en", "voice_speed": 0.8},
        "/v1/audio/tts",
        {"text": WORDS, "voice_id": SPEAKER, "voice_language": "en", "voice_speed": 0.8},
    ),
    Example(
        "kling-v1.6-t2v",
        {"prompt": WORDS, "negative_prompt": "rain", "cfg_scale": 0.7, "mode": "pro", "duration": 5},
        "/v1/videos/text2video",
        {
            "model_name": "kling-v1-6",
            "prompt": WORDS,
            "negative_prompt": "rain",
            "cfg_scale": 0.7,
            "mode": "pro",
            "duration": "5",
        },
    ),
    Example(
        "kling-v2.1-i2v",
        {"image": IMAGE, "image_tail": OTHER, "mode": "pro"},
        "/v1/videos/image2video",
        {"model_name": "kling-v2-1", "image": IMAGE, "image_tail": OTHER, "mode": "pro"},
    ),
    Example(
        "kling-v1.6-mi2v",
        {"prompt": WORDS, "images": [IMAGE, OTHER]},
        "/v1/videos/multi-image2video",
        {"model_name": "kling-v1-6", "prompt": WORDS, "image_list": [{"image": IMAGE}, {"image": OTHER}]},
    ),
    Example(
        "kling-avatar",
        {"image": IMAGE, "sound_file": SOUND, "mode": "pro"},
        "/v1/videos/avatar/image2video",
        {"image": IMAGE, "sound_file": SOUND, "mode": "pro"},
    ),
    Example(
        "kling-video-effects",
        {"effect_scene": "pet_lion_pro", "image": IMAGE},
        "/v1/videos/effects",
        {"effect_scene": "pet_lion_pro", "input": {"image": IMAGE}},
    ),
    Example(
        "kling-video-effects",
        {"effect_scene": "hug_pro", "images": [IMAGE, OTHER]},
        "/v1/videos/effects",
        {"effect_scene": "hug_pro", "input": {"images": [IMAGE, OTHER]}},
    ),
    Example(
        "kling-v3-t2i",
        {"prompt": WORDS, "n": 2, "aspect_ratio": "21:9", "resolution": "2k"},
        "/v1/images/generations",
        {"model_name": "kling-v3", "prompt": WORDS, "n": 2, "aspect_ratio": "21:9", "resolution": "2k"},
    ),
    Example(
        "kling-v2.1-i2i",
        {"prompt": WORDS, "image": IMAGE, "image_fidelity": 0.6},
        "/v1/images/generations",
        {"model_name": "kling-v2-1", "prompt": WORDS, "image": IMAGE, "image_fidelity": 0.6},
    ),
    Example(
        "kling-image-o1",
        {"prompt": "<<<image_1>>>", "images": [IMAGE], "aspect_ratio": "auto"},
        "/v1/images/omni-image",
        {
            "model_name": "kling-image-o1",
            "prompt": "<<<image_1>>>",
            "image_list": [{"image": IMAGE}],
            "aspect_ratio": "auto",
        },
    ),
    Example(
        "kling-v3-omni-image",
        {"prompt": WORDS, "element_ids": [str(ELEMENT)], "result_type": "series", "series_amount": 4},
        "/v1/images/omni-image",
        {
            "model_name": "kling-v3-omni",
            "prompt": WORDS,
            "element_list": [{"element_id": ELEMENT}],
            "result_type": "series",
            "series_amount": 4,
        },
    ),
    Example(
        "kling-v2.1-mi2i",
        {"prompt": WORDS, "subject_images": [IMAGE], "scene_image": OTHER},
        "/v1/images/multi-image2image",
        {
            "model_name": "kling-v2-1",
            "prompt": WORDS,
            "subject_image_list": [{"subject_image": IMAGE}],
            "scene_image": OTHER,
        },
    ),
    Example(
        "kling-image-expansion",
        {"image": IMAGE, **{f"{side}_expansion_ratio": 0.25 for side in ("up", "down", "left", "right")}},
        "/v1/images/editing/expand",
        {"image": IMAGE, **{f"{side}_expansion_ratio": 0.25 for side in ("up", "down", "left", "right")}},
    ),
    Example("kling-image-recognize", {"image": IMAGE}, "/v1/videos/image-recognize", {"image": IMAGE}),
    Example(
        "kolors-virtual-try-on-v1-5",
        {"human_image": IMAGE, "cloth_image": OTHER},
        "/v1/images/kolors-virtual-try-on",
        {"model_name": "kolors-virtual-try-on-v1-5", "human_image": IMAGE, "cloth_image": OTHER},
    ),
]
"""What goes through the legacy standard in any case."""

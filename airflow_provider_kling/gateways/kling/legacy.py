"""The platform's legacy standard: flat bodies below ``/v1``, with the model's name in a field.

Images, portraits, effects and clothes exist only here (docs: image-generation, omni-image, avatar, effects,
virtual-try-on), and so do older videos. With an access key, every video is made here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from airflow_provider_kling.gateways.kling.checks import MOST_IMAGES, MOST_IMAGES_WITH_VIDEO
from airflow_provider_kling.gateways.kling.draft import Draft, Encoder, Product
from airflow_provider_kling.gateways.kling.legacy_tools import TOOLS

_MOST_EXPANDED: Final = 3
_DEFAULT_SHAPE: Final = "16:9"  # of the new standard; the legacy one has none where a shape is required
_SIDES: Final = tuple(f"{side}_expansion_ratio" for side in ("up", "down", "left", "right"))


def _text_to_video(draft: Draft) -> None:
    draft.copy_prompt()
    draft.copy("negative_prompt", "cfg_scale", "camera_control", "aspect_ratio")
    _write_shots(draft)
    _write_common(draft)


def _image_to_video(draft: Draft) -> None:
    draft.copy_prompt()
    draft.copy("negative_prompt", "cfg_scale")
    _write_shots(draft)
    for name in ("image", "image_tail"):
        draft.copy_file(name)
    draft.write_elements()
    if voices := draft.voices():
        draft.body["voice_list"] = [{"voice_id": voice} for voice in voices]
    if draft.given("aspect_ratio") is not None:
        draft.reject("aspect_ratio", "must be left out with an image: the clip takes its shape")
    _write_common(draft)


def _omni_video(draft: Draft) -> None:
    draft.copy_prompt()
    draft.copy("aspect_ratio")
    _write_shots(draft)
    draft.copy_files("images", "image_list", "image_url")
    if draft.take("videos") is not None:
        _write_video(draft, "base", "videos", 0)
    else:
        draft.body.setdefault("aspect_ratio", _DEFAULT_SHAPE)
    _write_common(draft)


def _whole_omni_video(draft: Draft) -> None:
    draft.copy_prompt()
    draft.copy("aspect_ratio")
    _write_shots(draft)
    draft.copy_files("images", "image_list", "image_url")
    if draft.given("last_frame") is not None and draft.given("images"):
        draft.reject("images", "must be left out here with a last_frame", "last_frame")
    for name, kind in (("first_frame", "first_frame"), ("last_frame", "end_frame")):
        if draft.take(name) is not None:
            frames = draft.body.setdefault("image_list", [])
            frames.append(
                {"image_url": draft.file(("image_list", len(frames), "image_url"), name), "type": kind}
            )
    draft.write_elements()
    for name, use in (("base_video", "base"), ("feature_video", "feature")):
        if draft.take(name) is not None:
            _write_video(draft, use, name)
    _check_references(draft)
    if draft.given("audio") == "original" and "video_list" not in draft.body:
        draft.reject("audio", 'must not be "original" here without a video', "base_video", "feature_video")
    if draft.given("first_frame") is None and draft.given("base_video") is None:
        draft.body.setdefault("aspect_ratio", _DEFAULT_SHAPE)
    _write_common(draft)


def _check_references(draft: Draft) -> None:
    """Frames count as images here."""
    most = MOST_IMAGES_WITH_VIDEO if "video_list" in draft.body else MOST_IMAGES
    count = sum(len(draft.body.get(name, ())) for name in ("image_list", "element_list"))
    if count > most and not draft.broken:
        first, *others = (name for name in ("images", "element_ids", "first_frame") if draft.given(name))
        draft.reject(first, f"must, with frames and elements, have at most {most} items here", *others)


def _o1(encode: Encoder, draft: Draft) -> None:
    others = ("images", "last_frame", "videos", "base_video", "feature_video")
    given = any(draft.given(name) is not None for name in others)
    if not given and draft.given("duration") not in (None, 5, 10):
        draft.reject("duration", "must be 5 or 10 here, for text or a first frame alone", *others)
    encode(draft)


def _images_to_video(draft: Draft) -> None:
    draft.copy_prompt()
    draft.copy("negative_prompt", "aspect_ratio")
    draft.copy_files("images", "image_list", "image")
    _write_common(draft)


def _avatar(draft: Draft) -> None:
    draft.copy_prompt()
    draft.copy("audio_id")
    draft.copy_file("image")
    draft.copy_file("sound_file")
    _write_common(draft)


def _effects(draft: Draft) -> None:
    draft.copy("effect_scene")
    if draft.take("image") is not None:
        draft.body["input"] = {"image": draft.file(("input", "image"), "image")}
    if images := draft.take("images"):
        files = [draft.file(("input", "images", number), "images", number) for number in range(len(images))]
        draft.body["input"] = {"images": files}
    if draft.given("duration") is not None:
        draft.reject("duration", "must be left out here: the effect decides the length")


def _generated_image(draft: Draft) -> None:
    draft.copy_prompt()
    draft.copy("negative_prompt", "n", "aspect_ratio", "resolution")
    draft.copy("image_reference", "image_fidelity", "human_fidelity")
    draft.copy_file("image")


def _omni_image(draft: Draft) -> None:
    draft.copy_prompt()
    draft.copy("n", "aspect_ratio", "resolution", "result_type", "series_amount")
    draft.copy_files("images", "image_list", "image")
    draft.write_elements()


def _images_to_image(draft: Draft) -> None:
    draft.require("subject_images")
    draft.copy_prompt()
    draft.copy("n", "aspect_ratio")
    draft.copy_files("subject_images", "subject_image_list", "subject_image")
    draft.copy_file("scene_image")
    draft.copy_file("style_image")


def _expansion(draft: Draft) -> None:
    up, down, left, right = (draft.given(side) for side in _SIDES)
    if (area := (1 + up + down) * (1 + left + right)) > _MOST_EXPANDED:
        rule = f"must, with the other sides, make the image at most {_MOST_EXPANDED} times as large here"
        draft.reject(_SIDES[0], f"{rule}, not {area:g}", *_SIDES)
    draft.copy_prompt()
    draft.copy("n", *_SIDES)
    draft.copy_file("image")


def _recognition(draft: Draft) -> None:
    draft.copy_file("image")


def _try_on(draft: Draft) -> None:
    draft.copy_file("human_image")
    draft.copy_file("cloth_image")


def _write_video(draft: Draft, use: str, *source: str | int) -> None:
    """Write a video to edit or to follow, and whether its audio stays."""
    video = {"video_url": draft.file(("video_list", 0, "video_url"), *source), "refer_type": use}
    keeps = {"original": "yes", "off": "no"}.get(draft.given("audio") or draft.given("sound") or "")
    draft.body["video_list"] = [{**video, "keep_original_sound": keeps} if keeps else video]
    if draft.given("audio") == "original":
        draft.take("audio")


def _write_shots(draft: Draft) -> None:
    """Write whether the model may cut between shots; then it must be said who decides on them."""
    multi_shot, shot_type = draft.take("multi_shot"), draft.take("shot_type")
    if multi_shot is not None:
        draft.body["multi_shot"] = multi_shot
    if multi_shot:
        draft.body["shot_type"] = shot_type or "intelligence"


def _write_common(draft: Draft) -> None:
    """Write what most videos have. Lengths are text here."""
    settings = {"mode": draft.mode(), "sound": draft.sound(), "duration": draft.take("duration")}
    for name, value in settings.items():
        if value is not None:
            draft.body[name] = str(value)


_TEXT: Final = "/v1/videos/text2video"
_IMAGE: Final = "/v1/videos/image2video"
_OMNI: Final = "/v1/videos/omni-video"
_PICTURES: Final = "/v1/images/generations"


def _videos(names: Mapping[str, str], path: str, encode: Encoder) -> dict[str, Product]:
    return {f"kling-{ours}": Product(path, encode, f"kling-{theirs}") for ours, theirs in names.items()}


PRODUCTS: Final[Mapping[str, Product]] = {
    **_videos(
        {"v1.6-t2v": "v1-6", "v2-master-t2v": "v2-master", "v2.1-master-t2v": "v2-1-master"},
        _TEXT,
        _text_to_video,
    ),
    **_videos({"v2.5-turbo-t2v": "v2-5-turbo", "v2.6-t2v": "v2-6", "v3-t2v": "v3"}, _TEXT, _text_to_video),
    **_videos({"v1.5-i2v": "v1-5", "v1.6-i2v": "v1-6", "v2.1-i2v": "v2-1"}, _IMAGE, _image_to_video),
    **_videos({"v2-master-i2v": "v2-master", "v2.1-master-i2v": "v2-1-master"}, _IMAGE, _image_to_video),
    **_videos({"v2.5-turbo-i2v": "v2-5-turbo", "v2.6-i2v": "v2-6", "v3-i2v": "v3"}, _IMAGE, _image_to_video),
    **_videos(
        dict.fromkeys(("video-o1", "video-o1-t2v", "video-o1-i2v"), "video-o1"),
        _OMNI,
        partial(_o1, _omni_video),
    ),
    **_videos(dict.fromkeys(("v3-omni-video", "v3-omni-t2v", "v3-omni-i2v"), "v3-omni"), _OMNI, _omni_video),
    **_videos({"video-o1-omni": "video-o1"}, _OMNI, partial(_o1, _whole_omni_video)),
    **_videos({"v3-omni": "v3-omni"}, _OMNI, _whole_omni_video),
    **_videos({"v3-elements-i2v": "v3"}, _IMAGE, _image_to_video),
    "kling-v1.6-mi2v": Product("/v1/videos/multi-image2video", _images_to_video, "kling-v1-6"),
    "kling-avatar": Product("/v1/videos/avatar/image2video", _avatar),
    "kling-video-effects": Product("/v1/videos/effects", _effects),
    **_videos(
        {"v2.1-t2i": "v2-1", "v2.1-i2i": "v2-1", "v3-t2i": "v3", "v3-i2i": "v3"}, _PICTURES, _generated_image
    ),
    "kling-image-o1": Product("/v1/images/omni-image", _omni_image, "kling-image-o1"),
    "kling-v3-omni-image": Product("/v1/images/omni-image", _omni_image, "kling-v3-omni"),
    "kling-v2.1-mi2i": Product("/v1/images/multi-image2image", _images_to_image, "kling-v2-1"),
    "kling-image-expansion": Product("/v1/images/editing/expand", _expansion),
    "kling-image-recognize": Product("/v1/videos/image-recognize", _recognition),
    "kolors-virtual-try-on-v1": Product(
        "/v1/images/kolors-virtual-try-on", _try_on, "kolors-virtual-try-on-v1"
    ),
    "kolors-virtual-try-on-v1-5": Product(
        "/v1/images/kolors-virtual-try-on", _try_on, "kolors-virtual-try-on-v1-5"
    ),
    **TOOLS,
}
"""By the author's model. One that is missing, such as V1, is discontinued or was never offered here."""

"""The platform's new standard: the model is in the path, and the body has contents, settings and options.

Each model takes the author's fields: those of the older API version (``mode``, ``sound``), or the newer ones
(``resolution``, ``audio``). A field that is not given is not sent, so the platform's default holds (docs:
text-to-video, image-to-video, omni-video).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from airflow_provider_kling.gateways.kling.draft import PROMPT, Draft, Encoder, cited, with_handles

_LONG_PROMPT: Final = 3072


def _text_to_video(draft: Draft, *, most: int = PROMPT) -> None:
    """Write a prompt."""
    draft.body["prompt"] = draft.prompt(most=most)
    _write_settings(draft, "aspect_ratio")


def _image_to_video(draft: Draft, *, most: int = PROMPT) -> None:
    """Write a prompt, a first frame and perhaps a last one."""
    contents = _Contents(draft)
    contents.add_prompt(most=most)
    contents.add_file("first_frame", "image")
    contents.add_file("last_frame", "image_tail")
    contents.add_elements()
    contents.add_voices()
    if draft.given("aspect_ratio") is not None:
        draft.reject("aspect_ratio", "must be left out with an image: the clip takes its shape")
    _write_settings(draft)


def _v3(draft: Draft, encode: Encoder) -> None:
    multi_shot = draft.take("multi_shot")
    # The platform's default is true, and a video that is edited has no shots of its own.
    is_edit = any(draft.given(name) is not None for name in ("videos", "base_video"))
    _write_setting(draft, "multi_shot", False if is_edit and multi_shot is None else multi_shot)
    encode(draft)


def _v3_turbo(draft: Draft) -> None:
    """Write what always has audio, and takes one image: the first frame."""
    draft.take("audio")
    if draft.given("images") is None:
        _text_to_video(draft, most=_LONG_PROMPT)
        return
    contents = _Contents(draft)
    contents.add_prompt()
    contents.add_files("first_frame", "images", handle=None)
    _write_settings(draft)


def _omni(draft: Draft, *, most: int = PROMPT) -> None:
    """Write a prompt, reference images, and perhaps a video to edit."""
    contents = _Contents(draft)
    contents.add_prompt(most=most)
    contents.add_files("refer_image", "images", handle="image")
    contents.add_files("base_video", "videos", handle="video")
    draft.take("shot_type")  # the only one that there is
    _write_settings(draft, "aspect_ratio")


def _o1(draft: Draft) -> None:
    draft.take("multi_shot")  # it makes one shot
    _omni(draft)


def _whole_omni(draft: Draft, *, most: int = PROMPT) -> None:
    """Write all that an omni video can be made from."""
    contents = _Contents(draft)
    contents.add_prompt(most=most)
    for frame in ("first_frame", "last_frame"):
        contents.add_file(frame, frame)
    contents.add_files("refer_image", "images", handle="image")
    for video in ("base_video", "feature_video"):  # at most one of them
        contents.add_file(video, video, handle="video_1")
    contents.add_elements()
    _write_settings(draft, "aspect_ratio")


def _motion_control(draft: Draft) -> None:
    """Write a person and a reference video."""
    contents = _Contents(draft)
    contents.add_prompt()
    contents.add_file("image", "image")
    contents.add_file("video", "video")
    contents.add_elements()
    _write_settings(draft, "character_orientation")


class _Contents:
    """The list of a request's parts. A part has a handle where the prompt cites it."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._parts: list[dict[str, Any]] = []
        self._cited = cited(draft.given("prompt") or "")
        draft.body["contents"] = self._parts

    def add_prompt(self, *, most: int = PROMPT) -> None:
        """Add the prompt, with handles for citations."""
        if (prompt := self._draft.prompt(most=most)) is not None:
            self._parts.append({"type": "prompt", "text": with_handles(prompt)})

    def add_file(self, kind: str, name: str, *, handle: str | None = None) -> None:
        """Add the file of a field, where it is given.

        :param handle: what citations call it.
        """
        if self._draft.take(name) is not None:
            self._add(kind, name, handle=handle)

    def add_files(self, kind: str, name: str, *, handle: str | None) -> None:
        """Add the files of a field.

        :param handle: what citations call them, before their number.
        """
        for number in range(len(self._draft.take(name) or ())):
            self._add(kind, name, number, handle=f"{handle}_{number + 1}" if handle else None)

    def add_voices(self) -> None:
        """Add the voices that the prompt cites, as ``<<<voice_1>>>``."""
        for number, voice in enumerate(self._draft.voices(), start=1):
            self._parts.append({"type": "voice", "voice_id": voice, "id": f"voice_{number}"})

    def add_elements(self) -> None:
        """Add elements, which the prompt may cite as ``<<<element_1>>>`` and so on."""
        for number, element in enumerate(self._draft.elements(), start=1):
            self._parts.append({"type": "element", "element_id": element, "id": f"element_{number}"})

    def _add(self, kind: str, *source: str | int, handle: str | None = None) -> None:
        url = self._draft.file(("contents", len(self._parts), "url"), *source)
        self._parts.append({"type": kind, "url": url, **({"id": handle} if handle in self._cited else {})})


def _write_settings(draft: Draft, *others: str) -> None:
    """Write what all have: the resolution, the length and the audio.

    :param others: further settings that this model has.
    """
    _write_setting(draft, "resolution", draft.resolution())
    for name in ("duration", *others):
        _write_setting(draft, name, draft.take(name))
    _write_setting(draft, "audio", draft.audio())


def _write_setting(draft: Draft, name: str, value: object) -> None:
    if value is not None:
        draft.body.setdefault("settings", {})[name] = value


def _for(wrap: Callable[[Draft, Encoder], None], encode: Encoder) -> Encoder:
    return lambda draft: wrap(draft, encode)


ROUTES: Final[Mapping[str, tuple[str, Encoder]]] = {
    **dict.fromkeys(
        ("kling-video-o1", "kling-video-o1-t2v", "kling-video-o1-i2v"), ("/omni-video/kling-o1", _o1)
    ),
    **dict.fromkeys(
        ("kling-v3-omni-video", "kling-v3-omni-t2v", "kling-v3-omni-i2v"),
        ("/omni-video/kling-3.0-omni", _for(_v3, partial(_omni, most=_LONG_PROMPT))),
    ),
    "kling-video-o1-omni": ("/omni-video/kling-o1", _whole_omni),
    "kling-v3-omni": ("/omni-video/kling-3.0-omni", _for(_v3, partial(_whole_omni, most=_LONG_PROMPT))),
    "kling-v3-elements-i2v": (
        "/image-to-video/kling-3.0",
        _for(_v3, partial(_image_to_video, most=_LONG_PROMPT)),
    ),
    "kling-v3-t2v": ("/text-to-video/kling-3.0", _for(_v3, partial(_text_to_video, most=_LONG_PROMPT))),
    "kling-v3-i2v": ("/image-to-video/kling-3.0", _for(_v3, partial(_image_to_video, most=_LONG_PROMPT))),
    "kling-v3-turbo-t2v": ("/text-to-video/kling-3.0-turbo", _v3_turbo),
    "kling-v3-turbo-i2v": ("/image-to-video/kling-3.0-turbo", _v3_turbo),
    "kling-v2.6-t2v": ("/text-to-video/kling-2.6", _text_to_video),
    "kling-v2.6-i2v": ("/image-to-video/kling-2.6", _image_to_video),
    "kling-v2.5-turbo-t2v": ("/text-to-video/kling-2.5-turbo", _text_to_video),
    "kling-v3-motion-control": ("/motion-control/kling-3.0", _motion_control),
    "kling-v2.6-motion-control": ("/motion-control/kling-2.6", _motion_control),
    "kling-v2.5-turbo-i2v": ("/image-to-video/kling-2.5-turbo", _image_to_video),
}
"""By the author's model: where it is sent, and how it is written."""

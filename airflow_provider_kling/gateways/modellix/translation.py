"""From the fields of April 2026 to those of August 2026 (blogs: kling-o1-api, kling-3-0-api).

What the newer documents cannot say is refused in the author's own words. What they say of a model that was
never seen there is inferred, and the request's own class warns of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.models import (
    ApiVersion,
    ImageO1Request,
    KlingRequest,
    V3OmniVideoRequest,
    V3TextToVideoRequest,
    VideoO1Request,
    find_model,
)

_RESOLUTION_OF_MODE = {"std": "720p", "pro": "1080p"}
_AUDIO_OF_SOUND = {"on": "native", "off": "off"}
_MOST_IMAGES = 7
_MOST_IMAGES_WITH_VIDEO = 4


def translated(request: KlingRequest) -> KlingRequest:
    """Return the request in the fields of August, where its model has some; else as it is.

    :raises KlingRequestError: August's fields cannot say it.
    """
    translate = _TRANSLATORS.get(type(request))
    if translate is None:
        return request
    draft = _Draft(request.body())
    slug = translate(draft)
    if draft.broken:
        subject = f"{slug} under contract {ApiVersion.AUGUST}"
        raise KlingRequestError(subject=subject, broken=draft.broken)
    return find_model(slug).parse(draft.body)


class _Draft:
    """A body on its way from one set of fields to the other, and what cannot make the way."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body
        self.broken: list[BrokenRule] = []

    def refuse(self, name: str, rule: str, *, value: Any = None) -> None:
        """Refuse a field that is given."""
        if name in self.body:
            self.broken.append(BrokenRule(field=name, rule=rule, value=value or self.body[name]))

    def drop(self, *names: str) -> None:
        """Leave fields out."""
        for name in names:
            self.body.pop(name, None)

    def rename(self, name: str, new: str, values: Mapping[str, str]) -> None:
        """Give a field its new name and values."""
        if name in self.body:
            self.body[new] = values[self.body.pop(name)]


def _video_o1(draft: _Draft) -> str:
    """Split the O1 of April over the three of August."""
    body = draft.body
    if body.get("multi_shot"):
        draft.refuse("multi_shot", "does not exist in this contract")
    if body.get("sound") == "on":
        draft.refuse("sound", 'must be "off": O1 makes no sound')
    draft.drop("multi_shot", "shot_type")
    _write_quality(draft)
    slug = _by_media(body, edit="kling-video-o1", images="kling-video-o1-i2v", text="kling-video-o1-t2v")
    count, edits = len(body.get("images", [])), "videos" in body
    if count > (most := _MOST_IMAGES_WITH_VIDEO if edits else _MOST_IMAGES):
        beside = " next to a video" if edits else ""
        draft.refuse("images", f"must have at most {most} items{beside}", value=f"{count} items")
    if slug == "kling-video-o1-i2v":
        draft.refuse("aspect_ratio", "must be left out with images: the clip takes the shape of the first")
    return slug


def _v3_omni_video(draft: _Draft) -> str:
    """Split the V3 omni of April in the same way; how August's take several shots is not known."""
    draft.drop("shot_type")
    _write_quality(draft)
    return _by_media(
        draft.body, edit="kling-v3-omni-video", images="kling-v3-omni-i2v", text="kling-v3-omni-t2v"
    )


def _v3_text_to_video(draft: _Draft) -> str:
    draft.refuse("negative_prompt", "does not exist in this contract")
    draft.refuse("cfg_scale", "does not exist in this contract")
    _write_quality(draft)
    return "kling-v3-t2v"


def _image_o1(draft: _Draft) -> str:
    if draft.body.get("aspect_ratio") == "auto":
        draft.refuse("aspect_ratio", 'must not be "auto" in this contract; left out, it is 1:1')
    if not draft.body.get("images"):
        draft.drop("images")  # April's may be empty
    return "kling-image-o1"


def _write_quality(draft: _Draft) -> None:
    draft.rename("sound", "audio", _AUDIO_OF_SOUND)
    draft.rename("mode", "resolution", _RESOLUTION_OF_MODE)


def _by_media(body: Mapping[str, Any], *, edit: str, images: str, text: str) -> str:
    if "videos" in body:
        return edit
    return images if "images" in body else text


_TRANSLATORS: Mapping[type[KlingRequest], Callable[[_Draft], str]] = {
    VideoO1Request: _video_o1,
    V3OmniVideoRequest: _v3_omni_video,
    V3TextToVideoRequest: _v3_text_to_video,
    ImageO1Request: _image_o1,
}

"""The two versions of Modellix's API, and the way from the older one's fields to the newer one's.

The author of a DAG writes the older fields, or, for a model or a feature that only the newer version has, the
newer ones. What the newer version cannot express is an error in the author's own words. Where its documents
of a model were never seen, its fields are inferred, and the request's own class warns of it
(blogs: kling-o1-api, kling-3-0-api).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.models import KlingRequest, UncheckedRequest, find_model

APRIL: Final = "2026-04"
"""April to July 2026, and still served: ``mode``, ``sound``, and one O1 for everything."""
AUGUST: Final = "2026-08"
"""Since August 2026: ``resolution``, ``audio``, and O1 split by what goes in."""
API_VERSIONS: Final = (APRIL, AUGUST)

DISTINCTIVE_FIELDS: Final = frozenset(
    {"mode", "sound", "multi_shot", "shot_type", "resolution", "audio", "videos"}
)
"""What only one version has, or demands: August's O1 that edits demands ``videos``, April's O1 does not."""

_RESOLUTION_OF_MODE = {"std": "720p", "pro": "1080p"}
_AUDIO_OF_SOUND = {"on": "native", "off": "off"}
_MOST_IMAGES = 7
_MOST_IMAGES_WITH_VIDEO = 4


def translated(request: KlingRequest, *, api_version: str) -> KlingRequest:
    """Return a request in the fields of an API version.

    :returns: the request as it is, where it has no translation or its rules are not known for certain. So
        April's version is sent every field as it is, the newer ones too.
    :raises KlingRequestError: it cannot be expressed in this version.
    """
    translate = _TRANSLATORS.get(str(request.model))
    is_older = request.api_version == APRIL and api_version == AUGUST
    if translate is None or not is_older or isinstance(request, UncheckedRequest):
        return request
    draft = _Draft(request.body())
    slug = translate(draft)
    if draft.broken:
        raise KlingRequestError(subject=f"{slug} in API version {AUGUST}", broken=draft.broken)
    return find_model(slug).parse(draft.body, api_version=AUGUST)


class _Draft:
    """A body on its way from one set of fields to the other, and what cannot make the way."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body
        self.broken: list[BrokenRule] = []

    def reject(self, name: str, rule: str, *, value: Any = None) -> None:
        """Reject a field that is given."""
        if name in self.body:
            self.broken.append(BrokenRule(field=name, rule=rule, value=value or self.body[name]))


def _video_o1(draft: _Draft) -> str:
    """Split the O1 of April over the three of August."""
    body = draft.body
    if body.get("multi_shot"):
        draft.reject("multi_shot", "does not exist in this API version")
    if body.get("sound") == "on":
        draft.reject("sound", 'must be "off": O1 makes no sound')
    body.pop("multi_shot", None)
    body.pop("shot_type", None)
    _write_settings(body)
    slug = _by_media(body, edit="kling-video-o1", images="kling-video-o1-i2v", text="kling-video-o1-t2v")
    count, edits = len(body.get("images", [])), "videos" in body
    if count > (most := _MOST_IMAGES_WITH_VIDEO if edits else _MOST_IMAGES):
        beside = " next to a video" if edits else ""
        draft.reject("images", f"must have at most {most} items{beside}", value=f"{count} items")
    if slug == "kling-video-o1-i2v":
        draft.reject("aspect_ratio", "must be left out with images: the clip takes the shape of the first")
    return slug


def _v3_omni_video(draft: _Draft) -> str:
    """Split the V3 omni of April in the same way; how August's take several shots is not known."""
    body = draft.body
    body.pop("shot_type", None)
    _write_settings(body)
    return _by_media(body, edit="kling-v3-omni-video", images="kling-v3-omni-i2v", text="kling-v3-omni-t2v")


def _v3_text_to_video(draft: _Draft) -> str:
    draft.reject("negative_prompt", "does not exist in this API version")
    draft.reject("cfg_scale", "does not exist in this API version")
    _write_settings(draft.body)
    return "kling-v3-t2v"


def _v3_image_to_video(draft: _Draft) -> str:
    """Rename what is known; whether August's takes the other fields is not, and its class warns of them."""
    _write_settings(draft.body)
    return "kling-v3-i2v"


def _image_o1(draft: _Draft) -> str:
    if draft.body.get("aspect_ratio") == "auto":
        draft.reject("aspect_ratio", 'must not be "auto" in this API version; left out, it is 1:1')
    if not draft.body.get("images"):
        draft.body.pop("images", None)  # April's may be empty
    return "kling-image-o1"


def _write_settings(body: dict[str, Any]) -> None:
    if "sound" in body:
        body["audio"] = _AUDIO_OF_SOUND[body.pop("sound")]
    if "mode" in body:
        body["resolution"] = _RESOLUTION_OF_MODE[body.pop("mode")]


def _by_media(body: Mapping[str, Any], *, edit: str, images: str, text: str) -> str:
    if "videos" in body:
        return edit
    return images if "images" in body else text


_TRANSLATORS: Mapping[str, Callable[[_Draft], str]] = {
    "kling-video-o1": _video_o1,
    "kling-v3-omni-video": _v3_omni_video,
    "kling-v3-t2v": _v3_text_to_video,
    "kling-v3-i2v": _v3_image_to_video,
    "kling-image-o1": _image_o1,
}

"""Two generations of the service's documents, and how a request is written in each.

The author of a DAG always writes the fields of the first one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.requests import KlingRequest, VideoO1Request


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A request as a contract writes it.

    :param slug: the model to name, which may differ from the request's own.
    """

    slug: str
    body: Mapping[str, Any]


class Contract(ABC):
    """How one generation of the documents wants a submission."""

    name: ClassVar[str]
    own_fields: ClassVar[frozenset[str]]
    """Fields that only this contract has, or that only this contract demands."""

    @abstractmethod
    def path(self, *, provider: str, slug: str) -> str:
        """Return the path to submit to."""

    @abstractmethod
    def write(self, request: KlingRequest) -> Submission:
        """Write ``request`` in this contract's fields.

        :raises KlingRequestError: the contract has no way to say it.
        """


class Contract202604(Contract):
    """April to July 2026, and still served: ``mode``, ``sound``, and one O1 for everything."""

    name = "2026-04"
    own_fields = frozenset({"mode", "sound", "multi_shot", "shot_type"})

    def path(self, *, provider: str, slug: str) -> str:
        """Return the path with ``/async`` at its end."""
        return f"/api/v1/{provider}/{slug}/async"

    def write(self, request: KlingRequest) -> Submission:
        """Send the fields as they are."""
        return Submission(slug=request.slug, body=request.body())


class Contract202608(Contract):
    """Since August 2026: ``resolution``, ``audio``, and O1 split by what goes in."""

    name = "2026-08"
    # The editing O1 of this contract demands a video; a request written for the older one may have none.
    own_fields = frozenset({"resolution", "audio", "videos"})

    def path(self, *, provider: str, slug: str) -> str:
        """Return the path without a suffix."""
        return f"/api/v1/{provider}/{slug}"

    def write(self, request: KlingRequest) -> Submission:
        """Translate the fields, and pick the slug by the media that are given."""
        write = _WRITERS_202608.get(type(request))
        if write is None:
            return Submission(slug=request.slug, body=request.body())
        return write(request)


_RESOLUTION_OF_MODE = {"std": "720p", "pro": "1080p"}
_MOST_IMAGES = 7
_MOST_IMAGES_WITH_VIDEO = 4


def _write_video_o1(request: KlingRequest) -> Submission:
    """Split the O1 of April over the three of August (blog: kling-o1-api, 2026-09-10)."""
    body = request.body()
    multi_shot, sound, mode = body.pop("multi_shot", None), body.pop("sound", None), body.pop("mode", None)
    body.pop("shot_type", None)
    images = body.get("images", [])
    broken = []
    if multi_shot:
        broken.append(
            BrokenRule(field="multi_shot", rule="does not exist in this contract", value=multi_shot)
        )
    if sound == "on":
        broken.append(BrokenRule(field="sound", rule='must be "off": O1 makes no sound', value=sound))
    if "videos" in body:
        slug, most_images = "kling-video-o1", _MOST_IMAGES_WITH_VIDEO
    elif images:
        slug, most_images = "kling-video-o1-i2v", _MOST_IMAGES
    else:
        slug, most_images = "kling-video-o1-t2v", 0
    if len(images) > most_images:
        beside = " next to a video" if "videos" in body else ""
        rule = f"must have at most {most_images} items{beside}"
        broken.append(BrokenRule(field="images", rule=rule, value=f"{len(images)} items"))
    if slug == "kling-video-o1-i2v" and "aspect_ratio" in body:
        rule = "must be left out with images: the clip takes the shape of the first"
        broken.append(BrokenRule(field="aspect_ratio", rule=rule, value=body["aspect_ratio"]))
    if broken:
        raise KlingRequestError(subject=f"{slug} under contract {Contract202608.name}", broken=broken)
    if sound is not None:
        body["audio"] = sound
    if mode is not None:
        body["resolution"] = _RESOLUTION_OF_MODE[mode]
    return Submission(slug=slug, body=body)


_WRITERS_202608: dict[type[KlingRequest], Callable[[KlingRequest], Submission]] = {
    VideoO1Request: _write_video_o1,
}

DEFAULT_CONTRACT = Contract202604.name
CONTRACTS: dict[str, Contract] = {
    contract.name: contract for contract in (Contract202604(), Contract202608())
}

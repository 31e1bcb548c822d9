"""One row of the table in ``contract_cases``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

O1 = "kling-video-o1"
T2V = "kling-video-o1-t2v"
I2V = "kling-video-o1-i2v"

IMAGE = "https://media.example/still.png"
VIDEO = "https://media.example/clip.mp4"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
"""A PNG of one pixel, as Base64."""


class Verdict(StrEnum):
    """Whether a request is sent."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, kw_only=True)
class Post:
    """A body as it is sent, and the model in its path."""

    slug: str
    body: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One request.

    :param body: what the author writes: the arguments of KlingVideoOperator.
    :param field: the field that the error has to name; None where no API version rejects.
    :param why: the rule, for people.
    :param april: the verdict in API version 2026-04. What is rejected there is rejected in any, because the
        author writes the fields of that one.
    :param august: the verdict in API version 2026-08.
    :param april_post: an accepted case as it is sent; for a rejected one a body that breaks the same rule of
        the service. To ``/api/v1/kling/<slug>/async``.
    :param august_post: the same for 2026-08, to ``/api/v1/kling/<slug>``; None where that API version has no
        such rule.
    """

    id: str
    body: Mapping[str, Any]
    field: str | None
    why: str
    april: Verdict
    august: Verdict
    april_post: Post
    august_post: Post | None

    def verdict(self, api_version: str) -> Verdict:
        """Return the verdict in ``2026-04`` or ``2026-08``."""
        return {"2026-04": self.april, "2026-08": self.august}[api_version]

    def post(self, api_version: str) -> Post | None:
        """Return what to post in ``2026-04`` or ``2026-08``."""
        return {"2026-04": self.april_post, "2026-08": self.august_post}[api_version]


def accepted(
    name: str, body: Mapping[str, Any], *, august: Post, april: Mapping[str, Any] | None = None
) -> Case:
    """Both API versions can express it. ``april`` is the body that is sent, where it is not the author's."""
    return Case(
        id=name,
        body=body,
        field=None,
        why="allowed",
        april=Verdict.ACCEPTED,
        august=Verdict.ACCEPTED,
        april_post=Post(slug=O1, body=april or body),
        august_post=august,
    )


def rejected(name: str, body: Mapping[str, Any], *, field: str, why: str, august: Post | None) -> Case:
    """2026-04, which the author writes, forbids it; ``august`` breaks the corresponding rule of 2026-08."""
    return Case(
        id=name,
        body=body,
        field=field,
        why=why,
        april=Verdict.REJECTED,
        august=Verdict.REJECTED,
        april_post=Post(slug=O1, body=body),
        august_post=august,
    )


def only_in_april(name: str, body: Mapping[str, Any], *, field: str, why: str, august: Post) -> Case:
    """2026-08 cannot express it; ``august`` is the nearest body, which its rules forbid."""
    return replace(rejected(name, body, field=field, why=why, august=august), april=Verdict.ACCEPTED)


def t2v(**body: Any) -> Post:
    """Post to the text model of 2026-08."""
    return Post(slug=T2V, body=body)


def i2v(**body: Any) -> Post:
    """Post to the image model of 2026-08."""
    return Post(slug=I2V, body=body)


def v2v(**body: Any) -> Post:
    """Post to the editing model of 2026-08."""
    return Post(slug=O1, body=body)

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
    """What becomes of a request."""

    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class Post:
    """A body as it travels, and the model it is posted to."""

    slug: str
    body: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One request.

    :param body: what the author writes; KlingVideoOperator's arguments.
    :param field: the field that the error has to name; None where no contract refuses.
    :param why: the rule, for people.
    :param april: the verdict under contract 2026-04. What is refused there is refused in any contract,
        because the author writes that contract's fields.
    :param august: the verdict under contract 2026-08.
    :param april_post: an accepted case as it travels; for a refused one a body that breaks the same
        rule of the service. To ``/api/v1/kling/<slug>/async``.
    :param august_post: the same for 2026-08, to ``/api/v1/kling/<slug>``; None where that contract
        has no such rule.
    """

    id: str
    body: Mapping[str, Any]
    field: str | None
    why: str
    april: Verdict
    august: Verdict
    april_post: Post
    august_post: Post | None

    def verdict(self, contract: str) -> Verdict:
        """Return the verdict under ``2026-04`` or ``2026-08``."""
        return {"2026-04": self.april, "2026-08": self.august}[contract]

    def post(self, contract: str) -> Post | None:
        """Return what to post under ``2026-04`` or ``2026-08``."""
        return {"2026-04": self.april_post, "2026-08": self.august_post}[contract]


def accepted(
    name: str, body: Mapping[str, Any], *, august: Post, april: Mapping[str, Any] | None = None
) -> Case:
    """Both contracts can say it. ``april`` is the body on the wire, where it is not what the author wrote."""
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


def refused(name: str, body: Mapping[str, Any], *, field: str, why: str, august: Post | None) -> Case:
    """The author's own contract forbids it; ``august`` breaks the rule of 2026-08 that corresponds."""
    return Case(
        id=name,
        body=body,
        field=field,
        why=why,
        april=Verdict.REFUSED,
        august=Verdict.REFUSED,
        april_post=Post(slug=O1, body=body),
        august_post=august,
    )


def only_in_april(name: str, body: Mapping[str, Any], *, field: str, why: str, august: Post) -> Case:
    """2026-08 has no way to say it; ``august`` is how it would look if one tried."""
    return replace(refused(name, body, field=field, why=why, august=august), april=Verdict.ACCEPTED)


def t2v(**body: Any) -> Post:
    """Post to the text model of 2026-08."""
    return Post(slug=T2V, body=body)


def i2v(**body: Any) -> Post:
    """Post to the image model of 2026-08."""
    return Post(slug=I2V, body=body)


def v2v(**body: Any) -> Post:
    """Post to the editing model of 2026-08."""
    return Post(slug=O1, body=body)

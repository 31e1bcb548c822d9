"""What is to be filmed: a request's fields, read through the contract, with the contract's words gone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from airflow_provider_kling.sandbox.contract.catalogue import Offer

# Part of every fingerprint, as clips are kept over runs; to be raised when the same order looks different.
_PAINTER: Final = 1


class Sound(StrEnum):
    """The soundtrack of a clip."""

    SILENT = "silent"
    TONE = "tone"
    ORIGINAL = "original"


@dataclass(frozen=True, kw_only=True)
class ClipOrder:
    """One clip. ``aspect_ratio`` None follows the input's shape; ``seconds`` None lasts as long as the video.

    ``images`` and ``videos`` are as the request gave them: URLs or Base64.
    """

    label: str
    prompt: str
    resolution: str
    aspect_ratio: str | None
    seconds: int | None
    sound: Sound
    multi_shot: bool = False
    images: tuple[str, ...] = ()
    videos: tuple[str, ...] = ()

    def fingerprint(self, *, seed: int, inputs: tuple[bytes, ...]) -> str:
        """Return what the clip's bytes depend on: the seed, the order, and the inputs' bytes."""
        facts = asdict(self) | {
            "images": len(self.images),
            "videos": len(self.videos),
            "inputs": [hashlib.sha256(data).hexdigest() for data in inputs],
            "seed": seed,
            "painter": _PAINTER,
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def read_order(offer: Offer, body: Mapping[str, Any], *, label: str) -> ClipOrder:
    """Read an accepted body; what it leaves out is the schema's default, else what the contract assumes."""
    clip = offer.clip
    properties = offer.schema["properties"]

    def setting(name: str, otherwise: Any = None) -> Any:
        facts = clip.get(name, {})
        field = facts.get("field", "")
        default = properties.get(field, {}).get("default", facts.get("assumed", otherwise))
        value = body.get(field, default)
        return facts.get("values", {}).get(value, value)

    videos = tuple(body.get(clip.get("videos", ""), ()))
    shape = setting("aspect_ratio")
    follows_source = bool(videos) and clip["seconds"].get("with_videos") == "source"
    return ClipOrder(
        label=label,
        prompt=body[clip["prompt"]],
        resolution=setting("resolution"),
        aspect_ratio=None if shape == "source" else shape,
        seconds=None if follows_source else setting("seconds"),
        sound=Sound(setting("sound", Sound.SILENT)),
        multi_shot=setting("multi_shot", otherwise=False),
        images=tuple(body.get(clip.get("images", ""), ())),
        videos=videos,
    )

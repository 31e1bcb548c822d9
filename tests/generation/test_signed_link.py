"""A link to a stored file, for a service that takes no uploads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import ObjectStoragePath
from fsspec.implementations.local import LocalFileSystem

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.generation.signed_link import NoSignedLinkError, signed_link
from airflow_provider_kling.media_type import MediaType


@pytest.fixture
def clip(tmp_path: Path) -> str:
    (tmp_path / "clip.mp4").write_bytes(b"0" * 100)
    return f"file://{tmp_path}/clip.mp4"


@pytest.fixture
def signs(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Let the local file system sign links, as a bucket does; return what it was asked for."""
    asked: dict[str, Any] = {"link": "https://bucket.example/clip.mp4?sig=secret"}

    def sign(self: Any, path: str, expiration: int = 100, **options: Any) -> str:
        del self, options
        asked.update(path=path, expiration=expiration)
        if isinstance(asked["link"], Exception):
            raise asked["link"]
        return str(asked["link"])

    monkeypatch.setattr(LocalFileSystem, "sign", sign)
    return asked


def link(uri: str, *, needed_s: float = 7200) -> str:
    return signed_link(uri, needed_s=needed_s, media_type=MediaType.VIDEO, public=True)


def test_the_storage_signs_it_for_as_long_as_the_service_may_take(clip: str, signs: dict[str, Any]) -> None:
    assert link(clip) == signs["link"]
    assert signs["path"] == ObjectStoragePath(clip).path
    assert signs["expiration"] == 7200


@pytest.mark.parametrize(
    ("needed_s", "seconds"), [(1, 3600), (0, 3600), (86_400.4, 86_400), (30 * 86_400, 604_800)]
)
def test_the_time_is_what_storages_allow(
    clip: str, signs: dict[str, Any], needed_s: float, seconds: int
) -> None:
    link(clip, needed_s=needed_s)
    assert signs["expiration"] == seconds


def test_a_storage_that_signs_none_is_told_from_one_that_fails(clip: str, signs: dict[str, Any]) -> None:
    signs["link"] = NotImplementedError("no")
    with pytest.raises(NoSignedLinkError, match="this storage signs no links"):
        link(clip)
    signs["link"] = OSError("down")
    with pytest.raises(KlingMediaError, match="cannot be signed a link for") as failed:
        link(clip)
    assert failed.value.retryable


@pytest.mark.parametrize("odd", ["http://127.0.0.1/a.mp4?x", "http://minio:9000/a.mp4", "s3://bucket/a", ""])
def test_a_link_that_the_service_cannot_read_is_refused_without_its_signature(
    clip: str, signs: dict[str, Any], odd: str
) -> None:
    signs["link"] = odd
    with pytest.raises(NoSignedLinkError, match="the link that its storage signs is meant"):
        link(clip)


def test_a_file_that_is_not_there_is_named(tmp_path: Path, signs: dict[str, Any]) -> None:
    with pytest.raises(NoSignedLinkError, match="must be a file that exists"):
        link(f"file://{tmp_path}/none.mp4")
    assert "path" not in signs

"""The gallery's pages and files: for those who may see them, and harmless whatever was pushed."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from airflow_provider_kling.links.gallery_address import TaskKey
from airflow_provider_kling.plugins.gallery import permissions
from airflow_provider_kling.plugins.gallery.app import make_app
from tests.plugins.gallery.conftest import NOW, ROOT, Runs, Visitor

MP4 = b"\x00\x00\x00\x18ftypisom" + bytes(range(256)) * 4
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 200
LINK = "https://cdn.example/clip.mp4?signature=s"
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% for x in y %}",
    "\u202emp4.exe\u202c",
    "&lt;b&gt;",
    "水" * 2500,
]


def stored(
    folder: Path, name: str = "clip.mp4", content: bytes = MP4, *, dag_id: str = "films", **more: Any
) -> str:
    """Store a file the way the provider does, with its sidecar; return its URI."""
    (folder / name).write_bytes(content)
    sidecar = {
        "written_by": "airflow-provider-kling 1",
        "logical_task": [dag_id, "run", "make", -1, None],
        "sha256": "0" * 64,
        **more,
    }
    (folder / f"{name}.json").write_text(json.dumps(sidecar))
    return f"file://{folder}/{name}"


def at(key: TaskKey, page: str = "") -> str:
    return f"/{key.path(page)}"


# -- who may see what -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "page", ["/", "/costs", *(f"/task/films/run-1/make/-1{rest}" for rest in ("", "/video", "/media/0"))]
)
def test_nobody_sees_anything_without_logging_in(runs: Runs, page: str) -> None:
    runs.add(summary={"prompt": "film"})
    answer = TestClient(make_app(), root_path=ROOT).get(page)
    assert answer.status_code == 401
    assert "film" not in answer.text


@pytest.mark.parametrize("page", ["", "video", "poster", "media/0", "media/poster"])
def test_a_dag_that_may_not_be_read_is_refused_whether_or_not_it_has_anything(
    gallery: TestClient, runs: Runs, tmp_path: Path, page: str
) -> None:
    key = runs.add(dag_id="secret", summary={"prompt": "film", "uri": stored(tmp_path), "has_poster": True})
    for one in (key, key._replace(run_id="other")):
        answer = gallery.get(at(one, page))
        assert answer.status_code == 403
        assert "film" not in answer.text


def test_the_list_has_only_what_may_be_read(gallery: TestClient, runs: Runs, visitor: Visitor) -> None:
    runs.add(dag_id="secret", summary={"prompt": "A secret", "model": "m", "cost_usd": "7"})
    runs.add(dag_id="films", summary={"prompt": "A film", "model": "m", "cost_usd": "1"})
    for page in ("/", "/costs"):
        text = gallery.get(page).text
        assert "secret" not in text
        assert "films" in text
    visitor.may_read.clear()
    assert "A film" not in gallery.get("/").text


# -- pages ----------------------------------------------------------------------------------------


def test_a_card_says_what_was_made_by_whom_how_long_it_is_and_what_it_cost(
    gallery: TestClient, runs: Runs, tmp_path: Path
) -> None:
    key = runs.add(
        map_index=3,
        summary={
            "prompt": "A boat",
            "model": "kling-video-o1",
            "task_id": "task-1",
            "uri": stored(tmp_path),
            "has_poster": True,
            "type": "video",
            "duration_s": 5.0,
            "cost_usd": "0.4345",
        },
    )
    text = gallery.get("/").text
    for shown in ("A boat", "kling-video-o1", "5 s", "$0.4345", "films · make", "[3]", key.run_id, "done"):
        assert shown in text
    assert f'src="{ROOT}{at(key, "media/0")}"' in text
    assert f'poster="{ROOT}{at(key, "media/poster")}"' in text
    region = runs.region(key)
    mapped = "/mapped/3" if region is None else f"?region_id={region}&amp;region_index=3"
    assert f'href="/dags/films/runs/{key.run_id}/tasks/make{mapped}"' in text


def test_what_runs_says_for_how_long_and_how_long_is_usual(gallery: TestClient, runs: Runs) -> None:
    submitted = NOW + timedelta(minutes=58)
    running = {"task_id": "t", "submitted_at": submitted.isoformat(), "expected_s": [60, 300]}
    key = runs.add(state="deferred", summary=running)
    runs.add(state="deferred", summary={"prompt": "waits"})
    for page in ("/", at(key)):
        text = gallery.get(page).text
        assert "2:00" in text
        assert "usually 1:00 to 5:00" in text
    assert "Waiting for capacity" in gallery.get("/").text


def test_a_failed_generation_says_why(gallery: TestClient, runs: Runs) -> None:
    key = runs.add(state="failed", summary={"task_id": "t", "error": "The content was refused"})
    assert all("The content was refused" in gallery.get(page).text for page in ("/", at(key)))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_shown_as_texts(gallery: TestClient, runs: Runs, text: str) -> None:
    fields = dict.fromkeys(("prompt", "error", "model", "title"), text[:500])
    key = runs.add(
        state="failed", task_id="make", summary={**fields, "task_id": "t", "url": "javascript:alert(1)"}
    )
    for page in ("/", at(key), "/costs", f"/?text={text[:50]}&model={text[:50]}"):
        answer = gallery.get(page)
        assert answer.status_code == 200
        for harm in ("<script>alert", "<img src=x", "' onmouseover='", "javascript:", "49"):
            assert harm not in answer.text


def test_a_page_may_load_nothing_from_elsewhere_but_the_link_that_it_shows(
    gallery: TestClient, runs: Runs, tmp_path: Path
) -> None:
    linked = runs.add(summary={"task_id": "t", "results": 1, "type": "video", "url": LINK})
    own = runs.add(summary={"task_id": "t", "results": 1, "type": "video", "uri": stored(tmp_path)})
    policies = {
        page: gallery.get(page).headers["content-security-policy"] for page in ("/", at(own), at(linked))
    }
    assert all(
        "default-src 'none'" in policy and "frame-ancestors 'self'" in policy for policy in policies.values()
    )
    assert policies["/"].endswith("media-src 'self'")
    assert policies[at(own)].endswith("media-src 'self'")
    assert policies[at(linked)].endswith("media-src 'self' https://cdn.example")


@pytest.mark.parametrize(
    "url", ["https://a.example;script-src *", "https://a.example 'unsafe-inline'", "https://ü.example"]
)
def test_a_link_cannot_widen_the_policy(gallery: TestClient, runs: Runs, url: str) -> None:
    key = runs.add(summary={"task_id": "t", "results": 1, "type": "video", "url": url})
    assert gallery.get(at(key)).headers["content-security-policy"].endswith("media-src 'self'")


def test_a_task_without_a_generation_has_a_page_that_says_so(gallery: TestClient, runs: Runs) -> None:
    key = runs.add(summary=None)
    assert "generated nothing yet" in gallery.get(at(key)).text
    # As in the tab of a task that is not mapped.
    shown = runs.add(summary={"prompt": "A boat"})
    assert "A boat" in gallery.get(at(shown).removesuffix("-1") + "{MAP_INDEX}").text


def test_a_mapped_task_that_is_named_without_its_index_leads_to_all_that_it_made(
    gallery: TestClient, runs: Runs
) -> None:
    key = runs.add(task_id="many.make", map_index=3, summary={"prompt": "The fourth"})
    runs.add(task_id="many.make", map_index=4, summary={"prompt": "Another run"})
    for index in ("-1", "{MAP_INDEX}"):
        answer = gallery.get(f"{at(key).removesuffix('3')}{index}")
        assert answer.status_code == 302
        place = answer.headers["location"].removeprefix(ROOT)
        text = gallery.get(place).text
        assert "The fourth" in text
        assert "Another run" not in text
        assert 'name="run"' in text, "the filter can be seen, and taken away"


# -- links ----------------------------------------------------------------------------------------


def test_the_video_is_the_stored_copy_then_the_services_link_then_the_page(
    gallery: TestClient, runs: Runs, tmp_path: Path
) -> None:
    copy = runs.add(summary={"task_id": "t", "results": 1, "uri": stored(tmp_path), "has_poster": True})
    link = runs.add(summary={"task_id": "t", "results": 1, "url": LINK})
    old = {"task_id": "t", "results": 1, "url": LINK, "expires_at": NOW.isoformat()}
    places = {
        copy: f"{ROOT}{at(copy, 'media/0')}",
        link: LINK,
        (dead := runs.add(summary=old)): f"{ROOT}{at(dead)}",
        (running := runs.add(state="deferred", summary={"task_id": "t"})): f"{ROOT}{at(running)}",
        (odd := runs.add(summary={"task_id": "t", "url": "javascript:1"})): f"{ROOT}{at(odd)}",
        (none := runs.add(summary=None)): f"{ROOT}{at(none)}",
    }
    for key, place in places.items():
        answer = gallery.get(at(key, "video"))
        assert (answer.status_code, answer.headers["location"]) == (302, place)
    assert gallery.get(at(copy, "poster")).headers["location"] == f"{ROOT}{at(copy, 'media/poster')}"
    assert gallery.get(at(link, "poster")).headers["location"] == f"{ROOT}{at(link)}"


# -- files ----------------------------------------------------------------------------------------


def test_a_stored_result_is_sent_whole_and_in_parts(gallery: TestClient, runs: Runs, tmp_path: Path) -> None:
    path = at(runs.add(summary={"uri": stored(tmp_path)}), "media/0")
    whole = gallery.get(path)
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, MP4, "video/mp4")
    assert whole.headers["accept-ranges"] == "bytes"
    part = gallery.get(path, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, MP4[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(MP4)}"
    assert gallery.get(path, headers={"Range": "bytes=-7"}).content == MP4[-7:]
    assert gallery.get(path, headers={"Range": "bytes=99999-"}).status_code == 416
    head = gallery.head(path)
    assert (head.content, head.headers["content-length"]) == (b"", str(len(MP4)))
    tag = whole.headers["etag"]
    assert gallery.get(path, headers={"If-None-Match": tag}).status_code == 304
    changed = {"Range": "bytes=10-19", "If-Range": '"other"'}
    assert gallery.get(path, headers=changed).status_code == 200


def test_a_file_can_do_nothing_in_the_browser(gallery: TestClient, runs: Runs, tmp_path: Path) -> None:
    headers = gallery.get(at(runs.add(summary={"uri": stored(tmp_path)}), "media/0")).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; img-src 'self'; media-src 'self'"
    assert headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("sha256", ["", "x\r\nSet-Cookie: a=b", '"', "\ud800", "x" * 100_000])
def test_a_sidecar_cannot_write_a_header(
    gallery: TestClient, runs: Runs, tmp_path: Path, sha256: str
) -> None:
    answer = gallery.get(at(runs.add(summary={"uri": stored(tmp_path, sha256=sha256)}), "media/0"))
    assert answer.status_code in (200, 404)
    assert "set-cookie" not in answer.headers
    assert len(answer.headers.get("etag", "")) < 100


def test_each_stored_file_of_a_result_has_an_address(gallery: TestClient, runs: Runs, tmp_path: Path) -> None:
    uris = [stored(tmp_path, f"{number}.mp4", MP4 + bytes([number])) for number in range(3)]
    resources = [*({"uri": uri} for uri in uris), {"uri": None}, {"uri": uris[0]}]
    key = runs.add(summary={"uri": uris[0]}, result={"resources": resources})
    sent = [gallery.get(at(key, f"media/{number}")) for number in range(4)]
    assert [answer.status_code for answer in sent] == [200, 200, 200, 404]
    assert [answer.content[-1] for answer in sent[:3]] == [0, 1, 2]
    assert gallery.get(at(key, "media/-1")).status_code == 404


def test_a_poster_is_the_one_that_the_sidecar_of_the_video_names(
    gallery: TestClient, runs: Runs, tmp_path: Path
) -> None:
    (tmp_path / "clip.jpg").write_bytes(JPEG)
    poster = {"name": "clip.jpg", "sha256": "1" * 64, "made_from": "0" * 64}
    key = runs.add(summary={"uri": stored(tmp_path, poster=poster), "has_poster": True})
    answer = gallery.get(at(key, "media/poster"))
    assert (answer.content, answer.headers["content-type"]) == (JPEG, "image/jpeg")


@pytest.mark.parametrize("name", ["../secret.jpg", "..", ".", "", "a/b.jpg"])
def test_a_poster_is_never_outside_of_the_videos_folder(
    gallery: TestClient, runs: Runs, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "secret.jpg").write_bytes(JPEG)
    poster = {"name": name, "sha256": "1" * 64, "made_from": "0" * 64}
    key = runs.add(summary={"uri": stored(folder, poster=poster), "has_poster": True})
    assert gallery.get(at(key, "media/poster")).status_code == 404


@pytest.mark.parametrize("has_sidecar", [True, False])
def test_another_result_is_no_poster(
    gallery: TestClient, runs: Runs, tmp_path: Path, has_sidecar: bool
) -> None:
    for name, content in (("secret.mp4", MP4), ("secret.jpg", JPEG)):
        (tmp_path / name).write_bytes(content)
        if has_sidecar:
            stored(tmp_path, name, content, dag_id="secret")
        poster = {"name": name, "sha256": "1" * 64, "made_from": "0" * 64}
        key = runs.add(summary={"uri": stored(tmp_path, poster=poster), "has_poster": True})
        is_sent = gallery.get(at(key, "media/poster")).status_code == 200
        assert is_sent is (name == "secret.jpg" and not has_sidecar)


def test_a_pipe_is_no_file(gallery: TestClient, runs: Runs, tmp_path: Path) -> None:
    key = runs.add(summary={"uri": stored(tmp_path), "has_poster": True})
    for name in ("clip.mp4", "clip.mp4.json"):
        (tmp_path / name).unlink()
        os.mkfifo(tmp_path / name)
        assert gallery.get(at(key, "media/0")).status_code == 404


def test_a_file_is_asked_for_again_each_time(
    gallery: TestClient, runs: Runs, visitor: Visitor, tmp_path: Path
) -> None:
    path = at(runs.add(summary={"uri": stored(tmp_path)}), "media/0")
    answer = gallery.get(path)
    assert answer.headers["cache-control"] == "private, no-cache"
    visitor.may_read.clear()
    assert gallery.get(path, headers={"If-None-Match": answer.headers["etag"]}).status_code == 403


@pytest.mark.parametrize("when", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_a_moment_beyond_the_calendar_is_no_summary(gallery: TestClient, runs: Runs, when: str) -> None:
    for name in ("submitted_at", "expires_at", "finished_at"):
        key = runs.add(state="deferred", summary={"task_id": "t", "url": LINK, name: when})
        assert "generated nothing yet" in gallery.get(at(key)).text
    assert gallery.get("/").status_code == 200


@pytest.mark.parametrize("odd", ["%00", "a%00b", "%1b"])
def test_an_address_that_no_database_takes_is_none(gallery: TestClient, runs: Runs, odd: str) -> None:
    for path in (f"/task/{odd}/r/t/-1", f"/task/films/{odd}/t/-1", f"/task/films/r/{odd}/-1/media/0"):
        assert gallery.get(path).status_code in (403, 404)
    assert gallery.get(f"/?text={odd}&dag={odd}&after={odd}").status_code == 200


def test_only_media_files_that_this_provider_has_stored_are_sent(
    gallery: TestClient, runs: Runs, tmp_path: Path
) -> None:
    alone = tmp_path / "alone.mp4"
    alone.write_bytes(MP4)
    (tmp_path / "other.mp4").write_bytes(MP4)
    (tmp_path / "other.mp4.json").write_text('{"sha256": "0", "logical_task": ["films", "r", "t", -1, null]}')
    for uri in (
        f"file://{alone}",
        f"file://{tmp_path}/other.mp4",
        stored(tmp_path, "page.mp4", b"<html><script>alert(1)</script>"),
        stored(tmp_path, "empty.mp4", b""),
        f"file://{tmp_path}",
        f"file://{tmp_path}/missing.mp4",
        "file:///etc/passwd",
        "/etc/passwd",
        "http://127.0.0.1:9/clip.mp4",
        "s3://bucket/clip.mp4",
        "nonsense",
        "",
        "file://\x00",
    ):
        key = runs.add(summary={"uri": uri, "has_poster": True})
        for page in ("media/0", "media/poster"):
            assert gallery.get(at(key, page)).status_code == 404, uri


def test_a_clip_of_a_dag_that_may_not_be_read_is_not_sent_by_another(
    gallery: TestClient, runs: Runs, visitor: Visitor, tmp_path: Path
) -> None:
    key = runs.add(dag_id="films", summary={"uri": stored(tmp_path, dag_id="secret")})
    assert gallery.get(at(key, "media/0")).status_code == 404
    visitor.may_read.add("secret")
    assert gallery.get(at(key, "media/0")).status_code == 200


def test_a_path_in_an_address_leads_nowhere(gallery: TestClient, runs: Runs, tmp_path: Path) -> None:
    runs.add(summary={"uri": stored(tmp_path)})
    for path in (
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/media/etc/passwd",
        f"/?uri=file://{tmp_path}/clip.mp4",
    ):
        assert gallery.get(path).status_code in (200, 404)
        assert b"def " not in gallery.get(path).content


def test_every_address_but_the_style_asks_who_the_visitor_is(runs: Runs) -> None:
    asked = {
        route.path: {dependency.call for dependency in route.dependant.dependencies}
        for route in make_app().routes
        if isinstance(route, APIRoute)
    }
    assert len(asked) >= 7
    assert all(permissions.current_user in calls for calls in asked.values())

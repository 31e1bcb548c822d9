"""What cannot be joined: who is to blame, whether it may pass, and that nothing is left over."""

from __future__ import annotations

import gc
import io
import os
import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import av
import pytest
from PIL import Image

from airflow_provider_kling.exceptions import KlingMediaError, KlingRequestError, KlingServerError
from airflow_provider_kling.video.clip import ClipFile, Playback
from airflow_provider_kling.video.concat import join
from airflow_provider_kling.video.film import Film
from tests.media.clips import Clip, damaged, places
from tests.video.joining import files

CLIP = Clip(sound=True, tone=0.3)
OTHER_RATE = Clip(frames=30, fps=30)


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64)).save(file, "PNG")
    return file.getvalue()


def cut_off() -> bytes:
    made = Clip(frames=48, in_front=True).made()
    return made[: places(made)[20][0]]


@contextmanager
def refused(folder: Path, *said: str, retryable: bool = False) -> Iterator[Path]:
    """Give a target with an older film; look that it is untouched and nothing lies beside it."""
    target = folder / "film.mp4"
    target.write_bytes(b"an older film")
    with pytest.raises(KlingMediaError) as caught:
        yield target
    assert all(part in str(caught.value) for part in said)
    assert caught.value.retryable is retryable
    assert [entry.name for entry in folder.iterdir()] == ["film.mp4"]
    assert target.read_bytes() == b"an older film"


def test_no_clips_make_no_film(tmp_path: Path) -> None:
    with refused(tmp_path, "there are no clips to join") as target:
        join([], target)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html>", "cannot be read as a video or picture"),
        (b"", "cannot be read as a video or picture"),
        (picture(), "is a picture, not a video"),
        (cut_off(), "is damaged: it ends before its own index says"),
        (damaged(CLIP.made(), range(24)), "no frame that can be decoded"),
    ],
    ids=["page", "empty", "picture", "cut off", "undecodable"],
)
def test_a_broken_clip_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    with refused(tmp_path, "scene 3", said) as target:
        join(files([CLIP, OTHER_RATE, content, CLIP]), target)


@pytest.mark.parametrize("keep", [0, 40])
@pytest.mark.parametrize("packets", [range(12, 13), range(20, 24), range(23, 24)])
def test_damage_inside_a_clip_that_is_encoded_is_named(tmp_path: Path, packets: range, keep: int) -> None:
    content = damaged(replace(CLIP, grain=30).made(), packets, keep=keep)
    with refused(tmp_path, "scene 2", "damaged") as target:
        join(files([OTHER_RATE, content, OTHER_RATE]), target)


def test_the_place_of_the_damage_is_told_whatever_is_left_out(tmp_path: Path) -> None:
    content = damaged(replace(CLIP, grain=30).made(), range(12, 13), keep=40)
    with refused(tmp_path, "scene 2 is damaged 0.50 s from its beginning") as target:
        join(files([CLIP, content]), target, trim_frames=6)


def test_damage_is_blamed_on_its_own_clip_while_two_are_open(tmp_path: Path) -> None:
    content = damaged(replace(CLIP, grain=30).made(), range(20, 24))
    with refused(tmp_path, "scene 1", "damaged") as target:
        join(files([content, CLIP]), target, fade_s=0.5)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fade_s": 1.2}, "scene 1 lasts 1.00 s, which is too short for a cross-fade of 1.21 s"),
        ({"fade_s": 0.6}, "scene 2 lasts 1.00 s, which is too short for cross-fades at both ends"),
        ({"trim_frames": 24}, "scene 2 has 24 frames, so 24 cannot be left out"),
    ],
)
def test_a_clip_that_is_too_short_is_named(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    with refused(tmp_path, said) as target:
        join(files([CLIP, CLIP, CLIP]), target, **options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fade_s": -1}, "fade_s: must be 0 or more seconds; got -1"),
        ({"fade_s": float("nan")}, "fade_s: must be 0 or more seconds; got nan"),
        ({"fade_s": float("inf")}, "fade_s: must be 0 or more seconds; got inf"),
        ({"trim_frames": -1}, "trim_frames: must be 0 or more frames; got -1"),
        ({"size": (161, 96)}, r"size: must be two even numbers of pixels, at most 8192; got \(161, 96\)"),
        ({"size": (0, 96)}, r"size: must be two even numbers of pixels, at most 8192; got \(0, 96\)"),
        ({"size": (96, 8194)}, r"size: must be two even numbers of pixels, at most 8192; got \(96, 8194\)"),
        ({"fps": 0}, r"fps: must be more than 0 and at most 120 frames a second; got 0\.0"),
        ({"fps": 500}, r"fps: must be more than 0 and at most 120 frames a second; got 500\.0"),
    ],
)
def test_what_no_film_can_be_is_refused_before_a_clip_is_opened(
    tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(KlingRequestError, match=said):
        join([ClipFile(name="scene 1", open=unopened)], tmp_path / "film.mp4", **options)


def test_everything_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(KlingRequestError) as refused:
        join([], tmp_path / "film.mp4", size=(3, 3), fps=0, fade_s=-1, trim_frames=-1)
    assert [rule.field for rule in refused.value.broken] == ["size", "fps", "fade_s", "trim_frames"]


def unopened() -> BinaryIO:
    raise AssertionError("the clip was opened")


class Failing(io.BytesIO):
    """A file on a storage that fails after some reads."""

    def __init__(self, content: bytes, *, good_reads: int) -> None:
        super().__init__(content)
        self.left = good_reads

    def read(self, size: int | None = -1) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise ConnectionError("the bucket is gone")
        return super().read(2000)


@pytest.mark.parametrize("other", [CLIP, OTHER_RATE], ids=["copied", "encoded"])
@pytest.mark.parametrize("opening", [1, 2])
def test_a_storage_that_fails_may_pass_another_time(tmp_path: Path, opening: int, other: Clip) -> None:
    opened = 0

    def open_second() -> BinaryIO:
        nonlocal opened
        opened += 1
        return Failing(CLIP.made(), good_reads=3 if opened == opening else 1000)

    clips = files([other, CLIP])
    with refused(tmp_path, "scene 2 could not be read: the bucket is gone", retryable=True) as target:
        join([clips[0], replace(clips[1], open=open_second)], target)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    gone = ClipFile(name="scene 2", open=lambda: (tmp_path / "gone.mp4").open("rb"))
    with refused(tmp_path, "scene 2 could not be read", "gone.mp4", retryable=True) as target:
        join([*files([CLIP]), gone], target)


def test_an_error_of_this_provider_keeps_its_class(tmp_path: Path) -> None:
    error = KlingServerError("the file was answered 503", status_code=503)

    def open_it() -> BinaryIO:
        raise error

    with pytest.raises(KlingServerError) as caught:
        join([ClipFile(name="scene 1", open=open_it)], tmp_path / "film.mp4")
    assert caught.value is error


def test_a_target_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(KlingMediaError, match=r"film\.mp4 could not be written") as caught:
        join(files([CLIP]), tmp_path / "no folder" / "film.mp4")
    assert caught.value.retryable


def test_a_target_that_is_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").mkdir()
    with pytest.raises(KlingMediaError, match=r"film\.mp4 could not be written: Is a directory"):
        join(files([CLIP]), tmp_path / "film.mp4")
    assert [entry.name for entry in tmp_path.iterdir()] == ["film.mp4"]


@pytest.mark.parametrize(
    ("missing", "pause", "said"),
    [
        (range(20, 23), 0, "1.875 s (45 frames)"),
        (range(20, 21), 1, "2.000 s (47 frames)"),
        (range(0), 12, "2.500 s (48 frames)"),
    ],
    ids=["cut", "a hole", "a pause"],
)
def test_a_film_that_is_not_as_long_as_its_parts_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: range, pause: int, said: str
) -> None:
    add, added = Film.add_picture, 0

    def careless(self: Film, frame: Any) -> None:
        nonlocal added
        added += 1
        if added == 20:
            self._frames += pause
        if added not in missing:
            add(self, frame)

    monkeypatch.setattr(Film, "add_picture", careless)
    with refused(tmp_path, "film.mp4", said, "2.000 s (48 frames)", retryable=True) as target:
        join(files([CLIP, OTHER_RATE]), target)


def test_damaged_sound_is_blamed_on_its_own_clip(tmp_path: Path) -> None:
    content = bytearray(CLIP.made())
    with av.open(io.BytesIO(content)) as container:
        found = [(packet.pos, packet.size) for packet in container.demux(audio=0) if packet.size]
    for begin, size in found[-10:]:
        content[begin : begin + size] = bytes(size)
    with refused(tmp_path, "scene 1", "damaged") as target:
        join(files([bytes(content), CLIP]), target, fade_s=0.5)


def test_a_clip_that_ends_earlier_when_it_is_read_again_is_named(tmp_path: Path) -> None:
    contents = iter([CLIP.made(), replace(CLIP, frames=20).made()])
    changed = ClipFile(name="scene 2", open=lambda: io.BytesIO(next(contents)))
    with refused(tmp_path, "scene 2 is damaged 1.00 s from its beginning") as target:
        join([*files([OTHER_RATE]), changed], target)


@contextmanager
def full_disk(*, after: int) -> Iterator[None]:
    """Let no file of this process grow beyond some bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (after, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("options", [{}, {"fps": 30}, {"fade_s": 0.5}], ids=["copied", "encoded", "faded"])
def test_a_full_disk_is_not_blamed_on_a_clip(tmp_path: Path, options: dict[str, Any]) -> None:
    clips = files([replace(CLIP, grain=60, crf=10)] * 2)
    said = "film.mp4 could not be written"
    with refused(tmp_path, said, retryable=True) as target, full_disk(after=100_000):
        join(clips, target, **options)


def test_what_went_wrong_first_is_raised_although_the_disk_is_full_too(tmp_path: Path) -> None:
    with ExitStack() as stack:

        def fail(*_: object) -> None:
            stack.enter_context(full_disk(after=1))
            raise LookupError

        with pytest.raises(LookupError):
            join(files([CLIP]), tmp_path / "film.mp4", progress=fail)
    assert not list(tmp_path.iterdir())


class Watched(io.BytesIO):
    """A file that tells how many of its kind are open."""

    open = 0
    most = 0
    opened = 0

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        Watched.open += 1
        Watched.opened += 1
        Watched.most = max(Watched.most, Watched.open)

    def close(self) -> None:
        if not self.closed:
            Watched.open -= 1
        super().close()


@pytest.mark.parametrize(
    ("options", "at_once"),
    [({}, 1), ({"fps": 30}, 1), ({"fade_s": 0.2}, 2)],
    ids=["copied", "encoded", "faded"],
)
def test_no_more_files_are_open_than_are_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], at_once: int
) -> None:
    for counter in ("open", "most", "opened"):
        monkeypatch.setattr(Watched, counter, 0)
    clips = [ClipFile(name=f"scene {number}", open=lambda: Watched(CLIP.made())) for number in range(5)]
    join(clips, tmp_path / "film.mp4", **options)
    assert Watched.open == 0
    assert Watched.most <= at_once
    assert Watched.opened == 2 * 5


def test_files_are_closed_when_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Watched, "open", 0)
    content = damaged(replace(CLIP, grain=30).made(), range(20, 24))
    clips = [ClipFile(name="scene", open=lambda: Watched(content))] * 2
    with pytest.raises(KlingMediaError):
        join(clips, tmp_path / "film.mp4", fade_s=0.5)
    assert Watched.open == 0
    assert not [name for name in map(os.path.realpath, Path("/proc/self/fd").glob("*")) if "film.mp4" in name]


@pytest.mark.parametrize("options", [{}, {"fps": 30}, {"fade_s": 0.2}], ids=["copied", "encoded", "faded"])
def test_nothing_of_a_clip_stays_in_memory_until_python_looks_for_cycles(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    gc.collect()
    gc.disable()
    try:
        join(files([CLIP, CLIP]), tmp_path / "film.mp4", **options)
        # type(), because isinstance() would ask the lazy objects of other packages for their class.
        assert not [thing for thing in gc.get_objects() if type(thing) is Playback]
    finally:
        gc.enable()

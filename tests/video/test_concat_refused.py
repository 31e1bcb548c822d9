"""What cannot be concatenated: the error names the right file and is retryable or not; no file is left."""

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
from airflow_provider_kling.media.source_file import SourceFile
from airflow_provider_kling.video.clip import ClipReader
from airflow_provider_kling.video.mp4_writer import Mp4Writer
from tests.media.clips import Clip, damaged, packet_positions
from tests.video.concatenation import concat, files

CLIP = Clip(audio=True, tone=0.3)
OTHER_RATE = Clip(frames=30, fps=30)


def image() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64)).save(file, "PNG")
    return file.getvalue()


def truncated() -> bytes:
    content = Clip(frames=48, faststart=True).encoded()
    return content[: packet_positions(content)[20][0]]


def truncated_matroska() -> bytes:
    content = replace(CLIP, container="matroska").encoded()
    return content[: len(content) // 2]


@contextmanager
def refused(folder: Path, *said: str, retryable: bool = False) -> Iterator[Path]:
    """Yield a target; check the error, and that no file is left."""
    with pytest.raises(KlingMediaError) as caught:
        yield folder / "output.mp4"
    assert all(part in str(caught.value) for part in said)
    assert caught.value.retryable is retryable
    assert list(folder.iterdir()) == []


def test_no_clips_are_refused(tmp_path: Path) -> None:
    with refused(tmp_path, "there are no clips to concatenate") as target:
        concat([], target)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html>", "cannot be read as a video or an image"),
        (b"", "cannot be read as a video or an image"),
        (image(), "is an image, not a video"),
        (truncated(), "is damaged: it ends before what its own index announces"),
        (truncated_matroska(), "is damaged: it ends before what its own index announces"),
        (damaged(CLIP.encoded(), range(24)), "no frame that can be decoded"),
    ],
    ids=["page", "empty", "image", "truncated", "truncated Matroska", "undecodable"],
)
def test_a_damaged_clip_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    with refused(tmp_path, "scene 3", said) as target:
        concat(files([CLIP, OTHER_RATE, content, CLIP]), target)


@pytest.mark.parametrize("keep", [0, 40])
@pytest.mark.parametrize("packets", [range(12, 13), range(20, 24), range(23, 24)])
def test_damage_inside_a_clip_that_is_encoded_is_named(tmp_path: Path, packets: range, keep: int) -> None:
    content = damaged(replace(CLIP, grain=30).encoded(), packets, keep=keep)
    with refused(tmp_path, "scene 2", "damaged") as target:
        concat(files([OTHER_RATE, content, OTHER_RATE]), target)


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("keep", [0, 40])
@pytest.mark.parametrize("packets", [range(1, 2), range(12, 13), range(20, 24), range(23, 24)])
def test_damage_inside_a_clip_that_would_be_copied_is_named(
    tmp_path: Path, packets: range, keep: int, number: int
) -> None:
    whole = replace(CLIP, grain=30)
    clips: list[Clip | bytes] = [whole, whole, whole]
    clips[number - 1] = damaged(whole.encoded(), packets, keep=keep)
    with refused(tmp_path, f"scene {number}", "damaged") as target:
        concat(files(clips), target)


def test_the_time_of_damage_is_named_where_packets_are_copied(tmp_path: Path) -> None:
    content = damaged(replace(CLIP, grain=30).encoded(), range(12, 13), keep=40)
    with refused(tmp_path, "scene 2 is damaged 0.50 s from its start") as target:
        concat(files([replace(CLIP, grain=30), content]), target)


def test_the_time_of_damage_counts_trimmed_frames(tmp_path: Path) -> None:
    content = damaged(replace(CLIP, grain=30).encoded(), range(12, 13), keep=40)
    with refused(tmp_path, "scene 2 is damaged 0.50 s from its start") as target:
        concat(files([CLIP, content]), target, trim_frames=6)


def test_damage_is_reported_for_the_right_clip_while_two_are_open(tmp_path: Path) -> None:
    content = damaged(replace(CLIP, grain=30).encoded(), range(20, 24))
    with refused(tmp_path, "scene 1", "damaged") as target:
        concat(files([content, CLIP]), target, fade_s=0.5)


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
        concat(files([CLIP, CLIP, CLIP]), target, **options)


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
        ({"fps": 0}, "fps: must be more than 0 and at most 120 frames a second; got '0'"),
        ({"fps": 500}, "fps: must be more than 0 and at most 120 frames a second; got '500'"),
    ],
)
def test_an_invalid_option_is_refused_before_a_clip_is_opened(
    tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(KlingRequestError, match=said):
        concat([SourceFile(name="scene 1", open=unopened)], tmp_path / "output.mp4", **options)


def test_all_invalid_options_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(KlingRequestError) as refused:
        concat([], tmp_path / "output.mp4", size=(3, 3), fps=0, fade_s=-1, trim_frames=-1)
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
def test_a_storage_error_is_retryable(tmp_path: Path, opening: int, other: Clip) -> None:
    opened = 0

    def open_second() -> BinaryIO:
        nonlocal opened
        opened += 1
        return Failing(CLIP.encoded(), good_reads=3 if opened == opening else 1000)

    clips = files([other, CLIP])
    with refused(tmp_path, "scene 2 could not be read: the bucket is gone", retryable=True) as target:
        concat([clips[0], replace(clips[1], open=open_second)], target)


def test_an_error_of_this_provider_keeps_its_class(tmp_path: Path) -> None:
    error = KlingServerError("the file was answered 503", status_code=503)

    def open_it() -> BinaryIO:
        raise error

    with pytest.raises(KlingServerError) as caught:
        concat([SourceFile(name="scene 1", open=open_it)], tmp_path / "output.mp4")
    assert caught.value is error


def test_a_target_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(KlingMediaError, match=r"output\.mp4 could not be written") as caught:
        concat(files([CLIP]), tmp_path / "no folder" / "output.mp4")
    assert caught.value.retryable


def test_a_target_that_is_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "output.mp4").mkdir()
    with pytest.raises(KlingMediaError, match=r"output\.mp4 could not be written: Is a directory"):
        concat(files([CLIP]), tmp_path / "output.mp4")
    assert [entry.name for entry in tmp_path.iterdir()] == ["output.mp4"]


@pytest.mark.parametrize(
    ("missing", "pause", "said"),
    [
        (range(20, 23), 0, "1.875 s (45 frames)"),
        (range(20, 21), 1, "2.000 s (47 frames)"),
        (range(0), 12, "2.500 s (48 frames)"),
    ],
    ids=["cut", "gap", "pause"],
)
def test_an_output_that_is_not_as_long_as_its_parts_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: range, pause: int, said: str
) -> None:
    add, added = Mp4Writer.add_frame, 0

    def careless(self: Mp4Writer, frame: Any) -> None:
        nonlocal added
        added += 1
        if added == 20:
            self._frames += pause
        if added not in missing:
            add(self, frame)

    monkeypatch.setattr(Mp4Writer, "add_frame", careless)
    with refused(tmp_path, "output.mp4", said, "2.000 s (48 frames)", retryable=True) as target:
        concat(files([CLIP, OTHER_RATE]), target)


def test_damaged_audio_is_reported_for_the_right_clip(tmp_path: Path) -> None:
    content = bytearray(CLIP.encoded())
    with av.open(io.BytesIO(content)) as container:
        found = [(packet.pos, packet.size) for packet in container.demux(audio=0) if packet.size]
    for begin, size in found[-10:]:
        content[begin : begin + size] = bytes(size)
    with refused(tmp_path, "scene 1", "damaged") as target:
        concat(files([bytes(content), CLIP]), target, fade_s=0.5)


def test_a_clip_that_has_become_shorter_before_the_second_read_is_named(tmp_path: Path) -> None:
    contents = iter([CLIP.encoded(), replace(CLIP, frames=20).encoded()])
    changed = SourceFile(name="scene 2", open=lambda: io.BytesIO(next(contents)))
    with refused(tmp_path, "scene 2 is damaged 1.00 s from its start") as target:
        concat([*files([OTHER_RATE]), changed], target)


@contextmanager
def full_disk(*, after: int) -> Iterator[None]:
    """Limit the size of the files that this process writes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (after, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("options", [{}, {"fps": 30}, {"fade_s": 0.5}], ids=["copied", "encoded", "faded"])
def test_a_full_disk_is_reported_for_the_output_and_not_for_a_clip(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    clips = files([replace(CLIP, grain=60, crf=10)] * 2)
    said = "output.mp4 could not be written"
    with refused(tmp_path, said, retryable=True) as target, full_disk(after=100_000):
        concat(clips, target, **options)


def test_the_first_error_is_raised_although_the_disk_is_full_too(tmp_path: Path) -> None:
    with ExitStack() as stack:

        def fail(*_: object) -> None:
            stack.enter_context(full_disk(after=1))
            raise LookupError

        with pytest.raises(LookupError):
            concat(files([CLIP]), tmp_path / "output.mp4", progress=fail)
    assert not list(tmp_path.iterdir())


class Counted(io.BytesIO):
    """A file that counts how many of its class are open."""

    open = 0
    most = 0
    opened = 0

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        Counted.open += 1
        Counted.opened += 1
        Counted.most = max(Counted.most, Counted.open)

    def close(self) -> None:
        if not self.closed:
            Counted.open -= 1
        super().close()


@pytest.mark.parametrize(
    ("options", "at_once"),
    [({}, 1), ({"fps": 30}, 1), ({"fade_s": 0.2}, 2)],
    ids=["copied", "encoded", "faded"],
)
def test_at_most_two_clips_are_open_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], at_once: int
) -> None:
    for counter in ("open", "most", "opened"):
        monkeypatch.setattr(Counted, counter, 0)
    clips = [SourceFile(name=f"scene {number}", open=lambda: Counted(CLIP.encoded())) for number in range(5)]
    concat(clips, tmp_path / "output.mp4", **options)
    assert Counted.open == 0
    assert Counted.most <= at_once
    assert Counted.opened == 2 * 5


def test_files_are_closed_when_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Counted, "open", 0)
    content = damaged(replace(CLIP, grain=30).encoded(), range(20, 24))
    clips = [SourceFile(name="scene", open=lambda: Counted(content))] * 2
    with pytest.raises(KlingMediaError):
        concat(clips, tmp_path / "output.mp4", fade_s=0.5)
    assert Counted.open == 0
    assert not [
        name for name in map(os.path.realpath, Path("/proc/self/fd").glob("*")) if "output.mp4" in name
    ]


@pytest.mark.parametrize("options", [{}, {"fps": 30}, {"fade_s": 0.2}], ids=["copied", "encoded", "faded"])
def test_the_memory_of_a_clip_is_released_without_the_garbage_collector(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    gc.collect()
    gc.disable()
    try:
        concat(files([CLIP, CLIP]), tmp_path / "output.mp4", **options)
        # type(), because isinstance() would load the lazy objects of other packages.
        assert not [thing for thing in gc.get_objects() if type(thing) is ClipReader]
    finally:
        gc.enable()

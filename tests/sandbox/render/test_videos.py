"""The videos are real: decoded, they are what was requested."""

from __future__ import annotations

import hashlib
import itertools
import subprocess
import sys
from pathlib import Path
from random import Random

import av
import numpy as np
import numpy.typing as npt
import pytest
from PIL import ImageFont

from airflow_provider_kling.sandbox.render.image.text import wrap
from airflow_provider_kling.sandbox.render.media_input import InvalidMediaError, RenderCancelledError
from airflow_provider_kling.sandbox.render.render_spec import (
    AudioSource,
    MediaKind,
    MediaReference,
    VideoSpec,
)
from airflow_provider_kling.sandbox.render.video.captions import Captions
from airflow_provider_kling.sandbox.render.video.painter import paint_video
from airflow_provider_kling.sandbox.render.video.yuv_frame import YuvFrame
from tests.sandbox.samples import SPEC, decoded, reads, rendered, sample_image


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rendered(tmp_path_factory.mktemp("clips") / "plain.mp4").path


@pytest.fixture(scope="module")
def loud(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rendered(tmp_path_factory.mktemp("clips") / "loud.mp4", audio=AudioSource.TONE, seconds=2).path


@pytest.mark.parametrize(
    ("resolution", "aspect_ratio", "size"),
    [
        ("720p", "16:9", (1280, 720)),
        ("720p", "9:16", (720, 1280)),
        ("720p", "1:1", (720, 720)),
        ("1080p", "16:9", (1920, 1080)),
        ("1080p", "9:16", (1080, 1920)),
        ("1080p", "1:1", (1080, 1080)),
        ("4k", "16:9", (3840, 2160)),
        ("720p", None, (1280, 720)),
    ],
)
def test_the_video_has_the_requested_size(tmp_path, resolution, aspect_ratio, size):
    clip = rendered(tmp_path / "clip.mp4", resolution=resolution, aspect_ratio=aspect_ratio)
    with av.open(str(clip.path)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == size == (clip.width, clip.height)
        assert (stream.codec_context.name, stream.pix_fmt, stream.average_rate) == ("h264", "yuv420p", 24)


@pytest.mark.parametrize("seconds", [5, 10])
def test_the_video_has_the_requested_length_to_the_frame(tmp_path, seconds):
    clip = rendered(tmp_path / "clip.mp4", seconds=seconds, audio=AudioSource.TONE)
    seen = decoded(clip.path)
    assert len(seen.luma) == 24 * seconds
    assert seen.times == pytest.approx([index / 24 for index in range(24 * seconds)], abs=1e-4)
    assert seen.seconds["video"] == seen.seconds["container"] == clip.seconds == seconds
    assert seen.seconds["audio"] == pytest.approx(seconds, abs=1 / 24)


def test_every_frame_differs_from_the_one_before(plain: Path):
    seen = decoded(plain).luma
    middle = [frame[200:400].astype(int) for frame in seen]  # without the text and the counter
    moved = [np.abs(after - before).mean() for before, after in itertools.pairwise(middle)]
    assert min(moved) > 0.5


def test_the_video_shows_the_prompt(tmp_path: Path, plain: Path):
    other = decoded(rendered(tmp_path / "other.mp4", prompt="a different prompt").path).luma[0][-110:-30]
    words = decoded(plain).luma[0][-110:-30]
    assert words.max() > 200  # white letters
    assert np.median(words) < 90  # on a dark box
    assert np.abs(words.astype(int) - other.astype(int)).max() > 150
    assert reads(words, SPEC["prompt"], px=36)


def test_the_index_comes_first_so_that_a_player_can_start_early(plain: Path, loud: Path):
    for path in (plain, loud):
        data = path.read_bytes()
        assert 0 < data.find(b"moov") < data.find(b"mdat")


def test_there_is_an_audio_track_only_on_request(plain: Path, loud: Path):
    assert decoded(plain).audio is None
    sound = decoded(loud).audio
    assert sound is not None
    assert abs(sound.shape[1] - 2 * 48_000) <= 2000  # one video frame
    assert 0.02 < np.abs(sound[:, 4800:-4800]).max() < 0.2
    assert np.abs(sound[:, 24_000:48_000]).mean() > 0.01


def test_several_shots_are_cut(tmp_path: Path):
    clip = rendered(tmp_path / "clip.mp4", seconds=2, multi_shot=True)
    seen = [frame[200:400].astype(int) for frame in decoded(clip.path).luma]
    moved = np.array([np.abs(after - before).mean() for before, after in itertools.pairwise(seen)])
    assert sorted(np.argsort(moved)[-2:]) == [15, 31]  # after a third and two thirds of 48 frames
    assert sorted(moved)[-2] > 3 * sorted(moved)[-3]


def test_the_camera_moves_over_an_image(tmp_path: Path):
    seen = decoded(rendered(tmp_path / "clip.mp4", images=(sample_image("crimson"),)).path)
    red, green, blue = seen.rgb[100:300, 20:60].reshape(-1, 3).mean(axis=0)
    assert red > 150
    assert max(green, blue) < 90
    edges = [np.flatnonzero((frame[60:560] > 180).any(axis=0))[0] for frame in seen.luma]
    assert len(set(edges)) > 12


def test_several_images_fade_into_each_other(tmp_path: Path):
    clip = rendered(tmp_path / "clip.mp4", seconds=2, images=(sample_image("black"), sample_image("silver")))
    level = np.array([np.median(frame[100:300]) for frame in decoded(clip.path).luma])
    assert level[:10].max() < 30
    assert level[30:].min() > 150
    assert np.diff(level).max() < 40  # no cut


def test_without_an_aspect_ratio_the_video_has_that_of_the_input(tmp_path: Path):
    clip = rendered(tmp_path / "clip.mp4", images=(sample_image("teal", (400, 800)),), aspect_ratio=None)
    assert (clip.width, clip.height) == (720, 1280)
    again = rendered(
        tmp_path / "again.mp4", videos=(clip.path.read_bytes(),), aspect_ratio=None, seconds=None
    )
    assert (again.width, again.height) == (720, 1280)


def test_a_source_video_is_visibly_restyled(tmp_path: Path, plain: Path):
    changed = decoded(
        rendered(
            tmp_path / "clip.mp4", videos=(plain.read_bytes(),), seconds=None, prompt="as a woodcut"
        ).path
    )
    source = decoded(plain)
    assert len(changed.luma) == len(source.luma)
    region = slice(100, 500)
    difference = np.abs(changed.rgb[region].astype(int) - source.rgb[region].astype(int))
    assert difference.mean() > 20
    tones = np.bincount(changed.luma[12][region].ravel(), minlength=256)
    assert np.sort(tones)[-12:].sum() > 0.5 * tones.sum()  # a few tones cover most of the frame
    # The same shapes at the same positions: where the source is bright, the result is brighter.
    light = source.luma[12][region] > np.quantile(source.luma[12][region], 0.9)
    dark = source.luma[12][region] < np.quantile(source.luma[12][region], 0.1)
    assert changed.luma[12][region][light].mean() > changed.luma[12][region][dark].mean() + 30


def test_a_shorter_source_is_repeated(tmp_path: Path, loud: Path):
    clip = rendered(
        tmp_path / "clip.mp4", videos=(loud.read_bytes(),), seconds=3, audio=AudioSource.SOURCE_VIDEO
    )
    seen = decoded(clip.path)
    assert len(seen.luma) == 72
    again = np.abs(seen.luma[0][100:500].astype(int) - seen.luma[48][100:500].astype(int)).mean()
    later = np.abs(seen.luma[24][100:500].astype(int) - seen.luma[48][100:500].astype(int)).mean()
    assert again < later / 3
    assert seen.audio is not None
    assert np.abs(seen.audio[:, 50 * 2000 : 70 * 2000]).mean() > 0.01


def test_the_audio_of_the_source_is_kept_on_request(tmp_path: Path, loud: Path, plain: Path):
    source = loud.read_bytes()
    kept = decoded(
        rendered(tmp_path / "a.mp4", videos=(source,), seconds=None, audio=AudioSource.SOURCE_VIDEO).path
    ).audio
    assert kept is not None
    assert decoded(rendered(tmp_path / "b.mp4", videos=(source,), seconds=None).path).audio is None
    silent = plain.read_bytes()
    assert (
        decoded(
            rendered(tmp_path / "c.mp4", videos=(silent,), seconds=None, audio=AudioSource.SOURCE_VIDEO).path
        ).audio
        is None
    )
    source_audio = decoded(loud).audio
    assert source_audio is not None

    def pitch(samples: npt.NDArray[np.float32]) -> int:
        return int(np.argmax(np.abs(np.fft.rfft(samples[0, 24_000:72_000]))))

    assert pitch(kept) == pitch(source_audio)


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:1/a.ts\n", sample_image("red")]
)
def test_a_file_that_is_no_video_is_rejected(tmp_path: Path, data: bytes):
    with pytest.raises(InvalidMediaError, match=r"videos\[0\]"):
        rendered(tmp_path / "clip.mp4", videos=(data,), seconds=None)


@pytest.mark.parametrize("share", [0.001, 0.5, 0.99])
def test_an_incomplete_video_is_rejected(tmp_path: Path, plain: Path, share: float):
    data = plain.read_bytes()
    with pytest.raises(InvalidMediaError, match=r"videos\[0\]"):
        rendered(tmp_path / "clip.mp4", videos=(data[: int(len(data) * share)],), seconds=None)


def test_rendering_can_be_cancelled(tmp_path: Path):
    with pytest.raises(RenderCancelledError):
        paint_video(
            VideoSpec(**SPEC),
            tmp_path / "clip.mp4",
            inputs=(),
            limits={},
            rng=Random("test"),
            cancelled=lambda: True,
        )


ANY = [
    "",
    "x" * 2500,
    "two words " * 250,
    "wörd — “quoted”",
    "日本語のプロンプト" * 50,
    "\N{FILM FRAMES}",
    "\ud800\x00\n\t",
]


@pytest.mark.parametrize("prompt", ANY)
def test_any_prompt_fits_any_frame(prompt: str):
    for width, height in ((1280, 720), (720, 1280), (720, 720)):
        picture = YuvFrame(width=width, height=height)
        picture.data[:] = 128
        captions = Captions(prompt=prompt, label="kling-video-o1", width=width, height=height, frames=24)
        captions.draw(picture, 0)
        assert (picture.y[height // 2 :] < 128).any()  # the box
        assert (picture.y[60 : height // 2] == 128).all()  # the frame above it is unchanged


def test_text_is_broken_at_spaces_and_cut_at_the_last_line():
    font = ImageFont.load_default(20)
    assert wrap("one two three", font=font, width=font.getlength("one two ")) == ["one two", "three"]
    lines = wrap("word " * 100, font=font, width=200, max_lines=3)
    assert len(lines) == 3
    assert lines[-1].endswith("...")
    assert all(font.getlength(line) <= 200 for line in lines)


MAKE = """
import sys
from pathlib import Path
from random import Random
from airflow_provider_kling.sandbox.render.media_input import MediaInput
from airflow_provider_kling.sandbox.render.render_spec import AudioSource, MediaKind, VideoSpec
from airflow_provider_kling.sandbox.render.video.painter import paint_video
spec = VideoSpec(
    label="l", prompt="p", resolution="720p", aspect_ratio="1:1", seconds=1, audio=AudioSource.TONE
)
source = MediaInput(name="videos[0]", kind=MediaKind.VIDEO, data=Path(sys.argv[2]).read_bytes())
paint_video(spec, Path(sys.argv[1]), inputs=[source], limits={}, rng=Random("s"))
"""


def test_two_processes_make_the_same_bytes(tmp_path: Path, loud: Path):
    digests = set()
    for number in range(2):
        path = tmp_path / f"{number}.mp4"
        subprocess.run([sys.executable, "-c", MAKE, str(path), str(loud)], check=True)
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_the_fingerprint_depends_on_the_spec_the_seed_and_the_content_of_inputs():
    first, second = (
        MediaReference(name="videos[0]", kind=MediaKind.VIDEO, text=f"http://127.0.0.1:1/{name}.mp4")
        for name in "ab"
    )
    spec = VideoSpec(**SPEC, inputs=(first,))
    same = VideoSpec(**SPEC, inputs=(second,))
    base = spec.fingerprint(seed=1, inputs=(b"a",))
    assert same.fingerprint(seed=1, inputs=(b"a",)) == base
    assert spec.fingerprint(seed=2, inputs=(b"a",)) != base
    assert spec.fingerprint(seed=1, inputs=(b"b",)) != base
    assert VideoSpec(**SPEC | {"prompt": "x"}).fingerprint(seed=1, inputs=(b"a",)) != base

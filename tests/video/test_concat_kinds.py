"""Clips of every kind are concatenated frame by frame as the independent program ``ffmpeg`` decodes them."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import av
import numpy as np
import pytest

from airflow_provider_kling.media.probe import probe
from airflow_provider_kling.video.concatenator import Concatenator
from airflow_provider_kling.video.options import ClipWarning, ConcatOptions
from tests.media.clips import Clip, Drawing, beeps, decode_audio, decode_video, flashes
from tests.media.ffmpeg import convert, decode
from tests.media.kinds import KINDS, SOURCE, X264, Kind, converted, standing_still, with_channels
from tests.media.mpeg4_vops import with_uncoded
from tests.video.concatenation import concatenated, files


@pytest.fixture(params=KINDS.values(), ids=KINDS.keys())
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


def test_each_frame_of_each_clip_is_in_the_output(kind: Kind, tmp_path: Path) -> None:
    output = concatenated([kind.content(), kind.content()], tmp_path / "output.mp4")
    assert output.numbers == 2 * list(decode(kind.content()).numbers)
    told = [ClipWarning.SILENT] * kind.silent + [ClipWarning.HDR] * kind.hdr
    assert output.result.warnings == tuple((number, each) for number in (0, 1) for each in told)


OPEN = f"{X264}:open-gop=1"


def without_idr() -> bytes:
    """Return an MP4 that starts with a picture from which decoding can start, but that is no IDR picture."""
    written = io.BytesIO()
    with (
        av.open(io.BytesIO(converted(OPEN, "out.mp4")()), "r") as whole,
        av.open(written, "w", format="mp4") as part,
    ):
        stream = whole.streams.video[0]
        copy = part.add_stream_from_template(stream)
        keys, first, number = 0, None, 0
        for packet in whole.demux(stream):
            keys += packet.is_keyframe
            if not packet.size or keys < 2:
                continue
            assert packet.pts is not None
            first = packet.pts if first is None else first
            if packet.pts >= first:
                packet.pts, packet.dts = packet.pts - first, (number - 2) * 512
                packet.stream, number = copy, number + 1
                part.mux(packet)
    return written.getvalue()


@pytest.mark.parametrize(
    ("make", "like"),
    [
        (KINDS["two encodings in an MP4"].content, converted(f"{X264} -an", "out.mp4")),
        (without_idr, converted(OPEN, "out.mp4")),
    ],
)
def test_packets_that_need_another_decoder_than_those_before_are_not_copied(
    make: Callable[[], bytes], like: Callable[[], bytes], tmp_path: Path
) -> None:
    for clips in ([make(), like()], [like(), make()]):
        output = concatenated(clips, tmp_path / "output.mp4")
        expected = tuple(number for clip in clips for number in decode(clip).numbers)
        assert decode(output.path.read_bytes()).numbers == expected


UNEVEN = "-vf select='lt(n,10)+not(mod(n,3))' -fps_mode vfr"
VARIABLE = {
    "Matroska": converted(f"{UNEVEN} {X264} -an", "out.mkv"),
    "MP4": converted(f"{UNEVEN} {X264} -an", "out.mp4"),
    "a frame is the unit": converted(f"{UNEVEN} {X264} -an -video_track_timescale 24", "out.mp4"),
    "packets without a frame": lambda: with_uncoded(replace(SOURCE, audio=False), each=5),
    "GIF": converted(f"{UNEVEN} -an -loop -1", "out.gif"),
}


@pytest.mark.parametrize("make", VARIABLE.values(), ids=VARIABLE)
def test_at_a_variable_rate_no_frame_is_left_out(make: Callable[[], bytes], tmp_path: Path) -> None:
    content = make()
    output = concatenated([content, content], tmp_path / "output.mp4")
    shown = [number for number, _ in groupby(output.numbers)]
    assert shown == 2 * list(decode(content).numbers)


def test_audio_goes_on_while_a_picture_stands_still(tmp_path: Path) -> None:
    content = standing_still("out.ts")
    output = concatenated([content, content], tmp_path / "output.mp4")
    assert [number for number, _ in groupby(output.numbers)] == 2 * list(decode(content).numbers)
    samples = output.audio()
    assert len(samples) / 48_000 == pytest.approx(28, abs=0.2)
    loud = [np.abs(piece).max() > 0.05 for piece in np.array_split(samples, 280)]
    assert sum(loud) >= len(loud) - 6


DELAYED = {
    "H.264": f"{X264} -c:a pcm_s16le",
    "H.264 with a long delay": f"{X264.replace('-bf 2', '-bf 5')} -c:a pcm_s16le",
    "MPEG-4": "-c:v mpeg4 -bf 2 -q:v 3 -c:a pcm_s16le",
}


@pytest.mark.parametrize("encode", DELAYED.values(), ids=DELAYED)
def test_audio_and_video_of_an_avi_are_as_ffmpeg_joins_them(encode: str, tmp_path: Path) -> None:
    clip = Clip(frames=48, flashes=(12, 36), audio=True, container="matroska", drawing=Drawing.NOTHING)
    content = converted(encode, "out.avi", clip=clip)()
    expected = convert({"in.avi": content}, "-i in.avi -c:v libx264 -c:a pcm_s16le out.mov", output="out.mov")
    starts = zip(flashes(decode_video(expected)), beeps(decode_audio(expected)), strict=True)
    output = concatenated([content, content], tmp_path / "output.mp4")
    assert output.av_offsets() == pytest.approx(2 * [beep - flash for flash, beep in starts], abs=0.003)


def test_a_child_process_tells_which_clip_is_silent(tmp_path: Path) -> None:
    contents = [KINDS["MP4"].content(), KINDS["undecodable audio"].content()]
    with Concatenator() as concatenator:
        result = concatenator.concat(
            files(contents), tmp_path / "output.mp4", options=ConcatOptions(), progress=lambda *_: None
        )
    assert result.warnings == ((1, ClipWarning.SILENT),)


CUSTOM = "-filter:a channelmap=map=0-FL|1-LFE:channel_layout=FL+LFE -c:a pcm_s16le"
NOT_STEREO = {
    "ambisonics": with_channels(4, "-c:a libopus -mapping_family 2", "out.mkv"),
    "nine channels without a name": with_channels(9, "-c:a pcm_s16le", "out.mkv"),
    "more channels than any layout has": with_channels(40, "-c:a pcm_s16le", "out.mkv"),
    "an uncommon layout": with_channels(2, CUSTOM, "out.mov"),
}
STEREO = {
    "three channels without a name": with_channels(3, "-c:a pcm_s16le", "out.mkv"),
    "twelve channels without a name": with_channels(12, "-c:a pcm_s16le", "out.mkv"),
    "7.1": with_channels(8, "-c:a flac", "out.mkv"),
}


@pytest.mark.parametrize("make", NOT_STEREO.values(), ids=NOT_STEREO)
def test_audio_that_cannot_be_mixed_to_stereo_is_silent_and_said_to_be(
    make: Callable[[], bytes], tmp_path: Path
) -> None:
    output = concatenated([make(), KINDS["MP4"].content()], tmp_path / "output.mp4")
    assert output.result.warnings == ((0, ClipWarning.SILENT),)
    samples = output.audio()
    assert np.abs(samples[: 2 * 48_000 - 2000]).max() < 0.001
    assert np.abs(samples[2 * 48_000 + 4000 :]).max() > 0.2


@pytest.mark.parametrize("make", STEREO.values(), ids=STEREO)
def test_audio_of_many_channels_is_mixed_to_stereo(make: Callable[[], bytes], tmp_path: Path) -> None:
    output = concatenated([make()], tmp_path / "output.mp4")
    assert output.result.warnings == ()
    assert np.abs(output.audio()).max() > 0.2


def test_of_two_tracks_the_one_that_can_be_mixed_to_stereo_is_taken(tmp_path: Path) -> None:
    two = convert(
        {"one.mov": NOT_STEREO["an uncommon layout"](), "two.mp4": KINDS["MP4"].content()},
        "-i one.mov -i two.mp4 -map 0 -map 1:a -c copy out.mov",
        output="out.mov",
    )
    output = concatenated([two], tmp_path / "output.mp4")
    assert output.result.warnings == ()
    assert np.abs(output.audio()).max() > 0.2


@pytest.mark.parametrize("make", NOT_STEREO.values(), ids=NOT_STEREO)
def test_audio_that_cannot_be_mixed_to_stereo_is_probed_as_it_is(make: Callable[[], bytes]) -> None:
    found, streams = probe(io.BytesIO(make()), name="scene"), decode(make()).streams
    assert found.audio_codec == next(each["codec_name"] for each in streams if each["codec_type"] == "audio")
    assert found.has_audio
    assert not found.undecodable_audio


def test_the_audio_lasts_as_long_as_the_frames(kind: Kind, tmp_path: Path) -> None:
    output = concatenated([kind.content(), kind.content()], tmp_path / "output.mp4")
    assert output.result.info.has_audio is (kind.audio_codec is not None)
    if kind.audio_codec is not None:
        seconds = len(output.frames) / kind.fps
        samples = output.audio()
        assert len(samples) / 48_000 == pytest.approx(seconds, abs=1024 / 48_000)
        # Everywhere a tone, but for what an encoder leaves out at the ends of a clip.
        loud = [np.abs(piece).max() > 0.2 for piece in np.array_split(samples, round(seconds * 10))]
        assert sum(loud) >= len(loud) - 4

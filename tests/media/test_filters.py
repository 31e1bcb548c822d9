"""How a frame becomes what a viewer sees: its rotation, its size, its colours."""

from __future__ import annotations

from fractions import Fraction

import pytest

from airflow_provider_kling.media.file_format import FileFormat
from airflow_provider_kling.media.filters import (
    FrameFormat,
    concat_filters,
    fitted,
    rotation_filters,
    still_filters,
)

HD = FrameFormat(width=1920, height=1080, pixel_format="yuv420p")
SMALL = FrameFormat(width=640, height=480, pixel_format="yuv420p")


@pytest.mark.parametrize(
    ("size", "frame", "fits"),
    [
        ((1920, 1080), (1920, 1080), (1920, 1080)),
        ((1080, 1920), (1920, 1080), (608, 1080)),
        ((1080, 1080), (1920, 1080), (1080, 1080)),
        ((160, 96), (1280, 720), (1200, 720)),
        ((161, 97), (160, 96), (160, 96)),
        ((1000, 10), (100, 100), (100, 2)),
        ((4000, 1), (100, 100), (100, 2)),
    ],
)
def test_a_frame_is_scaled_to_fit_without_distortion(
    size: tuple[int, int], frame: tuple[int, int], fits: tuple[int, int]
) -> None:
    assert fitted(size, width=frame[0], height=frame[1]) == fits


@pytest.mark.parametrize(
    ("frame_format", "matrix"),
    [
        (HD, "bt709"),
        (SMALL, "bt601"),
        (FrameFormat(width=1280, height=536, pixel_format="yuv420p"), "bt709"),
        (FrameFormat(width=720, height=1280, pixel_format="yuv420p"), "bt709"),
        (FrameFormat(width=1920, height=1080, pixel_format="yuv420p", colorspace=6), "bt601"),
        (FrameFormat(width=640, height=480, pixel_format="yuv420p", colorspace=1), "bt709"),
        (FrameFormat(width=3840, height=2160, pixel_format="yuv420p", colorspace=9), "bt2020"),
    ],
)
def test_colours_are_read_as_tagged_or_by_the_convention_for_the_size(
    frame_format: FrameFormat, matrix: str
) -> None:
    assert f"in_color_matrix={matrix}:in_range=tv" in frame_format.scale_input


@pytest.mark.parametrize(
    "frame_format",
    [
        FrameFormat(width=640, height=480, pixel_format="yuv420p", color_range=2),
        FrameFormat(width=640, height=480, pixel_format="yuvj420p"),
    ],
)
def test_full_range_is_recognised(frame_format: FrameFormat) -> None:
    assert frame_format.scale_input.endswith("in_range=pc")


def test_a_still_keeps_the_size_of_the_frame() -> None:
    (name, arguments), *_ = still_filters(SMALL, image_format=FileFormat.PNG)
    assert name == "scale"
    assert arguments.startswith("w=640:h=480:")


def test_the_sample_aspect_ratio_is_applied_by_scaling() -> None:
    frame_format = FrameFormat(
        width=720, height=576, pixel_format="yuv420p", sample_aspect_ratio=Fraction(64, 45)
    )
    assert frame_format.display_size == (1024, 576)
    (_, scale), *_ = concat_filters(frame_format, width=1024, height=1024)
    assert scale.startswith("w=1024:h=576:")


def test_an_upright_frame_is_not_rotated() -> None:
    assert rotation_filters((1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)) == ()

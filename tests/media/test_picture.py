"""The decisions behind a picture: how it is turned, how large it gets, in which colours."""

from __future__ import annotations

from fractions import Fraction

import pytest

from airflow_provider_kling.media.picture import (
    ImageFormat,
    Shape,
    film_filters,
    fitted,
    still_filters,
    turn_of,
)

HD = Shape(width=1920, height=1080, pixel_format="yuv420p")
SMALL = Shape(width=640, height=480, pixel_format="yuv420p")


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
def test_a_picture_fits_without_being_stretched(
    size: tuple[int, int], frame: tuple[int, int], fits: tuple[int, int]
) -> None:
    assert fitted(size, width=frame[0], height=frame[1]) == fits


@pytest.mark.parametrize(
    ("shape", "matrix"),
    [
        (HD, "bt709"),
        (SMALL, "bt601"),
        (Shape(width=1280, height=536, pixel_format="yuv420p"), "bt709"),
        (Shape(width=720, height=1280, pixel_format="yuv420p"), "bt709"),
        (Shape(width=1920, height=1080, pixel_format="yuv420p", matrix=6), "bt601"),
        (Shape(width=640, height=480, pixel_format="yuv420p", matrix=1), "bt709"),
        (Shape(width=3840, height=2160, pixel_format="yuv420p", matrix=9), "bt2020"),
    ],
)
def test_colours_are_read_as_tagged_or_as_is_the_custom_for_the_size(shape: Shape, matrix: str) -> None:
    assert f"in_color_matrix={matrix}:in_range=tv" in shape.colours


@pytest.mark.parametrize(
    "shape",
    [
        Shape(width=640, height=480, pixel_format="yuv420p", colour_range=2),
        Shape(width=640, height=480, pixel_format="yuvj420p"),
    ],
)
def test_full_range_is_read_as_such(shape: Shape) -> None:
    assert shape.colours.endswith("in_range=pc")


def test_a_narrow_picture_keeps_its_size_and_a_wide_one_is_made_smaller_in_proportion() -> None:
    (name, narrow), *_ = still_filters(SMALL, image=ImageFormat.PNG, max_width=640)
    assert name == "scale"
    assert narrow.startswith("w=640:h=480:")
    (_, wide), *_ = still_filters(SMALL, image=ImageFormat.PNG, max_width=320)
    assert wide.startswith("w=320:h=240:")
    (_, very_wide), *_ = still_filters(
        Shape(width=5000, height=3, pixel_format="yuv420p"), image=ImageFormat.PNG, max_width=100
    )
    assert very_wide.startswith("w=100:h=1:")


def test_pixels_that_are_not_square_are_made_so() -> None:
    shape = Shape(width=720, height=576, pixel_format="yuv420p", pixel_aspect=Fraction(64, 45))
    assert shape.shown_size == (1024, 576)
    (_, scale), *_ = film_filters(shape, width=1024, height=1024)
    assert scale.startswith("w=1024:h=576:")


def test_an_upright_picture_is_not_turned() -> None:
    assert turn_of((1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)) == ()

"""Any text is either plain or made of shots, and neither breaks the reader."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_kling.sandbox.kling.service.shots import (
    MalformedShotsError,
    Shot,
    parse_shots,
    shot_problems,
)

words = st.text(st.characters(blacklist_characters=";"), min_size=1, max_size=40).map(str.strip).filter(bool)


@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=6), said=words)
def test_what_is_written_as_shots_is_read_as_shots(lengths: list[int], said: str):
    prompt = " ".join(f"shot {n}, {seconds}, {said};" for n, seconds in enumerate(lengths, 1))
    shots = parse_shots(prompt)
    assert shots == [Shot(number=n, seconds=seconds, words=said) for n, seconds in enumerate(lengths, 1)]
    assert list(shot_problems(shots, total=sum(lengths))) == []


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str):
    try:
        shots = parse_shots(text)
    except MalformedShotsError:
        return
    assert isinstance(list(shot_problems(shots, total=5)), list)


@pytest.mark.parametrize("text", ["", "a boat", "shots 1, 2, x;", "a; shot 1, 2, x;", "shot one, 2, x;"])
def test_what_does_not_begin_with_a_shot_is_plain_text(text: str):
    assert parse_shots(text) == []

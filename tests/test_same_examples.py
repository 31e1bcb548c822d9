"""Every run tries the same examples, whatever ran before in the same process."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st


def tried() -> list[tuple[int, float, str]]:
    examples: list[tuple[int, float, str]] = []

    @given(st.integers(), st.floats(allow_nan=False), st.text())
    def look(number: int, amount: float, text: str) -> None:
        examples.append((number, amount, text))

    look()
    return examples


def test_a_module_that_is_loaded_changes_no_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tried()
    lines = "".join(f"NAME_{n} = ({1_000_003 + n}, {n}.0625, 'constant {n}')\n" for n in range(300))
    (tmp_path / "much.py").write_text(lines)
    spec = importlib.util.spec_from_file_location("much", tmp_path / "much.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "much", module)
    spec.loader.exec_module(module)
    assert tried() == before

"""What the tests with hostile input share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.security.messages import Messages


@pytest.fixture
def messages() -> Iterator[Messages]:
    """What is logged, to be checked."""
    with Messages.kept() as kept:
        yield kept

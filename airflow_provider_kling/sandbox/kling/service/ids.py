"""The ids of the service: decimal texts of 18 digits, and a UUID for each response."""

from __future__ import annotations

import itertools
import uuid
from random import Random
from typing import Final

from airflow_provider_kling.sandbox.core.stable_ids import stable_id

_LOWEST: Final = 8 * 10**17
_STEP: Final = 1_000_003  # ids of one account grow, as real ones do


class IdSource:
    """Makes ids that grow and never repeat, also not after a reset. The same seed makes the same ones."""

    def __init__(self, *, seed: int) -> None:
        self._seed = seed
        self._first = _LOWEST + int(stable_id(seed, "ids")[:12], 16) % 10**17
        self._numbers = itertools.count(1)
        self._rng = Random(f"{seed}/requests")  # noqa: S311  - decides ids, not secrets

    def new(self) -> str:
        """Return the next id, which fits tasks, works, voices and sessions."""
        return str(self._first + next(self._numbers) * _STEP)

    def element(self) -> int:
        """Return the next id of an element: a number, small enough to be one in every language."""
        return int(stable_id(self._seed, "element", next(self._numbers))[:12], 16)

    def file_stem(self) -> str:
        """Return the common part of the file names of one task, which nobody can guess."""
        return stable_id(self._seed, "file", next(self._numbers))[:32]

    def request(self) -> str:
        """Return the id of a response."""
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

"""How many tasks may run at the same time (docs: concurrency)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from airflow_provider_kling.sandbox.kling.service.price import PackType
from airflow_provider_kling.sandbox.kling.service.rejection import Code, Rejection


class Slots:
    """Counts what runs, by model version and by type of pack, over all keys of the account.

    :param capacity: by type of pack, the highest number of slots that a single pack of the account has.
    """

    def __init__(self, *, capacity: Mapping[PackType, int]) -> None:
        self._capacity = capacity
        self._used: Counter[tuple[str, PackType]] = Counter()

    def check(self, version: str, pack: PackType, number: int) -> None:
        """Check that there are free slots.

        :param number: how many are needed: a video one, images as many as are made.
        :raises Rejection: 1303 if there are too few.
        """
        if self._used[version, pack] + number > self._capacity[pack]:
            raise Rejection(Code.SLOTS)

    def take(self, version: str, pack: PackType, number: int) -> None:
        """Take slots, from the submission on."""
        self._used[version, pack] += number

    def give_back(self, version: str, pack: PackType, number: int) -> None:
        """Give back the slots of a task that has ended, however it ended."""
        self._used[version, pack] -= number

    def clear(self) -> None:
        """Give back all slots."""
        self._used.clear()

"""How many polls a task needs for its end to be seen soon: a simulation; see ``README.md``."""

from __future__ import annotations

import heapq
import random
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from airflow_provider_kling.http.task import Task, TaskStatus
from airflow_provider_kling.polling import Experience, Poller, PollingPlan
from airflow_provider_kling.polling.durations import Durations
from airflow_provider_kling.polling.timetable import Bounds, Timetable

EXPECTED_S: Final = (60.0, 300.0)
_JITTER: Final = 0.2

Draw = Callable[[random.Random], float]


def log_normal(draw: random.Random) -> float:
    """Half take up to 120 s, and most between 60 and 240 s."""
    return draw.lognormvariate(4.787, 0.4)


def bimodal(draw: random.Random) -> float:
    """Two kinds in one: of about 60 s, and of about 240 s."""
    return draw.choice((60.0, 240.0)) * draw.lognormvariate(0.0, 0.15)


def heavy_tail(draw: random.Random) -> float:
    """At least 60 s; a few take very long."""
    return min(7200.0, 60.0 * draw.paretovariate(1.5))


def outage(draw: random.Random) -> float:
    """As log-normal, but one in ten waits up to ten minutes for the service to come back."""
    return log_normal(draw) + (draw.uniform(0, 600) if draw.random() < 0.1 else 0.0)


DRAWS: Final[Mapping[str, Draw]] = {
    "log-normal": log_normal,
    "bimodal": bimodal,
    "heavy tail": heavy_tail,
    "outage": outage,
}


@dataclass(frozen=True, kw_only=True)
class Watched:
    """How the ends of many tasks were seen.

    :param polls: a task, on average.
    :param delays_s: from each end to the poll that saw it, the shortest first.
    :param duration_s: of a task, on average.
    """

    polls: float
    delays_s: list[float]
    duration_s: float

    def delay_s(self, part: float) -> float:
        """Return the delay that this part of the tasks has at most: 0.5 is the median."""
        return self.delays_s[int(part * (len(self.delays_s) - 1))]

    @property
    def polls_at_fixed_interval(self) -> float:
        """How many polls a fixed interval needs for the same median delay."""
        return self.duration_s / (2 * self.delay_s(0.5)) + 0.5


def watch(draw: Draw, *, seen: int, delay_s: float | None, tasks: int, runs: int) -> Watched:
    """Let tasks be watched, after some were seen.

    :param delay_s: the median delay to aim at; None for the package's own.
    :param tasks: in each run.
    :param runs: each sees other tasks before.
    """
    polls, delays, durations = 0, [], []
    for run in range(runs):
        chance = random.Random(run)  # noqa: S311  - so that each run is the same
        known = Durations(expected_s=EXPECTED_S)
        for _ in range(seen):
            seconds = draw(chance)
            known.survived(since_s=0.0, until_s=seconds)
            known.ended(after_s=seconds, before_s=seconds)
            known.chances()  # as between two polls
        timetable = Timetable(known.chances(), bounds=Bounds(), delay_s=delay_s)
        for _ in range(tasks):
            durations.append(draw(chance))
            at = timetable.next_poll(elapsed_s=0.0, share=chance.random())
            polls += 1
            while at < durations[-1]:
                share = 1 + _JITTER * (chance.random() - 0.5)
                at += timetable.next_poll(elapsed_s=at, share=share)
                polls += 1
            delays.append(at - durations[-1])
    return Watched(
        polls=polls / len(durations), delays_s=sorted(delays), duration_s=statistics.fmean(durations)
    )


def watch_batches(draw: Draw, *, tasks: int, batches: int, is_told: bool, seed: int = 0) -> list[Watched]:
    """Let a process that has seen nothing watch tasks that begin together, and then others.

    Each poll is one of the package's :class:`Poller`, and each end teaches those that still run.

    :param tasks: in each batch.
    :param is_told: whether the service says when a task ended.
    """
    chance, experience = random.Random(seed), Experience()  # noqa: S311
    return [
        _watch_batch([draw(chance) for _ in range(tasks)], experience, is_told=is_told, chance=chance)
        for _ in range(batches)
    ]


def _watch_batch(
    durations: list[float], experience: Experience, *, is_told: bool, chance: random.Random
) -> Watched:
    shortest_s, longest_s = EXPECTED_S
    plan = PollingPlan.starting(
        submitted_at=0.0, timeout=86_400.0, kind="a", expected_from_s=shortest_s, expected_s=longest_s
    )
    pollers = [Poller(plan=plan, experience=experience, now=0.0) for _ in durations]
    due = [
        (one.window(now=0.0, jitter=chance.random()).latest_s, number) for number, one in enumerate(pollers)
    ]
    heapq.heapify(due)
    polls, delays = 0, []
    while due:
        now, number = heapq.heappop(due)
        polls += 1
        ended_s = durations[number]
        if now < ended_s:
            pollers[number].on_status(_RUNNING, now=now)
            wait_s = pollers[number].window(now=now, jitter=chance.random()).latest_s
            heapq.heappush(due, (now + wait_s, number))
        else:
            pollers[number].on_status(_ended(ended_s if is_told else None), now=now)
            delays.append(now - ended_s)
    return Watched(
        polls=polls / len(durations), delays_s=sorted(delays), duration_s=statistics.fmean(durations)
    )


_RUNNING: Final = Task(task_id="t", status=TaskStatus.PROCESSING, raw_status="processing")


def _ended(seconds: float | None) -> Task:
    ended = replace(_RUNNING, status=TaskStatus.SUCCESS, raw_status="success")
    if seconds is None:
        return ended
    begun = datetime.fromtimestamp(0, tz=UTC)
    return replace(ended, submitted_at=begun, finished_at=begun + timedelta(seconds=seconds))


def main() -> None:
    """Print the tables."""
    print(f"{'times':12}{'seen':>6}{'aim':>6}{'polls':>8}{'median':>8}{'95th':>8}{'fixed interval':>16}")
    for name, draw in DRAWS.items():
        for seen in (0, 10, 50, 200):
            for delay_s in (2.0, 3.0):
                found = watch(draw, seen=seen, delay_s=delay_s, tasks=2000, runs=10)
                print(
                    f"{name:12}{seen:6}{delay_s:6.0f}{found.polls:8.1f}{found.delay_s(0.5):8.2f}"
                    f"{found.delay_s(0.95):8.1f}{found.polls_at_fixed_interval:16.1f}"
                )

    print(
        f"\n{'together':12}{'batch':>6}{'tasks':>6}{'polls':>8}{'median':>8}{'95th':>8}{'fixed interval':>16}"
    )
    for name, draw in DRAWS.items():
        for tasks in (20, 100, 1000):
            for number, found in enumerate(watch_batches(draw, tasks=tasks, batches=2, is_told=True), 1):
                print(
                    f"{name:12}{number:6}{tasks:6}{found.polls:8.1f}{found.delay_s(0.5):8.2f}"
                    f"{found.delay_s(0.95):8.1f}{found.polls_at_fixed_interval:16.1f}"
                )


if __name__ == "__main__":
    main()

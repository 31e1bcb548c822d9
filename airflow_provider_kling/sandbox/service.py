"""The service behind the wire: takes submissions, lets tasks live, keeps the account."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from collections.abc import Collection, Mapping
from pathlib import Path
from random import Random
from typing import Any, Final

from airflow_provider_kling.sandbox.clock import Clock
from airflow_provider_kling.sandbox.contract.catalogue import Catalogue, Model, Offer, PathForm
from airflow_provider_kling.sandbox.limits import TIERS, RequestWindow
from airflow_provider_kling.sandbox.material import UnusableMediaError
from airflow_provider_kling.sandbox.opaque import opaque
from airflow_provider_kling.sandbox.reader import read_order
from airflow_provider_kling.sandbox.refusal import Category, Refusal
from airflow_provider_kling.sandbox.result import Result
from airflow_provider_kling.sandbox.settings import Settings
from airflow_provider_kling.sandbox.studio import Studio
from airflow_provider_kling.sandbox.tasks import Status, Task, schedule

log = logging.getLogger(__name__)

FORBIDDEN: Final = "[forbidden]"  # a prompt with this mark is refused by the content's moderation

_INTERNAL: Final = {"code": "InternalError", "message": "the generation failed"}
# No document shows the service's own; these are the code and the words of Kling's platform (inferred).
_MODERATED: Final = {"code": 1301, "message": "Failure to pass the risk control system"}


class Service:
    """One team's view of the service; everything happens on one event loop, so nothing is locked."""

    def __init__(self, *, settings: Settings, clock: Clock, folder: Path) -> None:
        self.settings = settings
        self.clock = clock
        self.catalogue = Catalogue.packaged(accepts=settings.contract, retired=settings.retired)
        self.window = RequestWindow(limit=TIERS[settings.tier].requests_per_minute)
        self._studio = Studio(folder=folder, seed=settings.seed, in_use=self._files_in_use)
        self._ids = itertools.count(1)  # over resets too: an id is never given twice
        self._start_over()

    def _start_over(self) -> None:
        self.tasks: dict[str, Task] = {}
        self.files: dict[str, Result] = {}
        self._jobs: dict[str, asyncio.Task[None]] = {}
        self.balance = self.settings.balance
        self.billed = 0.0
        self.accepted = 0
        self.peak_concurrent = 0

    # what the API does

    def submit(
        self,
        model: Model,
        offer: Offer,
        body: Any,
        *,
        webhook_url: str | None = None,
        decreed: Mapping[str, Any] | None = None,
    ) -> Task:
        """Take a submission. Raises Refusal: 400 for the body, 402 for the balance, 429 at the task limit."""
        allow_unknown = self.settings.allow_unknown_fields
        if (broken := offer.violation(body, allow_unknown=allow_unknown)) is not None:
            raise Refusal(broken.category, broken.detail)
        order = read_order(model, offer, body)
        now = self.clock.now()
        rng = Random(f"{self.settings.seed}/{self.accepted}/{json.dumps(body, sort_keys=True)}")  # noqa: S311  - decides lengths, not secrets
        number = next(self._ids)
        task = Task(
            task_id=f"task-{model.task_prefix}-{opaque(self.settings.seed, 'task', number)[:20]}",
            file_stem=opaque(self.settings.seed, "file", number)[:32],
            model=model,
            offer=offer,
            order=order,
            schedule=schedule(order, now=now, speed=self.settings.speed, rng=rng),
            webhook_url=webhook_url,
            decreed=decreed,
        )
        if task.price is not None and self.balance < task.price:
            raise Refusal(Category.PAYMENT, f"the balance of {self.balance:.4f} USD is too low")
        running = len(self._jobs)
        limit = TIERS[self.settings.tier].concurrent_tasks
        if running >= limit:
            raise Refusal(Category.CONCURRENCY, f"{running} of {limit} concurrent tasks are running")
        self.accepted += 1
        self.peak_concurrent = max(self.peak_concurrent, running + 1)
        self.tasks[task.task_id] = task
        self._jobs[task.task_id] = asyncio.create_task(self._live(task))
        return task

    def find(self, provider: str, slug: str, form: PathForm) -> tuple[Model, Offer]:
        """Return what a submit path leads to. Raises Refusal (404)."""
        found = self.catalogue.find(provider, slug, form)
        if found is None:
            raise Refusal(Category.NOT_FOUND, f"model '{provider}/{slug}{form}' does not exist")
        return found

    def task(self, task_id: str) -> Task:
        """Return a task. Raises Refusal (404) when it is unknown or its result is gone."""
        task = self.tasks.get(task_id)
        if task is None:
            raise Refusal(Category.NOT_FOUND, f"task '{task_id}' does not exist")
        if self.expired(task):
            raise Refusal(Category.NOT_FOUND, f"task '{task_id}' has expired")
        return task

    def expired(self, task: Task) -> bool:
        """Whether a task's result is no longer kept."""
        gone_at = task.expires_at(self.settings.result_ttl)
        return gone_at is not None and self.clock.now() >= gone_at

    # what the tests do to it

    async def advance(self, seconds: float) -> None:
        """Move the clock on; returns once every task that is due by then has its final state."""
        self.clock.advance(seconds)
        now = self.clock.now()
        due = [task.settled.wait() for task in self.tasks.values() if task.schedule.done_at <= now]
        await asyncio.gather(*due)

    async def reset(self) -> None:
        """Forget the tasks, the account and the clock's moves."""
        await self._stop_jobs()
        self._start_over()
        self.clock.reset()
        self.window.reset()

    async def close(self) -> None:
        """End what runs in the background."""
        await self._stop_jobs()
        self._studio.close()

    async def _stop_jobs(self) -> None:
        jobs = list(self._jobs.values())
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)

    # a task's life

    async def _live(self, task: Task) -> None:
        await self.clock.wait_until(task.schedule.processing_at)
        loop = asyncio.get_running_loop()
        began = loop.time()
        if FORBIDDEN in task.order.prompt:
            task.error = _MODERATED
        elif task.decreed is None:
            await self._make(task)
        ready_at = task.schedule.processing_at + loop.time() - began
        await self.clock.wait_until(task.schedule.done_at)
        # Usually the file is ready long before. Where it is late, the task took as long as the file did.
        self._settle(task, at=max(task.schedule.done_at, ready_at))

    async def _make(self, task: Task) -> None:
        try:
            task.results = await self._studio.produce(task.order, limits=task.offer.media)
        except UnusableMediaError as error:
            task.error = {"code": "InvalidMedia", "message": str(error)}
        except Exception:  # a task must end, whatever happens to its files
            log.exception("task %s could not be carried out", task.task_id)
            task.error = _INTERNAL

    def _settle(self, task: Task, *, at: float) -> None:
        task.finished_at = at
        if task.decreed is not None:
            task.ending = task.decreed["status"]
        elif not task.results:
            task.ending = Status.FAILED
        else:
            task.ending = Status.SUCCESS
            task.cost = task.price
            self.balance -= task.cost or 0
            self.billed += task.cost or 0
            self.files |= {task.file_name(result): result for result in task.results}
        self._jobs.pop(task.task_id, None)
        task.settled.set()

    def _files_in_use(self) -> Collection[Path]:
        # Called from the painter's thread; a list of the values is one atomic step.
        tasks = list(self.tasks.values())
        kept = (task for task in tasks if not self.expired(task))
        return {result.path.parent for task in kept for result in task.results}

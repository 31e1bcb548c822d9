"""The service without HTTP: accepts submissions, runs tasks, keeps the account."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from random import Random
from typing import Any, Final

from airflow_provider_kling.sandbox.core.clock import Clock
from airflow_provider_kling.sandbox.core.fetcher import fetch_input
from airflow_provider_kling.sandbox.core.stable_ids import stable_id
from airflow_provider_kling.sandbox.core.work_timer import WorkTimer
from airflow_provider_kling.sandbox.modellix.service.catalogue import (
    Catalogue,
    Model,
    Offer,
    PathForm,
    read_models,
)
from airflow_provider_kling.sandbox.modellix.service.limits import TIERS, Budget, RequestWindow
from airflow_provider_kling.sandbox.modellix.service.rejection import OF_VIOLATION, Category, Rejection
from airflow_provider_kling.sandbox.modellix.service.spec_parser import parse_spec
from airflow_provider_kling.sandbox.modellix.service.tasks import Status, Task, schedule
from airflow_provider_kling.sandbox.modellix.service.upload_store import UploadStore
from airflow_provider_kling.sandbox.modellix.settings import ModellixSettings
from airflow_provider_kling.sandbox.render.media_input import InvalidMediaError
from airflow_provider_kling.sandbox.render.renderer import Renderer
from airflow_provider_kling.sandbox.render.result import Result

log = logging.getLogger(__name__)

FORBIDDEN: Final = "[forbidden]"  # a prompt that contains this fails the content moderation

_USER_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,128}")  # docs: X-Mdlx-User-Id

_INTERNAL_ERROR: Final = {"code": "InternalError", "message": "the generation failed"}
# No document shows the service's own error; code and message are those of Kling's platform (inferred).
_MODERATION_ERROR: Final = {"code": 1301, "message": "Failure to pass the risk control system"}


class Service:
    """The service for one team. Everything runs on one event loop, so nothing is locked."""

    def __init__(
        self, *, settings: ModellixSettings, clock: Clock, folder: Path, uploads: UploadStore
    ) -> None:
        self.settings = settings
        self.clock = clock
        self._uploads = uploads
        further = () if settings.facts_dir is None else (settings.facts_dir,)
        self.catalogue = Catalogue(
            models=read_models(*further), accepts=settings.api_version, retired=settings.retired
        )
        per_minute = TIERS[settings.tier].requests_per_minute
        self.windows = {budget: RequestWindow(limit=per_minute) for budget in Budget}
        self._renderer = Renderer(folder=folder, seed=settings.seed, in_use=self._folders_in_use)
        self._numbers = itertools.count(1)  # also across resets: no id is used twice
        self._clear()

    def _clear(self) -> None:
        self.tasks: dict[str, Task] = {}
        self.files: dict[str, Result] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self.balance = self.settings.balance
        self.billed = 0.0
        self.accepted = 0
        self.peak_concurrent = 0

    # What the API does.

    def submit(
        self,
        model: Model,
        offer: Offer,
        body: Any,
        *,
        webhook_url: str | None = None,
        user_id: str | None = None,
        forced_outcome: Mapping[str, Any] | None = None,
    ) -> Task:
        """Accept a submission and start its task.

        :param user_id: the end user that the submission is tagged with.
        :raises Rejection: 400 for the body or the user, 402 for the balance, 429 for too many concurrent
            tasks.
        """
        allow_unknown = self.settings.allow_unknown_fields
        if (broken := offer.violation(body, allow_unknown=allow_unknown)) is not None:
            raise Rejection(OF_VIOLATION[broken.kind], broken.detail)
        if user_id is not None and not _USER_ID.fullmatch(user_id):
            rule = "must be 8 to 128 letters, digits, '_' or '-'"
            raise Rejection(Category.INVALID_FORMAT, f"header 'X-Mdlx-User-Id' {rule}")
        spec = parse_spec(model, offer, body)
        now = self.clock.now()
        rng = Random(f"{self.settings.seed}/{self.accepted}/{json.dumps(body, sort_keys=True)}")  # noqa: S311  - decides durations, not secrets
        number = next(self._numbers)
        task = Task(
            task_id=f"task-{model.task_prefix}-{stable_id(self.settings.seed, 'task', number)[:20]}",
            file_stem=stable_id(self.settings.seed, "file", number)[:32],
            model=model,
            offer=offer,
            spec=spec,
            schedule=schedule(spec, now=now, speed=self.settings.speed, rng=rng),
            webhook_url=webhook_url,
            user_id=user_id,
            input=body,
            forced_outcome=forced_outcome,
        )
        if task.price is not None and self.balance < task.price:
            raise Rejection(Category.PAYMENT, f"the balance of {self.balance:.4f} USD is too low")
        running = len(self._running)
        limit = TIERS[self.settings.tier].concurrent_tasks
        if running >= limit:
            raise Rejection(Category.CONCURRENCY, f"{running} of {limit} concurrent tasks are running")
        self.accepted += 1
        self.peak_concurrent = max(self.peak_concurrent, running + 1)
        self.tasks[task.task_id] = task
        self._running[task.task_id] = asyncio.create_task(self._run(task))
        return task

    def find_model(self, provider: str, slug: str, form: PathForm) -> tuple[Model, Offer]:
        """Return the model of a submit path.

        :raises Rejection: 404 if there is none.
        """
        found = self.catalogue.find(provider, slug, form)
        if found is None:
            raise Rejection(Category.NOT_FOUND, f"model '{provider}/{slug}{form}' does not exist")
        return found

    def find_task(self, task_id: str) -> Task:
        """Return a task.

        :raises Rejection: 404 if there is none with this id, or its result has expired.
        """
        task = self.tasks.get(task_id)
        if task is None:
            raise Rejection(Category.NOT_FOUND, f"task '{task_id}' does not exist")
        if self._expired(task):
            raise Rejection(Category.NOT_FOUND, f"task '{task_id}' has expired")
        return task

    def _expired(self, task: Task) -> bool:
        expires_at = task.expires_at(self.settings.result_ttl)
        return expires_at is not None and self.clock.now() >= expires_at

    # What tests do to the service.

    def stats(self) -> dict[str, Any]:
        """Return the counts since the start or the last reset."""
        return {
            "submissions_accepted": self.accepted,
            "peak_concurrent": self.peak_concurrent,
            "billed_usd": round(self.billed, 4),
            "uploads": self._uploads.uploads,
            "deletes": self._uploads.deletes,
            "files": len(self._uploads.unexpired()),
        }

    async def advance(self, seconds: float) -> None:
        """Move the clock forward; return when every task that is due by then is done."""
        self.clock.advance(seconds)
        now = self.clock.now()
        due = [task.done.wait() for task in self.tasks.values() if task.schedule.done_at <= now]
        await asyncio.gather(*due)

    async def reset(self) -> None:
        """Remove all tasks and uploads, restore the account, and return to the wall clock."""
        await self._stop()
        self._clear()
        self.clock.reset()
        for window in self.windows.values():
            window.reset()
        self._uploads.reset()

    async def close(self) -> None:
        """Stop all tasks and the renderer; remove the uploads."""
        await self._stop()
        self._renderer.close()
        self._uploads.close()

    async def _stop(self) -> None:
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    # The life of a task.

    async def _run(self, task: Task) -> None:
        await self.clock.wait_until(task.schedule.processing_at)
        rendered_at = task.schedule.processing_at
        if FORBIDDEN in task.spec.prompt:
            task.error = _MODERATION_ERROR
        elif task.forced_outcome is None:
            rendered_at = await self._render(task)
        await self.clock.wait_until(task.schedule.done_at)
        # Usually the file is rendered long before. If it is late, the task took as long as rendering did.
        self._finish(task, at=max(task.schedule.done_at, rendered_at))

    async def _render(self, task: Task) -> float:
        """Fetch the inputs, and render when it is time; return when that is done, in epoch seconds."""
        limits = task.offer.media_limits
        timer = WorkTimer(begun_at=task.schedule.processing_at)
        try:
            inputs = [
                await fetch_input(reference, limits=limits.get(reference.kind, {}))
                for reference in task.spec.inputs
            ]
            await timer.pause_until(task.schedule.render_at, clock=self.clock)
            task.results = await self._renderer.render(task.spec, inputs=inputs, limits=limits)
        except InvalidMediaError as error:
            task.error = {"code": "InvalidMedia", "message": str(error)}
        except Exception:  # a task must end, whatever happens to its files
            log.exception("task %s could not be rendered", task.task_id)
            task.error = _INTERNAL_ERROR
        return timer.now()

    def _finish(self, task: Task, *, at: float) -> None:
        task.finished_at = at
        if task.forced_outcome is not None:
            task.final_status = task.forced_outcome["status"]
        elif not task.results:
            task.final_status = Status.FAILED
        else:
            task.final_status = Status.SUCCESS
            task.cost = task.price
            self.balance -= task.cost or 0
            self.billed += task.cost or 0
            self.files |= {task.file_name(result): result for result in task.results}
        self._running.pop(task.task_id, None)
        task.done.set()

    def _folders_in_use(self) -> Collection[Path]:
        # Called from the renderer's thread; copying the values is one atomic step.
        tasks = list(self.tasks.values())
        unexpired = (task for task in tasks if not self._expired(task))
        return {result.path.parent for task in unexpired for result in task.results}

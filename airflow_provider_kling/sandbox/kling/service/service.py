"""The service without HTTP: accepts submissions, runs tasks, keeps the account."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from collections.abc import Collection, Mapping
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, Final

from airflow_provider_kling.sandbox.core.clock import Clock
from airflow_provider_kling.sandbox.core.work_timer import WorkTimer
from airflow_provider_kling.sandbox.kling.service.account import Account, Charge
from airflow_provider_kling.sandbox.kling.service.body_check import (
    callback_url_of,
    check_body,
    external_id_of,
    wants_watermark,
)
from airflow_provider_kling.sandbox.kling.service.callback_sender import CallbackSender
from airflow_provider_kling.sandbox.kling.service.endpoint import (
    Endpoint,
    Generation,
    Makes,
    read_endpoints,
)
from airflow_provider_kling.sandbox.kling.service.generation_request import GenerationRequest
from airflow_provider_kling.sandbox.kling.service.ids import IdSource
from airflow_provider_kling.sandbox.kling.service.legacy_request import read_legacy
from airflow_provider_kling.sandbox.kling.service.library import Element, ElementKind, Library, Voice
from airflow_provider_kling.sandbox.kling.service.media_loader import load_inputs
from airflow_provider_kling.sandbox.kling.service.new_request import read_new
from airflow_provider_kling.sandbox.kling.service.price import PackType, Variant, units_text
from airflow_provider_kling.sandbox.kling.service.schedule import schedule
from airflow_provider_kling.sandbox.kling.service.sessions import Sessions
from airflow_provider_kling.sandbox.kling.service.slots import Slots
from airflow_provider_kling.sandbox.kling.service.subject import Holdings
from airflow_provider_kling.sandbox.kling.service.task import LEGACY_SUCCEEDED, Status, Task
from airflow_provider_kling.sandbox.kling.service.task_files import Links, files_of
from airflow_provider_kling.sandbox.kling.service.task_store import TaskStore
from airflow_provider_kling.sandbox.kling.service.task_views import TaskViews
from airflow_provider_kling.sandbox.kling.service.works import Work, Works
from airflow_provider_kling.sandbox.kling.settings import KlingSettings
from airflow_provider_kling.sandbox.render.media_input import InvalidMediaError, InvalidSizeError
from airflow_provider_kling.sandbox.render.render_spec import AudioSource, AudioSpec, VideoSpec
from airflow_provider_kling.sandbox.render.renderer import Renderer
from airflow_provider_kling.sandbox.render.result import Result

log = logging.getLogger(__name__)

FORBIDDEN: Final = "[forbidden]"  # a prompt that contains this fails the content moderation

# Seen in real responses.
RISK: Final = "Failure to pass the risk control system"
_INVALID_SIZE: Final = (
    "The resolution or aspect ratio of the input image is invalid. "
    "Please ensure it meets the required specifications."
)
_INTERNAL: Final = "Internal error"


class Service:
    """The service for one account. Everything runs on one event loop, so nothing is locked."""

    def __init__(self, *, settings: KlingSettings, clock: Clock, folder: Path, links: Links) -> None:
        self.settings = settings
        self.clock = clock
        self.endpoints = {endpoint.path: endpoint for endpoint in read_endpoints()}
        self.ids = IdSource(seed=settings.seed)
        self.holdings = Holdings(
            works=Works(now=clock.now), library=Library(), sessions=Sessions(now=clock.now)
        )
        self.tasks = TaskStore(
            now=clock.now,
            read_lag=settings.read_lag,
            failed_frees_external_id=settings.failed_frees_external_id,
        )
        units = {
            PackType.VIDEO: settings.video_units,
            PackType.IMAGE: settings.image_units,
            PackType.AUDIO: settings.audio_units,
        }
        self.account = Account(
            seed=settings.seed,
            units={pack: Decimal(str(amount)) for pack, amount in units.items()},
            now=clock.now,
        )
        self._slots = Slots(
            capacity={
                PackType.VIDEO: settings.video_slots,
                PackType.IMAGE: settings.image_slots,
                PackType.AUDIO: settings.audio_slots,
            }
        )
        self.views = TaskViews(links=links, library=self.holdings.library, result_ttl=settings.result_ttl)
        self.callbacks = CallbackSender(clock=clock, secret=settings.webhook_secret)
        self.renderer = Renderer(folder=folder, seed=settings.seed, in_use=self._folders_in_use)
        self._numbers = itertools.count(1)  # also across resets: no id is used twice
        self._running: dict[str, asyncio.Task[None]] = {}
        self._clear()

    def _clear(self) -> None:
        self.files: dict[str, tuple[Result, float]] = {}
        self.accepted = 0
        self.peak_concurrent = 0
        self._held: set[str] = set()

    # What the API does.

    def check(self, endpoint: Endpoint, body: Any) -> Mapping[str, Any]:
        """Return a body that is right.

        :raises Rejection: 400 for the first rule that is broken.
        """
        allow_unknown = self.settings.allow_unknown_fields
        return check_body(endpoint, body, holdings=self.holdings, allow_unknown=allow_unknown)

    def submit(
        self,
        endpoint: Endpoint,
        body: Any,
        *,
        base_url: str,
        forced_outcome: Mapping[str, Any] | None = None,
    ) -> Task:
        """Accept a submission and start its task. The order of the checks is inferred.

        :param base_url: the address under which the caller reached the service.
        :raises Rejection: 400 for the body or a used id, 429 for missing units or slots.
        """
        given = self.check(endpoint, body)
        external_id = external_id_of(given)
        self.tasks.check_external_id(external_id)
        read = read_new if endpoint.generation is Generation.NEW else read_legacy
        request = read(endpoint, given, holdings=self.holdings)
        self.account.check(endpoint.pack, request.units())
        self._slots.check(request.model.version, endpoint.pack, request.images)
        now = self.clock.now()
        number = next(self._numbers)
        rng = Random(f"{self.settings.seed}/{self.accepted}/{json.dumps(given, sort_keys=True)}")  # noqa: S311  - decides durations, not secrets
        task = Task(
            task_id=self.ids.new(),
            number=number,
            request=request,
            schedule=schedule(request, now=now, speed=self.settings.speed, rng=rng),
            file_stem=self.ids.file_stem(),
            base_url=base_url,
            external_id=external_id,
            callback_url=callback_url_of(given),
            watermark=wants_watermark(given),
            forced_outcome=_spelled(forced_outcome),
        )
        self._slots.take(request.model.version, endpoint.pack, request.images)
        self._held.add(task.task_id)
        self.tasks.add(task)
        self.accepted += 1
        self.peak_concurrent = max(self.peak_concurrent, len(self._held))
        self._running[task.task_id] = asyncio.create_task(self._run(task))
        return task

    def charge(self, endpoint: Endpoint, units: Decimal, charge: Charge) -> None:
        """Take the units of a result from the pack of its endpoint."""
        if units:
            self.account.take(endpoint.pack, units, of=charge)

    def keep(self, file_name: str, result: Result, *, at: float) -> None:
        """Serve a rendered file under a name, as long as results are kept.

        :param at: when it was made, in epoch seconds.
        """
        self.files[file_name] = (result, at + self.settings.result_ttl)

    def find_file(self, file_name: str) -> Result | None:
        """Return a file that is still kept; None for any other name."""
        result, expires_at = self.files.get(file_name, (None, 0.0))
        return result if self.clock.now() < expires_at else None

    def add_work(
        self, request: GenerationRequest, result: Result, *, makes: Makes, file_name: str, at: float
    ) -> str:
        """Make a finished video or audio known to later requests, and return its id.

        :param at: when it was made, in epoch seconds.
        """
        work_id = self.ids.new()
        spec = request.spec
        self.holdings.works.add(
            Work(
                work_id=work_id,
                makes=makes,
                path=request.endpoint.path,
                version=request.model.version,
                resolution=request.resolution or "720p",
                has_audio=isinstance(spec, VideoSpec) and spec.audio is not AudioSource.NONE,
                result=result,
                file_name=file_name,
                expires_at=at + self.settings.result_ttl,
            )
        )
        return work_id

    # What tests do to the service.

    def stats(self) -> dict[str, Any]:
        """Return the counts since the start or the last reset."""
        taken = {pack: Decimal(0) for pack in PackType}
        for row in self.account.ledger:
            taken[row.pack.type] += row.amount
        return {
            "submissions_accepted": self.accepted,
            "peak_concurrent": self.peak_concurrent,
            "units_taken": {pack: units_text(units) for pack, units in taken.items()},
            "callbacks": self.callbacks.sent,
        }

    async def advance(self, seconds: float) -> None:
        """Move the clock forward; return when all that is due by then is done and called back."""
        self.clock.advance(seconds)
        now = self.clock.now()
        await asyncio.gather(*[task.settled.wait() for task in self.tasks if task.schedule.done_at <= now])
        await self.callbacks.settle()

    async def reset(self) -> None:
        """Remove all that was submitted, restore the account, and return to the wall clock."""
        await self._stop()
        await self.callbacks.reset()
        self._clear()
        self.clock.reset()
        self.tasks.clear()
        self.holdings.clear()
        self._slots.clear()
        self.account.clear()

    async def close(self) -> None:
        """Stop all tasks and the renderer."""
        await self._stop()
        await self.callbacks.close()
        self.renderer.close()

    async def _stop(self) -> None:
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self._running.clear()
        for each in self.tasks:
            each.settled.set()  # nobody waits for what was stopped

    # The life of a task.

    async def _run(self, task: Task) -> None:
        await self.clock.wait_until(task.schedule.processing_at)
        if not task.is_stuck:
            self._call_back(task)
        rendered_at = task.schedule.processing_at
        if FORBIDDEN in task.request.spec.prompt:
            task.message = RISK
        elif task.forced_outcome is None:
            rendered_at = await self._render(task)
        await self.clock.wait_until(task.schedule.done_at)
        # Usually the file is rendered long before. If it is late, the task took as long as rendering did.
        if not task.is_stuck:
            self._finish(task, at=max(task.schedule.done_at, rendered_at))
        task.settled.set()

    async def _render(self, task: Task) -> float:
        """Fetch the inputs, and render when it is time; return when that is done, in epoch seconds."""
        request = task.request
        timer = WorkTimer(begun_at=task.schedule.processing_at)
        try:
            inputs = await load_inputs(request)
            await timer.pause_until(task.schedule.render_at, clock=self.clock)
            results = await self.renderer.render(request.spec, inputs=inputs, limits=request.media_limits)
            if request.endpoint.makes is Makes.AUDIO and isinstance(request.spec, VideoSpec):
                audio = AudioSpec(
                    label=request.spec.label,
                    prompt=request.spec.prompt,
                    seconds=max(result.seconds or 0 for result in results),
                )
                results += await self.renderer.render(audio, inputs=[], limits={})
            task.results = results
        except InvalidSizeError:
            task.message = _INVALID_SIZE
        except InvalidMediaError as error:
            task.message = str(error)
        except Exception:  # a task must end, whatever happens to its files
            log.exception("task %s could not be rendered", task.task_id)
            task.message = _INTERNAL
        return timer.now()

    def _finish(self, task: Task, *, at: float) -> None:
        task.finished_at = at
        if task.forced_outcome is not None:
            task.final_status = str(task.forced_outcome["status"])
            task.message = str(task.forced_outcome.get("message", ""))
        elif not task.results:
            task.final_status = Status.FAILED
        else:
            task.final_status = Status.SUCCEEDED
            self._succeed(task, at=at)
        request = task.request
        self._slots.give_back(request.model.version, request.endpoint.pack, request.images)
        self._held.discard(task.task_id)
        self._running.pop(task.task_id, None)
        self._call_back(task)

    def _succeed(self, task: Task, *, at: float) -> None:
        request = task.request
        for result in task.results:
            self.keep(task.file_name(result), result, at=at)
        for kind, makes in (("video", Makes.VIDEO), ("audio", Makes.AUDIO)):
            if request.endpoint.makes in (Makes.VIDEO, Makes.AUDIO) and (files := files_of(task, kind)):
                name = task.file_name(files[0])
                work_id = self.add_work(request, files[0], makes=makes, file_name=name, at=at)
                task.work_ids += (work_id,)
        self._add_to_library(task)
        seconds = next((result.seconds for result in task.results if result.seconds is not None), None)
        task.units = request.units(seconds=seconds)
        self.charge(request.endpoint, task.units, _charge(task, seconds, at=at))

    def _add_to_library(self, task: Task) -> None:
        body, library = task.request.body, self.holdings.library
        if task.request.endpoint.makes is Makes.VOICE:
            library.add_voice(
                Voice(voice_id=self.ids.new(), name=str(body["voice_name"]), task_id=task.task_id)
            )
        elif task.request.endpoint.makes is Makes.ELEMENT:
            by_video = body["reference_type"] == "video_refer"
            library.add_element(
                Element(
                    element_id=self.ids.element(),
                    name=str(body["element_name"]),
                    description=str(body["element_description"]),
                    kind=ElementKind.VIDEO if by_video else ElementKind.IMAGES,
                    task_id=task.task_id,
                    voice=library.voice(str(body.get("element_voice_id"))),
                    tags=tuple(tag["tag_id"] for tag in body.get("tag_list", ())),
                    request=body,
                )
            )

    def _call_back(self, task: Task) -> None:
        if task.callback_url is None:
            return
        now = self.clock.now()
        self.callbacks.send(
            task_id=task.task_id,
            status=task.status(now=now),
            url=task.callback_url,
            body=self.views.callback(task, now=now),
        )

    def _folders_in_use(self) -> Collection[Path]:
        # Called from the renderer's thread; copying the values is one atomic step.
        now = self.clock.now()
        return {result.path.parent for result, expires_at in list(self.files.values()) if now < expires_at}


def _spelled(forced: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return what a fault wants, with the status in the spelling of the new standard."""
    if forced is None or forced["status"] != LEGACY_SUCCEEDED:
        return forced
    return {**forced, "status": Status.SUCCEEDED}


def _charge(task: Task, seconds: float | None, *, at: float) -> Charge:
    request = task.request
    return Charge(
        task_id=task.task_id,
        product=request.endpoint.product,
        model=request.model.name or request.endpoint.path.rpartition("/")[2],
        resolution=request.resolution,
        submitted_at=task.schedule.submitted_at,
        at=at,
        seconds=seconds if request.endpoint.makes is Makes.VIDEO else None,
        has_video_input=request.variant is Variant.VIDEO_INPUT,
        audio=request.audio_word,
        has_voice=request.variant is Variant.VOICE,
    )

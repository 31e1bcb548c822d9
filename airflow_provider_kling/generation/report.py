"""Reporting a generation to Airflow: the one place for its XComs, log, assets, lineage and metrics."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import (
    Asset,
    ObjectStoragePath,
    get_hook_lineage_collector,
    redact,
)

from airflow_provider_kling.exceptions import KlingError
from airflow_provider_kling.generation import spans, xcom_keys
from airflow_provider_kling.generation.lineage import stored_media
from airflow_provider_kling.generation.outcome import Outcome, outcome_of
from airflow_provider_kling.generation.result import GenerationResult, stored_uris
from airflow_provider_kling.generation.spans import SpanName
from airflow_provider_kling.generation.summary import Summary, prompt_of, shown
from airflow_provider_kling.hooks import metrics

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_kling.hooks.kling import KlingHook
    from airflow_provider_kling.models.model import KlingModel

log = logging.getLogger(__name__)

# The link is left out: it may be signed, and everybody can read the event.
_IN_ASSET_EVENT = (
    *("task_id", "model", "uri", "poster_uri", "duration_s", "sha256", "bytes"),
    *("cost_usd", "cost", "cost_unit"),
)


@dataclass(kw_only=True)
class Report:
    """What Airflow is told of one generation, while a task runs.

    :param hook: reaches the service; None where the task needs none.
    :param submits: the task pays for what it returns.
    :ivar summary: what is known so far.
    :ivar prompt_sha256: the hash of the whole prompt, in hexadecimal.
    :ivar reads: the files on storage that the task reads.
    :ivar writes: those that it has written.
    """

    context: Context
    hook: KlingHook | None = None
    submits: bool = False
    summary: Summary = field(default_factory=Summary)
    prompt_sha256: str | None = field(default=None, init=False)
    reads: tuple[str, ...] = field(default=(), init=False)
    writes: tuple[str, ...] = field(default=(), init=False)

    def know_request(
        self, parameters: Any, *, model: KlingModel, templated: AbstractSet[str] = frozenset()
    ) -> None:
        """Add what is known of a request.

        :param parameters: the author's fields, rendered.
        :param templated: those that were written as templates.
        :raises KlingRequestError: the fields are no dict, or those of several API versions.
        """
        prompt = prompt_of(parameters)
        self.know({"prompt": prompt})
        self.prompt_sha256 = prompt and hashlib.sha256(prompt.encode("utf-8", "replace")).hexdigest()
        self.reads = stored_media(parameters, model=model, templated=templated)

    def know(self, values: Mapping[str, object]) -> None:
        """Add to what is known, for when it is pushed next.

        :param values: fields of the summary.
        """
        self.summary = self.summary.updated(values)

    def update(self, values: Mapping[str, object]) -> None:
        """Add to what is known, and push it: the id and the cost of the task, and what pages show of it."""
        self.know(values)
        pushed = {
            xcom_keys.TASK_ID: self.summary.task_id,
            xcom_keys.COST_USD: self.summary.cost_usd,
            xcom_keys.COST: self.summary.cost,
            xcom_keys.COST_UNIT: self.summary.cost_unit,
        }
        for key, value in pushed.items():
            if value is not None:
                self._push(key, str(value))
        self._show()

    def _show(self) -> None:
        """Push what pages show. That they do not show it is no reason for a paid generation to fail."""
        texts = {name: getattr(self.summary, name) for name in ("prompt", "error")}
        masked = {name: redact(text) for name, text in texts.items() if text is not None}
        try:
            self._push(xcom_keys.SUMMARY, self.summary.updated(masked).to_json())
        except Exception:
            log.warning("Airflow's pages will not show this generation", exc_info=True)

    @contextmanager
    def failures(self) -> Iterator[None]:
        """Report an error that ends the task, and raise it."""
        try:
            yield
        except KlingError as error:
            outcome = outcome_of(error)
            self.know({"error": str(error), "outcome": outcome})
            self._show()
            self._count_failure(outcome)
            raise

    def succeed(self, result: GenerationResult) -> None:
        """Report a result: also to the log, the metrics, and those who follow the task's assets."""
        self.update(shown(result))
        _log(result)
        self._count(result)
        poster = result["poster_uri"]
        self._end([*stored_uris(result), *([] if poster is None else [poster])])
        extra: dict[str, Any] = {key: value for key, value in result.items() if key in _IN_ASSET_EVENT}
        for outlet in self.context["task"].outlets:
            if isinstance(outlet, Asset):
                self.context["outlet_events"][outlet].extra.update(extra)

    def stored(self, size: int) -> None:
        """Report that files of so many bytes were stored."""
        metrics.STORED_BYTES.count(size, tags=self.tags)

    def made(self, described: Mapping[str, object]) -> None:
        """Report a file that was made here, of other files.

        :param described: fields of the summary, ``poster_uri`` where it has a poster, and others, which are
            ignored.
        """
        has_poster = described.get("poster_uri") is not None
        self.update({**described, "has_poster": has_poster, "results": 1, "outcome": Outcome.SUCCEEDED})
        written = (described.get(name) for name in ("uri", "poster_uri"))
        self._end([str(uri) for uri in written if uri is not None])

    def _end(self, writes: Iterable[str]) -> None:
        """Report a success, with the files that it has made, to those who follow files."""
        self.writes = tuple(writes)
        try:
            collector = get_hook_lineage_collector()
            for uri in self.reads:
                collector.add_input_asset(context=ObjectStoragePath(uri), uri=uri)
            for uri in self.writes:
                collector.add_output_asset(context=ObjectStoragePath(uri), uri=uri)
        except Exception:  # of a text that only looks like a file, perhaps; the result was paid for
            log.warning("Airflow's lineage will not have all files of this task", exc_info=True)

    def span(self, name: SpanName) -> AbstractContextManager[None]:
        """Let a step of the generation be a span of the task's trace."""
        return spans.span(name, context=self.context, attributes=self._attributes)

    def add_span(self, name: SpanName, *, since: float) -> None:
        """Add a step that ends now; see :func:`~airflow_provider_kling.generation.spans.add_span`."""
        spans.add_span(name, context=self.context, since=since, attributes=self._attributes())

    def _attributes(self) -> spans.Attributes:
        return {
            "gateway": self.tags["gateway"],
            "model": self.summary.model,
            "task_id": self.summary.task_id,
        }

    @property
    def tags(self) -> metrics.Tags:
        """What metrics and traces say of whose generation it is."""
        ti = self.context["ti"]
        return {
            "gateway": None if self.hook is None else self.hook.gateway_name,
            "model": self.summary.model,
            "dag_id": ti.dag_id,
            "task_id": ti.task_id,
        }

    def _count(self, result: GenerationResult) -> None:
        if result["reused"]:
            metrics.REUSED.count(tags=self.tags)
            return
        metrics.GENERATIONS.count(tags=self.tags)
        if result["elapsed_s"] is not None:
            metrics.GENERATION_DURATION.time(result["elapsed_s"], tags=self.tags)
        self._count_cost()

    def _count_failure(self, outcome: Outcome) -> None:
        metrics.FAILURES.count(tags={**self.tags, "outcome": outcome.value})
        if outcome is Outcome.UNKNOWN:
            metrics.UNKNOWN_OUTCOMES.count(tags=self.tags)
        if outcome in (Outcome.FAILED, Outcome.MODERATED):
            self._count_cost()

    def _count_cost(self) -> None:
        """Count what the service bills, once a task has ended: by the Airflow task that pays for it alone."""
        bill = self.summary.bill
        if self.submits and bill is not None and bill.amount:
            metrics.COST.count(round(bill.amount * 1_000_000), tags={**self.tags, "unit": bill.unit})

    def _push(self, key: str, value: object) -> None:
        self.context["ti"].xcom_push(key=key, value=value)


def _log(result: GenerationResult) -> None:
    cost, unit = result.get("cost", result["cost_usd"]), result.get("cost_unit", "USD")
    known = [
        result["model"],
        None if result["elapsed_s"] is None else f"{result['elapsed_s']} s",
        None if cost is None else f"{cost} {unit}",
        f"stored as {result['uri']}" if result["uri"] else None,
    ]
    log.info("Task %s is finished: %s", result["task_id"], ", ".join(filter(None, known)))
    if result["reused"]:
        log.warning(
            "REUSED: task %s was paid for with the same request, so nothing was submitted. To pay for a new "
            "result, set on_rerun='regenerate', and clear this Airflow task.",
            result["task_id"],
        )

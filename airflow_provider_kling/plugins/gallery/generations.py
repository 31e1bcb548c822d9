"""The generations that Airflow's database knows of: the XComs in which tasks have summed them up."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from sqlalchemy import ColumnElement, Select, Text, and_, cast, func, literal, not_, null, or_, select, tuple_
from sqlalchemy.orm import Session

from airflow_provider_kling.generation import xcom_keys
from airflow_provider_kling.generation.outcome import Outcome
from airflow_provider_kling.generation.summary import Summary
from airflow_provider_kling.links.gallery_address import TaskKey
from airflow_provider_kling.plugins.gallery.costs import Billed
from airflow_provider_kling.plugins.gallery.query import AIRFLOW_STATES, Place, Query, State, state_of

PAGE_SIZE: Final = 24
_AT_ONCE: Final = 500  # rows in memory, while sums are made
_RESULT_KEY: Final = "return_value"
# What this provider pushes is far shorter. What others push is not read, however long it is.
_LONGEST_SUMMARY: Final = 16_384
_LONGEST_RESULT: Final = 65_536
_LONGEST_LABEL: Final = 100
_MOST_DIGITS: Final = 30


@dataclass(frozen=True, kw_only=True)
class Generation:
    """A generation, and the task that made it.

    :param at: when its summary was written.
    :param try_number: of the task's last try.
    :param region: tells the task from others of the same key, from Airflow 3.4 on, where it is mapped or in a
        loop.
    """

    key: TaskKey
    summary: Summary
    state: State
    at: datetime
    try_number: int
    region: str | None

    @property
    def airflow_path(self) -> str:
        """The path of the task in Airflow's pages."""
        return self.key.airflow_path(region=self.region)


@dataclass(frozen=True, kw_only=True)
class Page:
    """A part of the generations, the newest first.

    :param after: the place from which the next page begins; None at the end.
    """

    generations: Sequence[Generation]
    after: Place | None


def dag_ids(session: Session) -> list[str]:
    """Return the DAGs that have generated anything."""
    return sorted(session.scalars(select(XComModel.dag_id).where(_IS_SUMMARY).distinct()))


def page(session: Session, query: Query, *, readable: Collection[str], size: int = PAGE_SIZE) -> Page:
    """Return a page of generations.

    :param readable: the ids of the DAGs that the visitor may see.
    """
    rows = _matching(query, readable, XComModel.value, XComModel.timestamp, *_PLACE, *_TASK)
    if (place := query.place) is not None:
        at = literal(place.at, type_=XComModel.timestamp.type)
        rows = rows.where(tuple_(XComModel.timestamp, *_PLACE) < tuple_(at, *place[1:]))
    newest = rows.order_by(XComModel.timestamp.desc(), *(column.desc() for column in _PLACE))
    found = session.execute(newest.limit(size + 1)).all()
    shown = found[:size]
    last = shown[-1] if len(found) > size else None
    return Page(
        generations=[one for row in shown if (one := _generation(row)) is not None],
        after=None if last is None else Place(last.timestamp, *(last[2:5])),
    )


def generation(session: Session, key: TaskKey) -> Generation | None:
    """Return the generation of a task instance; None where it has none."""
    row = session.execute(
        select(XComModel.value, XComModel.timestamp, *_PLACE, *_TASK)
        .join(TaskInstance, _SAME_TASK)
        .where(_IS_SUMMARY, _is_shorter(_LONGEST_SUMMARY), *_is(key))
        .order_by(XComModel.timestamp.desc())
        .limit(1)
    ).first()
    return None if row is None else _generation(row)


def other_files(session: Session, key: TaskKey) -> list[str]:
    """Return the URIs of all stored files of a task's result, in order; none where there is no result yet."""
    of_task = select(XComModel.value).join(TaskInstance, _SAME_TASK)
    result = session.scalar(
        of_task.where(XComModel.key == _RESULT_KEY, _is_shorter(_LONGEST_RESULT), *_is(key)).limit(1)
    )
    resources = result.get("resources") if isinstance(result, dict) else None
    uris = (
        [one.get("uri") for one in resources if isinstance(one, dict)] if isinstance(resources, list) else []
    )
    return [uri for uri in uris if isinstance(uri, str) and uri]


def costs(session: Session, query: Query, *, readable: Collection[str]) -> Iterator[Billed]:
    """Yield what each generation was billed, the newest first, in constant memory."""
    names = ("task_id", "model", "title", "cost_usd", "cost", "cost_unit", "outcome")
    paths = [XComModel.value[name].as_string().label(name) for name in names]
    rows = _matching(query, readable, XComModel.dag_id, XComModel.timestamp, *paths)
    seen: set[int] = set()  # a download and a sensor tell the cost of a task, too, which is billed once
    for row in session.execute(rows, execution_options={"yield_per": _AT_ONCE}):
        if row.task_id is not None:
            if hash(row.task_id) in seen:
                continue
            seen.add(hash(row.task_id))
        usd, other = _amount(row.cost_usd), _amount(row.cost)
        is_known = usd is not None or (other is not None and row.cost_unit is not None)
        may_be_billed = row.task_id is not None or row.outcome == Outcome.UNKNOWN
        if not is_known and (row.model is None or not may_be_billed):
            continue  # nothing that a service bills
        yield Billed(
            dag_id=row.dag_id,
            model=(row.model or row.title or "")[:_LONGEST_LABEL],
            at=row.timestamp,
            amount=usd if usd is not None else other if is_known else None,
            unit="USD" if usd is not None else row.cost_unit[:_LONGEST_LABEL] if is_known else "",
        )


_IS_SUMMARY = XComModel.key == xcom_keys.SUMMARY
_SAME_TASK = (
    TaskInstance.id == XComModel.task_instance_id
    if hasattr(XComModel, "task_instance_id")  # Airflow 3.4
    else and_(
        TaskInstance.dag_id == XComModel.dag_id,
        TaskInstance.run_id == XComModel.run_id,
        TaskInstance.task_id == XComModel.task_id,
        TaskInstance.map_index == XComModel.map_index,
    )
)
_REGION = getattr(TaskInstance, "region_id", null())  # from Airflow 3.4 on
_PLACE = (XComModel.dag_run_id, XComModel.task_id, XComModel.map_index)
_TASK = (
    *(TaskInstance.dag_id, TaskInstance.run_id, TaskInstance.map_index.label("index")),
    *(TaskInstance.state, TaskInstance.try_number),
    _REGION.label("region"),
)


def _is(key: TaskKey) -> list[ColumnElement[bool]]:
    # In a loop of Airflow 3.4, the map index is the number of the iteration.
    return [
        TaskInstance.dag_id == key.dag_id,
        TaskInstance.run_id == key.run_id,
        TaskInstance.task_id == key.task_id,
        TaskInstance.map_index == key.map_index,
    ]


def _is_shorter(most: int) -> ColumnElement[bool]:
    return func.length(cast(XComModel.value, Text)) <= most


def _matching(query: Query, readable: Collection[str], *columns: Any) -> Select[Any]:
    rows = select(*columns).join(TaskInstance, _SAME_TASK).where(_IS_SUMMARY, XComModel.dag_id.in_(readable))
    rows = rows.where(_is_shorter(_LONGEST_SUMMARY))
    if query.dag is not None:
        rows = rows.where(XComModel.dag_id == query.dag)
    if query.run is not None:
        rows = rows.where(XComModel.run_id == query.run)
    if query.task is not None:
        rows = rows.where(XComModel.task_id == query.task)
    if query.begins is not None:
        rows = rows.where(XComModel.timestamp >= query.begins)
    if query.ends is not None:
        rows = rows.where(XComModel.timestamp < query.ends)
    for name, part in (("model", query.model), ("prompt", query.text)):
        if part is not None:
            written = func.lower(XComModel.value[name].as_string())
            rows = rows.where(written.contains(part.lower(), autoescape=True))
    if query.state is not None:
        rows = rows.where(_is_in(query.state))
    return rows


def _is_in(state: State) -> ColumnElement[bool]:
    if state in AIRFLOW_STATES:
        return TaskInstance.state.in_(AIRFLOW_STATES[state])
    ended = [name for names in AIRFLOW_STATES.values() for name in names]
    has_task = XComModel.value["task_id"].as_string().is_not(None)
    return and_(
        or_(TaskInstance.state.is_(None), not_(TaskInstance.state.in_(ended))),
        has_task if state is State.RUNNING else not_(has_task),
    )


def _generation(row: Any) -> Generation | None:
    if (summary := Summary.read(row.value)) is None:
        return None
    return Generation(
        key=TaskKey(row.dag_id, row.run_id, row.task_id, row.index),
        summary=summary,
        state=state_of(row.state, has_task=summary.task_id is not None),
        at=row.timestamp,
        try_number=row.try_number,
        region=None if row.region is None or row.index < 0 else str(row.region),
    )


def _amount(text: object) -> Decimal | None:
    try:
        amount = Decimal(text) if isinstance(text, str) else None
    except InvalidOperation:
        return None
    if amount is None or not amount.is_finite() or not 0 <= amount < 10**12:
        return None
    digits = amount.as_tuple()
    return (
        amount if len(digits.digits) <= _MOST_DIGITS and abs(int(digits.exponent)) <= _MOST_DIGITS else None
    )

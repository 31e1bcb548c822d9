"""What the gallery finds: the newest first, a page at a time, and only what the visitor may read."""

from __future__ import annotations

import base64
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from airflow.utils.session import create_session

from airflow_provider_kling.plugins.gallery import generations
from airflow_provider_kling.plugins.gallery.costs import sums
from airflow_provider_kling.plugins.gallery.query import Query, State
from tests.plugins.gallery.conftest import NOW, Runs

READABLE = {"films", "adverts"}


def found(query: Query, **how: Any) -> list[str]:
    """Return the prompts on a page."""
    with create_session(scoped=False) as session:
        page = generations.page(session, query, **{"readable": READABLE, **how})
        return [one.summary.prompt or "" for one in page.generations]


def test_the_newest_is_first(runs: Runs) -> None:
    for prompt in ("first", "second", "third"):
        runs.add(summary={"prompt": prompt})
    assert found(Query()) == ["third", "second", "first"]


def test_pages_follow_each_other_and_leave_nothing_out(runs: Runs) -> None:
    for number in range(7):
        runs.add(summary={"prompt": str(number)}, at=NOW if number < 5 else None)
    seen, query = [], Query()
    while True:
        with create_session(scoped=False) as session:
            page = generations.page(session, query, readable=READABLE, size=3)
        seen += [one.summary.prompt for one in page.generations]
        if page.after is None:
            break
        query = Query(after=page.after.to_text())
    assert sorted(seen) == [str(number) for number in range(7)]
    assert seen[:2] == ["6", "5"]


def test_a_dag_that_the_visitor_may_not_read_has_nothing(runs: Runs) -> None:
    runs.add(dag_id="secret", summary={"prompt": "secret", "cost_usd": "1"})
    runs.add(dag_id="films", summary={"prompt": "film"})
    assert found(Query()) == ["film"]
    assert found(Query(dag="secret")) == []
    assert found(Query(), readable=set()) == []
    with create_session(scoped=False) as session:
        billed = list(generations.costs(session, Query(), readable=READABLE))
    assert [one.amount for one in billed] == []


@pytest.mark.parametrize(
    ("query", "prompts"),
    [
        ({"dag": "adverts"}, ["An Apple"]),
        ({"run": "run-2"}, ["100% wool"]),
        ({"run": "run-"}, []),
        ({"task": "cut"}, ["In the make"]),
        ({"model": "KLING-V3"}, ["An Apple"]),
        ({"text": "an apple"}, ["An Apple"]),
        ({"text": "100%"}, ["100% wool"]),
        ({"text": "%"}, ["100% wool"]),
        ({"text": "_"}, []),
        ({"state": "failed"}, ["100% wool"]),
        ({"state": "running"}, ["In the make"]),
        ({"state": "waiting"}, ["Not yet"]),
        ({"state": "retrying"}, []),
        ({"state": "done"}, ["An Apple"]),
        ({"since": "2026-08-02"}, ["Not yet", "In the make", "100% wool"]),
        ({"until": "2026-08-01"}, ["An Apple"]),
        ({"since": "2026-08-01", "until": "2026-08-01"}, ["An Apple"]),
        ({"since": "nonsense", "state": "odd", "dag": "", "after": "x"}, None),
    ],
    ids=str,
)
def test_each_filter_leaves_what_it_says(
    runs: Runs, query: dict[str, str], prompts: list[str] | None
) -> None:
    every = ["Not yet", "In the make", "100% wool", "An Apple"]
    late = datetime(2026, 8, 1, 23, 59, 59, 999_999, tzinfo=UTC)
    runs.add(dag_id="adverts", summary={"prompt": "An Apple", "model": "kling-v3-t2v"}, at=late)
    runs.add(state="failed", summary={"prompt": "100% wool", "task_id": "t"})
    runs.add(task_id="cut", state="deferred", summary={"prompt": "In the make", "task_id": "t"})
    runs.add(state=None, summary={"prompt": "Not yet"})
    assert found(Query.read(query)) == (every if prompts is None else prompts)


def test_what_is_no_summary_is_left_out(runs: Runs) -> None:
    for odd in (5, "text", [], {"prompt": 5}, {"url": "x" * 5000}):
        runs.add(summary=odd)
    runs.add(summary={"prompt": "good"})
    assert found(Query()) == ["good"]


def test_a_generation_has_the_state_of_its_task(runs: Runs) -> None:
    keys = {
        State.RUNNING: runs.add(state="deferred", summary={"task_id": "t"}),
        State.WAITING: runs.add(state="deferred", summary={"prompt": "x"}),
        State.RETRYING: runs.add(state="up_for_retry", summary={"task_id": "t"}),
        State.DONE: runs.add(state="success", summary={"task_id": "t"}),
        State.FAILED: runs.add(state="failed", summary={"task_id": "t"}),
    }
    with create_session(scoped=False) as session:
        for state, key in keys.items():
            one = generations.generation(session, key)
            assert one is not None
            assert (one.key, one.state) == (key, state)


def test_costs_are_summed_by_unit_and_what_is_unknown_is_counted(runs: Runs) -> None:
    for summary in (
        {"model": "a", "cost_usd": "0.10"},
        {"model": "a", "cost_usd": "0.20"},
        {"model": "b", "cost": "3", "cost_unit": "units"},
        {"model": "b", "task_id": "t-4"},
        {"model": "b", "task_id": "t-5", "cost_usd": "NaN"},
        {"model": "b", "outcome": "unknown"},
        # Of these, a service bills nothing: one is made here, and two have made no task.
        {"title": "3 videos joined"},
        {"model": "b", "error": "rejected", "outcome": "error"},
        {"model": "b"},
    ):
        runs.add(summary=summary, at=NOW)
    with create_session(scoped=False) as session:
        found = sums(generations.costs(session, Query(), readable=READABLE))
    assert found.all.amounts == {"USD": Decimal("0.30"), "units": Decimal(3)}
    assert (found.all.generations, found.all.unknown) == (6, 3)
    assert found.by_model["a"].amounts == {"USD": Decimal("0.30")}
    assert (found.by_model["b"].generations, found.by_model["b"].unknown) == (4, 3)
    assert list(found.by_day) == [date(2026, 9, 1).isoformat()]
    assert list(found.by_dag) == ["films"]


def test_a_task_at_the_service_is_counted_once_however_many_tell_of_it(runs: Runs) -> None:
    for task_id in ("make", "download", "wait"):
        runs.add(task_id=task_id, summary={"task_id": "t-1", "model": "a", "cost_usd": "0.4345"})
    runs.add(summary={"task_id": "t-2", "model": "a", "cost_usd": "1"})
    with create_session(scoped=False) as session:
        found = sums(generations.costs(session, Query(), readable=READABLE))
    assert (found.all.generations, found.all.amounts) == (2, {"USD": Decimal("1.4345")})


def test_what_is_too_long_to_be_this_providers_is_not_read(runs: Runs) -> None:
    long = {"prompt": "x" * 400, "more": "x" * 100_000}
    key = runs.add(summary=long, result={"resources": [{"uri": "x" * 99_999}]})
    runs.add(summary={"prompt": "good"})
    assert found(Query()) == ["good"]
    with create_session(scoped=False) as session:
        assert generations.generation(session, key) is None
        assert generations.other_files(session, key) == []


@pytest.mark.parametrize("cost", ["1E-999999", "1E+999999", "0." + "1" * 200, "Infinity", "-1"])
def test_an_odd_amount_is_not_known(runs: Runs, cost: str) -> None:
    runs.add(summary={"task_id": "t", "model": "a" * 5000, "cost_usd": cost})
    with create_session(scoped=False) as session:
        [billed] = generations.costs(session, Query(), readable=READABLE)
    assert billed.amount is None
    assert len(billed.model) <= 100


@pytest.mark.parametrize("name", ["m" * 200, "水" * 80])
def test_pages_of_tasks_with_long_names_follow_each_other(runs: Runs, name: str) -> None:
    for number in range(3):
        runs.add(task_id=name, summary={"prompt": str(number)})
    with create_session(scoped=False) as session:
        first = generations.page(session, Query(), readable=READABLE, size=2)
        assert first.after is not None
        query = Query.read({"after": first.after.to_text()})
    assert found(query) == ["0"]


ODD_PLACES = [
    ["2026-09-01T12:00:00+00:00", 1, "\ud800", -1],
    ["0001-01-01T00:00:00+23:59", 1, "t", -1],
    ["2026-09-01T12:00:00+00:00", 1, "t", 10**30],
    ["2026-09-01T12:00:00+00:00", 10**30, "t", -1],
    ["2026-09-01T12:00:00+00:00", 1, "t\x00", -1],
    ["2026-09-01", 1],
]


@pytest.mark.parametrize("place", ODD_PLACES, ids=range(len(ODD_PLACES)))
def test_a_forged_place_is_the_first_page_or_an_empty_one(runs: Runs, place: list[Any]) -> None:
    runs.add(summary={"prompt": "good"})
    forged = base64.urlsafe_b64encode(json.dumps(place).encode()).decode()
    assert found(Query.read({"after": forged})) in (["good"], [])


@pytest.mark.parametrize("odd", ["\x00", "a\x00b", "\ud800", "\x1b"])
def test_a_text_that_no_database_stores_is_no_filter(odd: str) -> None:
    assert Query.read(dict.fromkeys(("dag", "model", "text", "after"), odd)) == Query.read({})

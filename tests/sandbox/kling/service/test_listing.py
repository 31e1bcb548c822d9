"""Lists: their time, filters and limits, and pages that neither repeat nor lose an entry."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_kling.sandbox.kling.service.listing import ListRules, read_list_query
from airflow_provider_kling.sandbox.kling.service.paging import encoded_cursor
from airflow_provider_kling.sandbox.kling.service.rejection import Rejection

NOW = 1_790_000_000.0
DAY_MS = 86_400_000
RULES = ListRules(filters={"status": ("a", "b"), "name": ()}, default_limit=100, requires_time=False)


def test_a_list_is_of_the_last_thirty_days_unless_it_is_asked_otherwise():
    query = read_list_query({}, RULES, now=NOW)
    assert (query.start, query.end) == (int(NOW * 1000) - 30 * DAY_MS, int(NOW * 1000))
    assert query.limit == 100


@pytest.mark.parametrize("number", [5, "5"])
def test_numbers_may_be_texts(number: Any):
    query = read_list_query({"start_time": number, "end_time": "9", "limit": number}, RULES, now=NOW)
    assert (query.start, query.end, query.limit) == (5, 9, 5)


@pytest.mark.parametrize(
    "body",
    [
        {"start_time": 9, "end_time": 5},
        {"start_time": 9, "end_time": 9},
        {"start_time": -1},
        {"start_time": 1.5},
        {"start_time": True},
        {"start_time": "1" * 5000},
        {"limit": 0},
        {"limit": 501},
        {"limit": None},
        {"cursor": 5},
        {"cursor": "!"},
        {"cursor": encoded_cursor({"limit": 5})},
        {"cursor": encoded_cursor({"before": "x"})},
        {"cursor": encoded_cursor({"before": 1, "filters": 5})},
        {"filters": {}},
        {"filters": [5]},
        {"filters": [{"key": "status"}]},
        {"filters": [{"key": "status", "values": "a"}]},
        {"filters": [{"key": "status", "values": ["c"]}]},
        {"filters": [{"key": ["status"], "values": []}]},
        {"filters": [{"key": "colour", "values": []}]},
        {"unknown": 1},
        [],
        "x",
    ],
)
def test_what_is_wrong_is_rejected(body: Any):
    with pytest.raises(Rejection) as rejected:
        read_list_query(body, RULES, now=NOW)
    assert rejected.value.status == 400


def test_values_of_a_key_are_alternatives_and_empty_ones_do_not_filter():
    filters = [
        {"key": "status", "values": ["a"]},
        {"key": "status", "values": ["b"]},
        {"key": "name", "values": []},
    ]
    query = read_list_query({"filters": filters}, RULES, now=NOW)
    assert query.allows("status", "a")
    assert query.allows("status", "b")
    assert not query.allows("status", "c")
    assert query.allows("name", "anything")


@given(entries=st.integers(0, 60), limit=st.integers(1, 20), added=st.integers(0, 3))
def test_pages_have_each_entry_once_although_new_ones_arrive(entries: int, limit: int, added: int):
    numbers = list(range(entries, 0, -1))
    seen: list[int] = []
    body: dict[str, Any] = {"limit": limit}
    for _ in range(entries + 2):
        query = read_list_query(body, RULES, now=NOW)
        page, cursor = query.page(numbers, number=int, matches=lambda _: True)
        assert len(page) <= limit
        seen += page
        numbers = [*(entries + extra for extra in range(added, 0, -1)), *range(entries, 0, -1)]
        if not cursor:
            break
        body = {"cursor": cursor, "limit": 500}  # the cursor overrides the limit
    assert seen == list(range(entries, 0, -1))


def test_a_cursor_keeps_the_filters_and_the_time():
    filters = [{"key": "status", "values": ["b", "a"]}]
    first = read_list_query({"start_time": 5, "end_time": 9, "limit": 1, "filters": filters}, RULES, now=NOW)
    _, cursor = first.page([2, 1], number=int, matches=lambda _: True)
    second = read_list_query({"cursor": cursor}, RULES, now=NOW + 1)
    assert (second.start, second.end, second.limit, second.before) == (5, 9, 1, 2)
    assert second.filters == first.filters == {"status": ["a", "b"]}


@given(st.text(max_size=60))
def test_no_cursor_breaks_the_reader(cursor: str):
    with contextlib.suppress(Rejection):
        read_list_query({"cursor": cursor}, RULES, now=NOW)

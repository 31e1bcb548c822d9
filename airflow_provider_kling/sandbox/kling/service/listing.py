"""What lists of tasks and of deductions have in common: a time, filters, a limit, and a cursor."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from airflow_provider_kling.sandbox.core.clock import DAY_S, milliseconds
from airflow_provider_kling.sandbox.kling.service.numbers import whole_number
from airflow_provider_kling.sandbox.kling.service.paging import bad_cursor, decoded_cursor, encoded_cursor
from airflow_provider_kling.sandbox.kling.service.rejection import Code, Rejection, invalid

_MAX_LIMIT: Final = 500
_MAX_MS: Final = 10**15
_DEFAULT_MS: Final = int(30 * DAY_S * 1000)
_FIELDS: Final = ("start_time", "end_time", "cursor", "limit", "filters")
_BEFORE: Final = "before"  # only in a cursor: the number of the last entry of the page before


Entry = TypeVar("Entry")


@dataclass(frozen=True, kw_only=True)
class ListRules:
    """The rules of one list.

    :param filters: by key, the values that it takes; an empty collection: any text.
    :param default_limit: how many entries a page has.
    :param requires_time: the first page needs both ends of the time; otherwise it is the last 30 days.
    """

    filters: Mapping[str, Collection[str]]
    default_limit: int
    requires_time: bool


@dataclass(frozen=True, kw_only=True)
class ListQuery:
    """What a list is asked for.

    :param start: in epoch milliseconds, as is ``end``; both belong to the time.
    :param filters: the allowed values by key; entries match all keys.
    :param before: only entries with a lower number; None: all.
    """

    start: int
    end: int
    limit: int
    filters: Mapping[str, Collection[str]]
    before: int | None = None

    def page(
        self, entries: Collection[Entry], *, number: Callable[[Entry], int], matches: Callable[[Entry], bool]
    ) -> tuple[list[Entry], str]:
        """Return a page of entries, and the cursor of the next one, which is empty at the end.

        :param entries: the newest first.
        """
        found = [
            entry
            for entry in entries
            if (self.before is None or number(entry) < self.before) and matches(entry)
        ]
        page = found[: self.limit]
        if len(found) <= self.limit:
            return page, ""
        query = {
            "start_time": self.start,
            "end_time": self.end,
            "limit": self.limit,
            "filters": [{"key": key, "values": list(values)} for key, values in self.filters.items()],
            _BEFORE: number(page[-1]),
        }
        return page, encoded_cursor(query)

    def holds(self, moment: float) -> bool:
        """Whether a moment, in epoch seconds, is in the time that is asked for."""
        return self.start <= milliseconds(moment) <= self.end

    def allows(self, key: str, value: str | None) -> bool:
        """Whether a value passes a filter."""
        return key not in self.filters or value in self.filters[key]


def read_list_query(body: Any, rules: ListRules, *, now: float) -> ListQuery:
    """Return what a list is asked for. A cursor overrides everything else.

    :param now: in epoch seconds.
    :raises Rejection: 400 for a field that is wrong.
    """
    if not isinstance(body, dict):
        raise Rejection(Code.PARAMETERS)
    for field in body:
        if field not in _FIELDS:
            raise invalid(f"parameter '{field[:80]}' is not supported")
    cursor = body.get("cursor", "")
    if not isinstance(cursor, str):
        raise invalid("parameter 'cursor' must be a string")
    if not cursor:
        return _read(body, rules, now=now)
    held = decoded_cursor(cursor)
    if _BEFORE not in held:
        raise bad_cursor()
    return _read(held, rules, now=now)


def _read(body: Mapping[str, Any], rules: ListRules, *, now: float) -> ListQuery:
    if rules.requires_time:
        for name in ("start_time", "end_time"):
            if name not in body:
                raise invalid(f"parameter '{name}' is required")
    end = whole_number(body.get("end_time", milliseconds(now)), "end_time", low=0, high=_MAX_MS)
    default_start = max(0, end - _DEFAULT_MS)
    start = whole_number(body.get("start_time", default_start), "start_time", low=0, high=_MAX_MS)
    if start >= end:
        raise invalid("parameter 'start_time' must be earlier than 'end_time'")
    limit = whole_number(body.get("limit", rules.default_limit), "limit", low=1, high=_MAX_LIMIT)
    before = body.get(_BEFORE)
    return ListQuery(
        start=start,
        end=end,
        limit=limit,
        filters=_filters(body.get("filters", []), rules),
        before=None if before is None else whole_number(before, "cursor", low=0, high=_MAX_MS),
    )


def _filters(given: Any, rules: ListRules) -> Mapping[str, Collection[str]]:
    if not isinstance(given, list):
        raise invalid("parameter 'filters' must be an array")
    found: dict[str, set[str]] = {}
    for index, entry in enumerate(given):
        if not isinstance(entry, dict) or set(entry) != {"key", "values"}:
            raise invalid(f"parameter 'filters[{index}]' must have 'key' and 'values'")
        key, values = entry["key"], entry["values"]
        if not isinstance(key, str) or key not in rules.filters:
            raise invalid(f"parameter 'filters[{index}].key' must be one of {', '.join(rules.filters)}")
        known = rules.filters[key]
        if not isinstance(values, list) or not all(
            isinstance(value, str) and (not known or value in known) for value in values
        ):
            raise invalid(f"parameter 'filters[{index}].values' has a value that is not supported")
        if values:  # the vendor's examples have empty ones, which do not filter
            found.setdefault(key, set()).update(values)
    return {key: sorted(values) for key, values in found.items()}

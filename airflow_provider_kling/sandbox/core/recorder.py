"""The requests as they were received, without secrets, and their counts."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

_MAX_RECORDS: Final = 20_000
_MAX_TEXT: Final = 4096  # characters of a text in a record; a prompt is shorter, inline media are longer
_MASK: Final = "***"
_MIN_SECRET: Final = 8  # masking a shorter credential would mask much that is none


class CallKind(StrEnum):
    """What a request counts as: each service knows its own paths."""

    SUBMISSION = "submission"
    POLL = "poll"
    OTHER = "other"


@dataclass(kw_only=True)
class RequestRecord:
    """One request.

    :param at: when it was received, in epoch seconds of the sandbox's clock.
    :param status: the status of the response; None if there was none.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    at: float
    status: int | None = None


@dataclass(kw_only=True)
class Recorder:
    """Keeps the latest requests, and counts all of them.

    :param secrets: credentials, which no record shows.
    :param kind_of: returns what a request counts as, by its method and path.
    """

    secrets: frozenset[str]
    kind_of: Callable[[str, str], CallKind]
    records: deque[RequestRecord] = field(default_factory=lambda: deque(maxlen=_MAX_RECORDS))
    polls: int = 0
    polls_rejected: int = 0
    downloads: int = 0
    submissions_rejected: Counter[str] = field(default_factory=Counter)

    def add(self, record: RequestRecord) -> RequestRecord:
        """Keep a request, with its credentials masked wherever they appear, and return what is kept."""
        scheme, _, presented = record.headers.get("authorization", "").partition(" ")
        secrets = set(self.secrets)
        if len(presented) >= _MIN_SECRET:
            secrets.add(presented)
        masked = RequestRecord(
            method=record.method,
            path=_masked(record.path, secrets),
            query=_masked(record.query, secrets),
            headers=_masked(record.headers, secrets),
            body=_masked(record.body, secrets),
            at=record.at,
        )
        if "authorization" in masked.headers:
            masked.headers["authorization"] = f"Bearer {_MASK}" if scheme == "Bearer" else _MASK
        self.records.append(masked)
        return masked

    def finish(self, record: RequestRecord, status: int | None) -> None:
        """Count a request by the status of its response; None: the connection was dropped."""
        record.status = status
        kind = self.kind_of(record.method, record.path)
        if kind is CallKind.POLL:
            self.polls += 1
            self.polls_rejected += status != 200
        elif kind is CallKind.SUBMISSION and status is not None and status >= 400:
            self.submissions_rejected[str(status)] += 1

    def stats(self) -> dict[str, Any]:
        """Return the counts."""
        return {
            "submissions_rejected": dict(self.submissions_rejected),
            "polls": self.polls,
            "polls_rejected": self.polls_rejected,
            "downloads": self.downloads,
        }

    def reset(self) -> None:
        """Remove all records and counts."""
        self.records.clear()
        self.submissions_rejected.clear()
        self.polls = self.polls_rejected = self.downloads = 0


def _masked(value: Any, secrets: set[str]) -> Any:
    match value:
        case str():
            for secret in secrets:
                value = value.replace(secret, _MASK)
            return value if len(value) <= _MAX_TEXT else f"{value[:_MAX_TEXT]}... ({len(value)} characters)"
        case dict():
            return {_masked(key, secrets): _masked(member, secrets) for key, member in value.items()}
        case list():
            return [_masked(member, secrets) for member in value]
        case _:
            return value

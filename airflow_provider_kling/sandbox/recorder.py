"""What happened so far: the requests as received, without secrets, and their counts."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any, Final

_KEPT: Final = 20_000
_LONGEST: Final = 4096  # characters of a text in the log; a prompt is shorter, inlined media are longer
_MASK: Final = "***"
_SHORTEST_SECRET: Final = 8  # a shorter credential would mask half the log


@dataclass(kw_only=True)
class Entry:
    """One request. ``status`` is None when nothing was answered, ``at`` is epoch seconds by the clock."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    at: float
    status: int | None = None


@dataclass(kw_only=True)
class Recorder:
    """Keeps the latest requests and counts them all."""

    api_key: str
    entries: deque[Entry] = field(default_factory=lambda: deque(maxlen=_KEPT))
    polls: int = 0
    polls_refused: int = 0
    downloads: int = 0
    submissions_refused: Counter[str] = field(default_factory=Counter)

    def received(self, entry: Entry) -> Entry:
        """Keep a request, with its credentials masked wherever they stand."""
        scheme, _, presented = entry.headers.get("authorization", "").partition(" ")
        secrets = {self.api_key}
        if len(presented) >= _SHORTEST_SECRET:
            secrets.add(presented)
        kept = Entry(
            method=entry.method,
            path=_masked(entry.path, secrets),
            query=_masked(entry.query, secrets),
            headers=_masked(entry.headers, secrets),
            body=_masked(entry.body, secrets),
            at=entry.at,
        )
        if "authorization" in kept.headers:
            kept.headers["authorization"] = f"Bearer {_MASK}" if scheme == "Bearer" else _MASK
        self.entries.append(kept)
        return kept

    def answered(self, entry: Entry, status: int | None) -> None:
        """Count a request by how it ended; None: the connection was dropped."""
        entry.status = status
        path = entry.path
        if entry.method == "GET" and path.startswith("/api/v1/tasks/"):
            self.polls += 1
            self.polls_refused += status != 200
        elif entry.method == "POST" and _submits(path) and status is not None and status >= 400:
            self.submissions_refused[str(status)] += 1

    def reset(self) -> None:
        """Forget everything."""
        self.entries.clear()
        self.submissions_refused.clear()
        self.polls = self.polls_refused = self.downloads = 0


def _submits(path: str) -> bool:
    return path.startswith("/api/v1/") and not path.startswith("/api/v1/media/")


def _masked(value: Any, secrets: set[str]) -> Any:
    match value:
        case str():
            for secret in secrets:
                value = value.replace(secret, _MASK)
            return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}... ({len(value)} characters)"
        case dict():
            return {_masked(key, secrets): _masked(member, secrets) for key, member in value.items()}
        case list():
            return [_masked(member, secrets) for member in value]
        case _:
            return value

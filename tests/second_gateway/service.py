"""A second service, small and real: HTTP on loopback, and unlike the first in all that the seam hides.

Requests carry a ticket that is made from two keys and expires. A submission may bring a reference, which the
whole account can use once. Whether a response is an error is in its body, also where the status is 200.
Prices are in units.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum, StrEnum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, unquote, urlsplit

ACCESS, SECRET = "AK-second-0123456789", "SK-canary-9876543210"
TICKET_S = 60
MOST_JOBS_A_READ = 20
MOST_UPLOAD_BYTES = 8 * 1024**2
PRODUCTS = ("film-one", "film-one-edit")
UNITS_A_SECOND = 0.6


class Phase(StrEnum):
    """The service's words for the state of a job."""

    QUEUED = "queued"
    DRAWING = "drawing"
    DONE = "done"
    BROKEN = "broken"


class Result(Enum):
    """How a job is going to end."""

    DONE = auto()
    BROKEN = auto()
    BARRED = auto()


class Verdict(IntEnum):
    """The service's codes."""

    FINE = 0
    TICKET_WRONG = 1101
    TICKET_EXPIRED = 1104
    PURSE_EMPTY = 1202
    FORM_WRONG = 2001
    REFERENCE_TAKEN = 2009
    UNKNOWN_THING = 2404
    SLOTS_TAKEN = 3001
    TOO_FAST = 3002
    BROKE_DOWN = 5000
    CLOSED = 5003


_STATUS = {
    Verdict.TICKET_WRONG: 401,
    Verdict.TICKET_EXPIRED: 401,
    Verdict.PURSE_EMPTY: 429,
    Verdict.TOO_FAST: 429,
    Verdict.CLOSED: 503,
}


class Mishap(Enum):
    """What can happen to a request on its way."""

    LOSE_REQUEST = auto()
    """It is dropped before it takes effect."""
    LOSE_RESPONSE = auto()
    """It takes effect, and the connection breaks instead of a response."""
    ARRIVE_LATE = auto()
    """The connection breaks, and it takes effect right before the next submission."""
    LAG = auto()
    """A look-up does not see what was submitted before."""


@dataclass(kw_only=True)
class Job:
    """A generation at the service.

    :param ends_at: by the service's clock.
    """

    number: str
    reference: str | None
    product: str
    form: Mapping[str, Any]
    made_at: float
    ends_at: float
    result_of_job: Result


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    ticket: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What is sent back."""

    content: bytes
    status: int = 200
    content_type: str = "application/json"


class RejectionError(Exception):
    """A request is answered with an error."""

    def __init__(self, verdict: Verdict, words: str = "no") -> None:
        super().__init__(words)
        self.verdict = verdict
        self.words = words


class SecondService:
    """The service, with what a test decides about it. It serves while its context lasts.

    :param clock: Unix seconds, for tickets, for the end of jobs and for all times that it tells.
    :param film: the content of every result.
    :ivar duration_s: how long the jobs take that are made from now on.
    :ivar result_of_job: how those end.
    :ivar next_submissions: what happens to the next ones, one by one; after that, all is well.
    :ivar next_lookups: what happens to the next look-ups by reference.
    :ivar on_request: is called with each request before it is answered.
    :ivar drops: tells for each request whether the connection breaks before it takes effect.
    :ivar jobs: the jobs that it still knows.
    :ivar accepted: every job that it ever made, each of which is billed.
    :ivar requests: every request that arrived.
    """

    def __init__(self, *, clock: Callable[[], float] = time.time, film: bytes = b"") -> None:
        self.clock = clock
        self.film = film
        self.duration_s: float = 0
        self.result_of_job = Result.DONE
        self.purse = 1000.0
        self.next_submissions: deque[Mishap | Verdict] = deque()
        self.next_lookups: deque[Mishap | Verdict] = deque()
        self.on_request: Callable[[Request], None] = lambda _: None
        self.drops: Callable[[Request], bool] = lambda _: False
        self.jobs: dict[str, Job] = {}
        self.accepted: list[Job] = []
        self.uploads: dict[str, dict[str, Any]] = {}
        self.requests: list[Request] = []
        self._numbers = itertools.count(1)
        self._references: set[str] = set()
        self._late: Request | None = None
        self._lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"service": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # -- what a test decides and sees -----------------------------------------------------------

    def keep_running(self) -> None:
        """Let the jobs that are made from now on run until :meth:`end`."""
        self.duration_s = math.inf

    def end(self, result_of_job: Result = Result.DONE) -> None:
        """End all jobs that are still running."""
        with self._lock:
            for job in self.jobs.values():
                if self._phase(job) is Phase.DRAWING:
                    job.ends_at, job.result_of_job = self.clock(), result_of_job

    def forget_jobs(self) -> None:
        """Drop all jobs, as the service does after a while. Their references stay taken."""
        with self._lock:
            self.jobs.clear()

    def seen(self, method: str, path: str) -> list[Request]:
        """Return the requests of a method whose path begins so."""
        return [one for one in self.requests if one.method == method and one.path.startswith(path)]

    @property
    def references(self) -> list[str]:
        """The references of all submissions that arrived, accepted or not."""
        return [json.loads(one.content).get("reference") for one in self.seen("POST", "/v7/jobs/")]

    # -- serving --------------------------------------------------------------------------------

    def reply(self, request: Request) -> Reply | None:
        """Answer a request; None breaks the connection."""
        with self._lock:
            self.requests.append(request)
            self.on_request(request)
            if self.drops(request):
                return None
            try:
                answer = self._route(request)
            except RejectionError as rejection:
                verdict, words = rejection.verdict, rejection.words
                content = json.dumps({"verdict": verdict, "words": words, "payload": None}).encode()
                return Reply(status=_STATUS.get(verdict, 200), content=content)
            if answer is None or isinstance(answer, Reply):
                return answer
            return Reply(content=json.dumps({"verdict": 0, "payload": answer}).encode())

    def _route(self, request: Request) -> Any:
        match request.method, request.path.strip("/").split("/"):
            case "GET", ["films", _]:
                return Reply(content=self.film, content_type="video/mp4")
            case "GET", ["v7", "products", product, "form"]:
                return {"form": {"type": "object"}, "send_to": f"/v7/jobs/{product}"}
            case method, ["v7", resource, *rest]:
                self._check_ticket(request.ticket)
                handle = getattr(self, f"_{method.lower()}_{resource}", None)
                if handle is not None:
                    return handle(request, *map(unquote, rest))
        raise RejectionError(Verdict.UNKNOWN_THING, f"no {request.path}")

    def _check_ticket(self, ticket: str) -> None:
        access, _, rest = ticket.partition(".")
        issued, _, seal = rest.rpartition(".")
        expected = hmac.new(SECRET.encode(), f"{ACCESS}.{issued}".encode(), hashlib.sha256).hexdigest()
        # It quotes what it was sent, as careless services do.
        if access != ACCESS or not hmac.compare_digest(seal, expected):
            raise RejectionError(Verdict.TICKET_WRONG, f"the ticket {ticket} is not valid")
        if float(issued) + TICKET_S <= self.clock():
            raise RejectionError(Verdict.TICKET_EXPIRED, f"the ticket {ticket} has expired")

    def _post_jobs(self, request: Request, product: str) -> Any:
        mishap = self.next_submissions.popleft() if self.next_submissions else None
        if mishap is Mishap.ARRIVE_LATE:
            self._late = request
        if mishap in (Mishap.ARRIVE_LATE, Mishap.LOSE_REQUEST):
            return None
        if (late := self._late) is not None:
            self._late = None
            self._make(late, late.path.rpartition("/")[2])
        if isinstance(mishap, Verdict):
            raise RejectionError(mishap)
        job = self._make(request, product)
        return None if mishap is Mishap.LOSE_RESPONSE else self._told(job, Phase.QUEUED)

    def _make(self, request: Request, product: str) -> Job:
        form = json.loads(request.content)
        if product not in PRODUCTS:
            raise RejectionError(Verdict.UNKNOWN_THING, f"no product {product}")
        if set(form) - {"contents", "settings", "reference"} or not form.get("contents"):
            raise RejectionError(Verdict.FORM_WRONG, f"the form has {', '.join(sorted(form))}")
        reference = form.get("reference")
        if reference in self._references:
            raise RejectionError(Verdict.REFERENCE_TAKEN, f"the reference {reference} was used before")
        now = self.clock()
        job = Job(
            number=f"8936{len(self.accepted):014}",
            reference=reference,
            product=product,
            form=form,
            made_at=now,
            ends_at=now + self.duration_s,
            result_of_job=self.result_of_job,
        )
        self.accepted.append(job)
        self.jobs[job.number] = job
        if reference:
            self._references.add(reference)
        return job

    def _get_jobs(self, request: Request) -> Any:
        if "references" in request.query:
            return self._lookup(request.query["references"].split(","))
        numbers = request.query["numbers"].split(",")
        if len(numbers) > MOST_JOBS_A_READ:
            raise RejectionError(Verdict.FORM_WRONG, f"more than {MOST_JOBS_A_READ} numbers")
        return [self._told(self.jobs[number]) for number in numbers if number in self.jobs]

    def _lookup(self, references: list[str]) -> Any:
        mishap = self.next_lookups.popleft() if self.next_lookups else None
        if isinstance(mishap, Verdict):
            raise RejectionError(mishap)
        if mishap is Mishap.LAG:
            return []
        return [self._told(job) for job in self.jobs.values() if job.reference in references]

    def _put_uploads(self, request: Request, name: str) -> Any:
        if len(request.content) > MOST_UPLOAD_BYTES:
            raise RejectionError(Verdict.FORM_WRONG, "too large")
        number = f"up-{next(self._numbers)}"
        link = f"{self.url}/films/{number}"
        self.uploads[number] = {
            "number": number,
            "name": name,
            "link": link,
            "bytes": len(request.content),
        }
        return self.uploads[number]

    def _get_uploads(self, request: Request) -> Any:
        return list(self.uploads.values())

    def _delete_uploads(self, request: Request, number: str) -> Any:
        if self.uploads.pop(number, None) is None:
            raise RejectionError(Verdict.UNKNOWN_THING, f"no upload {number}")
        return {}

    def _get_purse(self, request: Request) -> Any:
        return {"left": str(self.purse), "unit": "units"}

    def _get_diary(self, request: Request) -> Any:
        before = float(request.query["before"])
        return [
            {"number": job.number, "product": job.product, "phase": self._phase(job), "at": job.made_at}
            for job in reversed(self.accepted)
            if job.made_at <= before
        ][: int(request.query["most"])]

    def _get_products(self, request: Request) -> Any:
        return [{"name": name, "makes": "film"} for name in PRODUCTS]

    def _phase(self, job: Job) -> Phase:
        if self.clock() < job.ends_at:
            return Phase.DRAWING
        return Phase.DONE if job.result_of_job is Result.DONE else Phase.BROKEN

    def _told(self, job: Job, phase: Phase | None = None) -> dict[str, Any]:
        phase = phase or self._phase(job)
        told: dict[str, Any] = {"number": job.number, "reference": job.reference, "phase": phase}
        told["made_at"] = job.made_at
        if phase is Phase.DONE:
            seconds = job.form.get("settings", {}).get("seconds", 5)
            film = {
                "link": f"{self.url}/films/{job.number}",
                "seconds": str(seconds),
                "bytes": len(self.film),
            }
            told |= {"over_at": job.ends_at, "films": [film], "links_until": job.ends_at + 86400}
            told["charge"] = {"units": f"{UNITS_A_SECOND * seconds:g}"}
        elif phase is Phase.BROKEN:
            why = "house rules" if job.result_of_job is Result.BARRED else "the brush broke"
            told |= {"over_at": job.ends_at, "why": why, "charge": {"units": "0.1"}}
        return told


class _Handler(BaseHTTPRequestHandler):
    """Hands what arrives to the service."""

    service: ClassVar[SecondService]
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and content leave together: apart, the second would wait for an acknowledgement

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        reply = self.service.reply(
            Request(
                method=self.command,
                path=parts.path,
                query={name: values[-1] for name, values in parse_qs(parts.query).items()},
                ticket=self.headers.get("X-Ticket", ""),
                content=content,
            )
        )
        self.close_connection = reply is None
        if reply is None:
            return
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.content)))
        self.end_headers()
        self.wfile.write(reply.content)

    do_GET = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815  - the base class's names

    def log_message(self, *_: Any) -> None:
        """Be silent."""

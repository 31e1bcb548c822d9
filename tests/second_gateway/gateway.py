"""The gateway of the second service: what a contributor writes for a service of its own."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote

from airflow_provider_kling.exceptions import (
    BrokenRule,
    KlingAPIError,
    KlingAuthenticationError,
    KlingBadRequestError,
    KlingBalanceError,
    KlingCapacityError,
    KlingConnectionError,
    KlingDuplicateSubmissionError,
    KlingError,
    KlingMediaError,
    KlingNotFoundError,
    KlingProtocolError,
    KlingRateLimitError,
    KlingRequestError,
    KlingServerError,
    KlingSignatureExpiredError,
    KlingSubmissionUnknownError,
)
from airflow_provider_kling.gateways.base import (
    FileLimits,
    Gateway,
    LoggedRequest,
    ModelInfo,
    PublishedSchema,
    UploadedFile,
)
from airflow_provider_kling.gateways.encoded import EncodedRequest, FieldPath, MediaField
from airflow_provider_kling.gateways.json_values import amount, count, mapping, number, service_id, text
from airflow_provider_kling.http.credentials import Credentials, Signature
from airflow_provider_kling.http.message import Call, HttpRequest, HttpResponse, Operation
from airflow_provider_kling.http.task import (
    Resource,
    ResourceRole,
    Task,
    TaskFailure,
    TaskStatus,
)
from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.models import KlingRequest, Media, MediaLimits, ModelName, body_strings

# -- credentials --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TicketCredentials:
    """Signs with a ticket that is made from two keys and is valid for 60 s; it is replaced a bit earlier."""

    access: str
    secret: str = field(repr=False)

    lifetime_s: ClassVar[float] = 55.0

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.secret,)

    def sign(self, request: HttpRequest, *, now: float) -> Signature:
        del request
        seal = hmac.new(self.secret.encode(), f"{self.access}.{now}".encode(), hashlib.sha256).hexdigest()
        ticket = f"{self.access}.{now}.{seal}"
        return Signature(
            headers={"X-Ticket": ticket}, secrets=(ticket, seal), valid_until=now + self.lifetime_s
        )


# -- responses ----------------------------------------------------------------------------------------

_ERRORS: Mapping[int, tuple[type[KlingAPIError], bool]] = {
    1101: (KlingAuthenticationError, False),
    1104: (KlingSignatureExpiredError, True),
    1202: (KlingBalanceError, False),  # with status 429, and yet it does not pass
    2001: (KlingBadRequestError, False),
    2404: (KlingNotFoundError, False),
    3001: (KlingCapacityError, True),
    3002: (KlingRateLimitError, True),
    5000: (KlingServerError, True),
    5003: (KlingServerError, True),
}
"""By the service's code: the class, and whether it is transient."""
_TAKEN = 2009
_MAY_HAVE_TAKEN_EFFECT = frozenset({5000})


def payload(response: HttpResponse) -> Any:
    """Return what a response holds, or raise the error that it is. The status tells nothing."""
    envelope = mapping(response.json())
    verdict = envelope.get("verdict")
    if verdict == 0:
        return envelope.get("payload")
    if not isinstance(verdict, int):
        raise KlingProtocolError(f"{response.request} was answered without a verdict")
    message = f"{response.request} was answered with {verdict}: {text(envelope.get('words'))}"
    if verdict == _TAKEN:
        raise KlingDuplicateSubmissionError(message)
    error_class, transient = _ERRORS.get(verdict, (KlingAPIError, False))
    raise error_class(message, status_code=response.status, code=str(verdict), transient=transient)


def explain_submission(error: KlingError) -> KlingError:
    """Tell a rejection from an unknown outcome."""
    unsent = isinstance(error, KlingConnectionError) and not error.request_sent
    if unsent or isinstance(error, KlingDuplicateSubmissionError):
        return error
    if isinstance(error, KlingAPIError) and int(error.code or 0) not in _MAY_HAVE_TAKEN_EFFECT:
        return error.with_context("No task was made.")
    return KlingSubmissionUnknownError(f"The outcome of the submission is unknown: {error}")


_STATUS = {"queued": TaskStatus.PENDING, "done": TaskStatus.SUCCESS, "broken": TaskStatus.FAILED}


def _moment(value: object) -> datetime | None:
    seconds = number(value)
    return None if seconds is None else datetime.fromtimestamp(seconds, tz=UTC)


def _task(told: Mapping[str, Any], *, response: HttpResponse) -> Task:
    task_id = service_id(told.get("number"), response=response)
    if task_id is None:
        raise KlingProtocolError(f"{response.request} was answered without a number")
    phase = text(told.get("phase")) or ""
    status = _STATUS.get(phase, TaskStatus.PROCESSING)
    why = text(told.get("why"))
    barred = why == "house rules"
    return Task(
        task_id=task_id,
        status=status,
        raw_status=phase,
        resources=tuple(
            Resource(
                url=str(film["link"]),
                type="video",
                role=ResourceRole.PRIMARY,
                duration_s=float(film["seconds"]),
                size=count(film.get("bytes")),
            )
            for film in told.get("films", ())
        ),
        cost=amount(mapping(told.get("charge")).get("units")),
        cost_unit="units" if told.get("charge") else None,
        submitted_at=_moment(told.get("made_at")),
        finished_at=_moment(told.get("over_at")),
        expires_at=_moment(told.get("links_until")),
        failure=TaskFailure(moderated=barred, message=why) if status is TaskStatus.FAILED else None,
    )


def _tasks(response: HttpResponse) -> list[tuple[Task, str | None]]:
    """Return the tasks in a response, each with its reference."""
    listed = payload(response)
    if not isinstance(listed, list):
        raise KlingProtocolError(f"{response.request} was answered without a list")
    return [(_task(one, response=response), text(one.get("reference"))) for one in map(mapping, listed)]


def _parse_task(response: HttpResponse, *, task_id: str) -> Task:
    for task, _ in _tasks(response):
        if task.task_id == task_id:
            return task
    raise KlingNotFoundError(
        f"The service does not know the task {task_id}", status_code=response.status, task_id=task_id
    )


def _parse_found(response: HttpResponse, *, key: str) -> Task | None:
    found = _tasks(response)
    if any(reference != key for _, reference in found):
        raise KlingProtocolError(f"{response.request} was answered about another reference")
    return found[0][0] if found else None


def _read(path: str, parse: Any, operation: Operation = Operation.OTHER, **params: str | int) -> Call[Any]:
    request = HttpRequest(method="GET", path=path, params=params)
    return Call(request=request, parse=parse, idempotent=True, operation=operation)


# -- capabilities -------------------------------------------------------------------------------------


class SecondRecovery:
    def find(self, key: str, *, exists: bool = False) -> Call[Task | None]:
        del exists
        return _read("/v7/jobs", partial(_parse_found, key=key), Operation.RECOVER, references=key)


class SecondTaskBatch:
    limit = 20

    def tasks(self, task_ids: Sequence[str]) -> Call[Mapping[str, Task]]:
        def parse(response: HttpResponse) -> Mapping[str, Task]:
            return {task.task_id: task for task, _ in _tasks(response)}

        return _read("/v7/jobs", parse, Operation.POLL, numbers=",".join(task_ids))


class SecondFiles:
    limits = FileLimits(max_bytes=8 * 1024**2, max_files=3, days=2)

    def upload(self, content: bytes, *, filename: str, content_type: str) -> Call[UploadedFile]:
        if len(content) > self.limits.max_bytes:
            raise KlingMediaError(f"{filename} is too large. Nothing was sent.")
        return Call(
            request=HttpRequest(
                method="PUT",
                path=f"/v7/uploads/{quote(filename, safe='')}",
                content=content,
                content_type=content_type,
            ),
            parse=lambda response: _file(mapping(payload(response)), response=response),
            idempotent=False,
            operation=Operation.OTHER,
        )

    def list(self) -> Call[list[UploadedFile]]:
        return _read(
            "/v7/uploads",
            lambda response: [_file(one, response=response) for one in map(mapping, payload(response))],
        )

    def delete(self, file_id: str) -> Call[None]:
        return Call(
            request=HttpRequest(method="DELETE", path=f"/v7/uploads/{quote(file_id, safe='')}"),
            parse=lambda response: payload(response) and None,
            idempotent=True,
            operation=Operation.OTHER,
        )


def _file(told: Mapping[str, Any], *, response: HttpResponse) -> UploadedFile:
    file_id, link = service_id(told.get("number"), response=response), text(told.get("link"))
    if file_id is None or link is None:
        raise KlingProtocolError(f"{response.request} was answered without a file")
    return UploadedFile(
        file_id=file_id, url=link, filename=text(told.get("name")), size=count(told.get("bytes"))
    )


class SecondAccount:
    unit = "units"

    def balance(self, *, now: float) -> Call[Decimal]:
        del now
        return _read("/v7/purse", lambda response: Decimal(payload(response)["left"]))

    def key_validation(self, *, now: float) -> Call[bool]:
        del now

        def parse(response: HttpResponse) -> bool:
            try:
                return bool(payload(response))
            except KlingAuthenticationError as error:
                if error.transient:
                    raise
                return False

        return _read("/v7/purse", parse)


class SecondRequestLog:
    def newest(self, *, entries: int, until: datetime) -> Call[list[LoggedRequest]]:
        def parse(response: HttpResponse) -> list[LoggedRequest]:
            return [
                LoggedRequest(
                    task_id=str(one["number"]), status=text(one["phase"]), created_at=_moment(one["at"])
                )
                for one in map(mapping, payload(response))
            ]

        return _read("/v7/diary", parse, most=entries, before=str(until.timestamp()))


class SecondCatalogue:
    def models(self) -> Call[list[ModelInfo]]:
        return _read(
            "/v7/products",
            lambda response: [
                ModelInfo(slug=one["name"], type=text(one["makes"]))
                for one in map(mapping, payload(response))
            ],
        )

    def schema(self, model: ModelName) -> Call[PublishedSchema]:
        def parse(response: HttpResponse) -> PublishedSchema:
            told = mapping(payload(response))
            return PublishedSchema(submit_url=text(told.get("send_to")), body=mapping(told.get("form")))

        return _read(f"/v7/products/{quote(model.slug, safe='')}/form", parse)

    def public_url(self, base_url: str) -> str:
        return base_url


# -- the gateway --------------------------------------------------------------------------------------

_KIND_OF_FIELD = {"images": "still", "videos": "clip"}
_SETTING_OF_FIELD: Mapping[str, tuple[str, Mapping[Any, Any] | None]] = {
    "duration": ("seconds", None),
    "aspect_ratio": ("shape", None),
    "mode": ("quality", {"std": 720, "pro": 1080}),
    "sound": ("track", {"on": "drawn", "off": "none"}),
    "multi_shot": ("cuts", None),
}
"""By the author's field: the service's, and its values where they differ."""
_UNUSED = frozenset({"prompt", "shot_type"})
_MODEL = "kling-video-o1"


class SecondGateway(Gateway):
    name: ClassVar[str] = "second"
    default_base_url: ClassVar[str] = "https://api.second.example"
    api_versions: ClassVar[tuple[str, ...]] = ("v7",)
    retention: ClassVar[timedelta] = timedelta(days=30)

    recovery = SecondRecovery()
    task_batch = SecondTaskBatch()
    files = SecondFiles()
    account = SecondAccount()
    request_log = SecondRequestLog()
    catalogue = SecondCatalogue()

    @classmethod
    def credentials(cls, *, login: str | None, password: str | None) -> Credentials:
        parts = {"login": login, "password": password}
        broken = [BrokenRule(field=name, rule="is required") for name, value in parts.items() if not value]
        if broken:
            raise KlingRequestError(subject="the Kling connection", broken=broken)
        return TicketCredentials(access=str(login), secret=str(password))

    def encode(
        self, request: KlingRequest, *, extra_parameters: Mapping[str, Any] | None = None
    ) -> EncodedRequest:
        body = request.body()
        contents: list[dict[str, Any]] = [{"kind": "words", "text": body.get("prompt", "")}]
        media = []
        for name, value, holds in _media(request):
            path: FieldPath = ("contents", len(contents), "source")
            contents.append({"kind": _KIND_OF_FIELD[name.partition("[")[0]], "source": value})
            media.append(MediaField(path=path, name=name, type=holds.type, value=value))
        settings = {}
        broken = []
        if request.model.slug != _MODEL:
            broken.append(BrokenRule(field="model", rule=f"must be {_MODEL!r}", value=str(request.model)))
        for name, value in body.items():
            if name in _SETTING_OF_FIELD:
                setting, values = _SETTING_OF_FIELD[name]
                settings[setting] = values[value] if values else value
            elif name not in _UNUSED and name not in _KIND_OF_FIELD:
                broken.append(BrokenRule(field=name, rule="cannot be expressed at this service"))
        if broken:
            raise KlingRequestError(subject=f"{request.model} at {self.label}", broken=broken)
        product = "film-one-edit" if body.get("videos") else "film-one"
        return EncodedRequest(
            model=product,
            path=f"/v7/jobs/{product}",
            body={"contents": contents, "settings": settings, **(extra_parameters or {})},
            media=tuple(media),
            limits={MediaType.IMAGE: MediaLimits(min_side=300)},
        )

    def submit(self, encoded: EncodedRequest, *, key: str) -> Call[Task]:
        reference = {"reference": key} if key else {}
        return Call(
            request=HttpRequest.json(
                method="POST", path=encoded.path, body={**encoded.body, **reference}, subject=encoded.model
            ),
            parse=lambda response: _task(mapping(payload(response)), response=response),
            explain=explain_submission,
            idempotent=False,
            operation=Operation.SUBMIT,
        )

    def task(self, task_id: str) -> Call[Task]:
        return _read("/v7/jobs", partial(_parse_task, task_id=task_id), Operation.POLL, numbers=task_id)


def _media(request: KlingRequest) -> Iterator[tuple[str, str, Media]]:
    for one in body_strings(request):
        if isinstance(one.holds, Media):
            yield one.name, one.value, one.holds

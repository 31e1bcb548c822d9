"""Kling's own open platform: submissions and polls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar, Final

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.gateways.base import Gateway, Recovery
from airflow_provider_kling.gateways.encoded import EncodedRequest
from airflow_provider_kling.gateways.kling import legacy, new_standard
from airflow_provider_kling.gateways.kling.access_key import AccessKey
from airflow_provider_kling.gateways.kling.account import KlingAccount
from airflow_provider_kling.gateways.kling.all_tasks import AllTasks, own_id
from airflow_provider_kling.gateways.kling.callbacks import KlingCallbacks
from airflow_provider_kling.gateways.kling.checks import CHECKS
from airflow_provider_kling.gateways.kling.draft import Draft, merged
from airflow_provider_kling.gateways.kling.envelope import explain_submission
from airflow_provider_kling.gateways.kling.product_tasks import ROOT, ProductTasks
from airflow_provider_kling.gateways.kling.sessions import IMMEDIATE_PATHS, KlingVideoSessions
from airflow_provider_kling.gateways.kling.task import KEPT, parse_immediate, parse_submission
from airflow_provider_kling.gateways.kling.task_reading import TaskReading
from airflow_provider_kling.http.credentials import BearerToken, Credentials
from airflow_provider_kling.http.message import (
    Call,
    HttpRequest,
    HttpResponse,
    Operation,
    encode_json,
)
from airflow_provider_kling.http.task import Task
from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.models import (
    KlingRequest,
    MediaLimits,
    ModelName,
    UncheckedRequest,
    find_model,
    inferred_rules,
)
from airflow_provider_kling.models.model import DEFAULT_PROVIDER

NEW: Final = "2026-07"
"""The new standard where it has the product, the legacy one for the others. It takes an API key only."""
LEGACY: Final = "v1"
"""The legacy standard for everything. It takes an access key, too."""

_MIB: Final = 1024**2
# Docs: each model's page. There is no upload, so the limits of videos are the platform's to check.
_SOUND: Final = MediaLimits(formats=("mp3", "wav", "m4a", "aac"), max_bytes=5 * _MIB)
_PICTURE: Final = MediaLimits(
    formats=("jpg", "jpeg", "png"), max_bytes=50 * _MIB, min_side=300, max_ratio=2.5
)
_LIMITS: Final = {MediaType.IMAGE: _PICTURE, MediaType.AUDIO: _SOUND}
_LEGACY_LIMITS: Final = {MediaType.IMAGE: replace(_PICTURE, max_bytes=10 * _MIB), MediaType.AUDIO: _SOUND}

_LEGACY_HINTS: Final = dict.fromkeys(
    ("negative_prompt", "cfg_scale", "camera_control"),
    f"; the connection's extra api_version={LEGACY!r} sends it through the legacy one",
)
_LINKS_ONLY: Final = frozenset({MediaType.VIDEO})

# They answer at once, and take no id of the caller's (docs: tts, image-recognize).
_SYNCHRONOUS: Final = frozenset({"/v1/audio/tts", "/v1/videos/image-recognize"}) | IMMEDIATE_PATHS


class KlingGateway(Gateway):
    """See :class:`~airflow_provider_kling.gateways.base.Gateway`.

    A submission carries the caller's id. The platform refuses a second one with the same id, and finds a task
    by it, so what became of a submission can always be told.

    The API version is that in which requests are written. How tasks are read, the credentials decide.
    """

    name: ClassVar[str] = "kling"
    regions: ClassVar[Mapping[str, str]] = {
        "global": "https://api-singapore.klingai.com",
        "china": "https://api-beijing.klingai.com",
    }
    default_base_url: ClassVar[str] = regions["global"]
    api_versions: ClassVar[tuple[str, ...]] = (NEW, LEGACY)
    retention: ClassVar[timedelta] = KEPT
    # Its documents name no limit of queries, but it has an error code for too many.
    assumed_requests_per_minute: ClassVar[int] = 300

    account = KlingAccount()
    video_sessions = KlingVideoSessions()
    callbacks = KlingCallbacks()

    @classmethod
    def credentials(cls, *, login: str | None, password: str | None) -> Credentials:
        """Return the API key, which is the password; or, with a login, the access key and its secret key."""
        login, password = (login or "").strip(), (password or "").strip()
        if not password:
            holds = "the secret key of the access key in the login" if login else "the API key"
            rule = BrokenRule(field="password", rule=f"is required: it holds {holds}")
            raise KlingRequestError(subject="the Kling connection", broken=[rule])
        return AccessKey(access_key=login, secret_key=password) if login else BearerToken(password)

    @classmethod
    def choose_version(cls, wanted: str | None, *, login: str | None) -> str:
        """Return the API version; with an access key, it can only be the legacy one."""
        if not login:
            return super().choose_version(wanted, login=login)
        if wanted not in (None, LEGACY):
            rule = f"must be {LEGACY!r} with an access key: the new standard takes an API key only"
            broken = BrokenRule(field="api_version", rule=rule, value=wanted)
            raise KlingRequestError(subject="the Kling connection", broken=[broken])
        return LEGACY

    def __init__(self, *, api_version: str, webhook_url: str | None = None, login: str | None = None) -> None:
        super().__init__(api_version=api_version, webhook_url=webhook_url)
        self._has_access_key = login is not None
        self._tasks: TaskReading = ProductTasks() if self._has_access_key else AllTasks()
        self.task_batch = self._tasks.batch

    def recovery_of(self, model: str, *, gateway: str) -> Recovery | None:
        """Return how a submission is found; None for what answers at once, and takes no id."""
        path = self._sent_to(model, gateway=gateway)
        return None if path in _SYNCHRONOUS else self._tasks.recovery(path=path)

    def readable_id(self, task_id: str, *, model: str, gateway: str) -> str:
        """Return the id by which a recorded task is read: with an access key, it names the product, too."""
        return self._tasks.readable_id(task_id, path=self._sent_to(model, gateway=gateway))

    def encode(
        self, request: KlingRequest, *, extra_parameters: Mapping[str, Any] | None = None
    ) -> EncodedRequest:
        """Write a request in the fields of the platform."""
        path, draft = self._path(request.model, api_version=self.api_version), Draft(request)
        if self._has_access_key and not path.startswith(ROOT):
            rule = "needs an API key: an access key has the legacy standard only, whose paths begin with /v1/"
            draft.broken.append(BrokenRule(field="model", rule=rule, value=str(request.model)))
        elif request.model.provider != DEFAULT_PROVIDER:
            draft.copy_all()
        else:
            self._translate(request, draft)
        subject = f"{request.model} at {self.label}"
        if draft.broken:
            raise KlingRequestError(subject=subject, broken=draft.broken)
        # What JSON cannot express is found before a file is read.
        encode_json({"extra_parameters": dict(extra_parameters or {})}, subject=subject)
        body = merged(draft.body, extra_parameters or {}, subject=subject)
        self._check_own_options(body, subject=subject)
        return EncodedRequest(
            model=str(request.model),
            path=path,
            body=body,
            media=tuple(draft.media),
            limits=_LEGACY_LIMITS if path.startswith(ROOT) else _LIMITS,
            links_only=_LINKS_ONLY,
        )

    def submit(self, encoded: EncodedRequest, *, key: str) -> Call[Task]:
        """Start a generation, with the key as the caller's id."""
        path = encoded.path
        options = {
            "external_task_id": key,
            **({"callback_url": self.webhook_url} if self.webhook_url else {}),
        }
        if path in _SYNCHRONOUS:
            body = encoded.body
        elif path.startswith(ROOT):
            body = {**encoded.body, **options}
        else:
            body = {**encoded.body, "options": {**encoded.body.get("options", {}), **options}}

        def parse(response: HttpResponse) -> Task:
            if path in _SYNCHRONOUS:
                return parse_immediate(response)
            return self._tasks.named(parse_submission(response), path=path)

        return Call(
            request=HttpRequest.json(method="POST", path=path, body=body, subject=encoded.model),
            parse=parse,
            explain=explain_submission,
            idempotent=False,
            operation=Operation.SUBMIT,
        )

    def own_id(self, task_id: str) -> str:
        """Return the platform's own id: with an access key, the product is in ours, too."""
        return own_id(task_id)

    def task(self, task_id: str) -> Call[Task]:
        """Read a task, of whichever product."""
        return self._tasks.task(task_id)

    def _sent_to(self, model: str, *, gateway: str) -> str:
        """Return where a recorded submission was sent."""
        return self._path(find_model(model).name, api_version=gateway.partition(" ")[2])

    def _path(self, model: ModelName, *, api_version: str) -> str:
        """Return where a model is sent.

        :raises KlingRequestError: it is one of the catalogue's that the platform does not offer.
        """
        if model.provider != DEFAULT_PROVIDER:
            return f"/{model.provider}/{model.slug}" if model.provider else model.slug
        if api_version != LEGACY and model.slug in new_standard.ROUTES:
            return new_standard.ROUTES[model.slug][0]
        if model.slug in legacy.PRODUCTS:
            return legacy.PRODUCTS[model.slug].path
        if model.slug not in new_standard.ROUTES:
            rule = "is not offered by Kling's own platform, or no longer"
        elif self._has_access_key:
            rule = "needs an API key here: the legacy standard does not have it"
        else:
            rule = f"is not in the legacy standard: leave out the connection's extra api_version={LEGACY!r}"
        broken = BrokenRule(field="model", rule=rule, value=str(model))
        raise KlingRequestError(subject=f"{model} at {self.label}", broken=[broken])

    def _translate(self, request: KlingRequest, draft: Draft) -> None:
        if isinstance(request, UncheckedRequest):
            rule = (
                "cannot be translated, as it breaks rules of the model (see the warning). The platform's own "
                "fields are sent as they are where `model` is a path, such as '/v1/videos/text2video'"
            )
            draft.broken.append(BrokenRule(field="parameters", rule=rule))
            return
        # They were inferred from the platform's own documents.
        draft.broken += inferred_rules(request)
        slug = request.model.slug
        for check in CHECKS.get(slug, ()):
            check(draft)
        if self.api_version != LEGACY and slug in new_standard.ROUTES:
            new_standard.ROUTES[slug][1](draft)
            draft.reject_rest("does not exist in the new standard", hints=_LEGACY_HINTS)
            return
        product = legacy.PRODUCTS[slug]
        if product.model_name is not None:
            draft.body["model_name"] = product.model_name
        product.encode(draft)
        draft.reject_rest("does not exist in the legacy standard")

    def _check_own_options(self, body: Mapping[str, Any], *, subject: str) -> None:
        """Refuse the caller's id in a request: with another than the recorded one, it could be paid twice."""
        options = body.get("options")
        places = (("external_task_id", body), ("options.external_task_id", options))
        rule = "must be left out: the provider sends the id that it has on record"
        broken = [
            BrokenRule(field=field, rule=rule)
            for field, place in places
            if isinstance(place, Mapping) and place.get("external_task_id")
        ]
        if options is not None and not isinstance(options, Mapping):
            broken.append(BrokenRule(field="options", rule="must be a dict", value=options))
        if broken:
            raise KlingRequestError(subject=subject, broken=broken)

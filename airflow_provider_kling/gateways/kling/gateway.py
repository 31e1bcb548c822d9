"""Kling's own open platform: submissions and polls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar, Final

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.gateways.base import Gateway, Recovery
from airflow_provider_kling.gateways.encoded import EncodedRequest
from airflow_provider_kling.gateways.kling import legacy, new_standard
from airflow_provider_kling.gateways.kling.access_key import AccessKey
from airflow_provider_kling.gateways.kling.callbacks import KlingCallbacks
from airflow_provider_kling.gateways.kling.capabilities import (
    TASKS_PATH,
    KlingAccount,
    KlingRecovery,
    KlingTaskBatch,
)
from airflow_provider_kling.gateways.kling.checks import CHECKS
from airflow_provider_kling.gateways.kling.draft import Draft, merged
from airflow_provider_kling.gateways.kling.envelope import explain_submission
from airflow_provider_kling.gateways.kling.legacy_tasks import (
    ROOT,
    LegacyRecovery,
    parse_legacy_submission,
    read_legacy_task,
)
from airflow_provider_kling.gateways.kling.sessions import IMMEDIATE_PATHS, KlingVideoSessions
from airflow_provider_kling.gateways.kling.task import KEPT, parse_immediate, parse_submission, parse_task
from airflow_provider_kling.http.credentials import BearerToken, Credentials
from airflow_provider_kling.http.message import Call, HttpRequest, Operation, encode_json
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
    """

    name: ClassVar[str] = "kling"
    regions: ClassVar[Mapping[str, str]] = {
        "global": "https://api-singapore.klingai.com",
        "china": "https://api-beijing.klingai.com",
    }
    default_base_url: ClassVar[str] = regions["global"]
    api_versions: ClassVar[tuple[str, ...]] = (NEW, LEGACY)
    retention: ClassVar[timedelta] = KEPT

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

    def __init__(self, *, api_version: str, webhook_url: str | None = None) -> None:
        super().__init__(api_version=api_version, webhook_url=webhook_url)
        if not self._is_legacy:
            self.recovery, self.task_batch = KlingRecovery(), KlingTaskBatch()

    @property
    def _is_legacy(self) -> bool:
        return self.api_version == LEGACY

    def recovery_of(self, model: str) -> Recovery | None:
        """Return how a submission is found; None for what answers at once, and takes no id."""
        path = self._path(find_model(model).name)
        if path in _SYNCHRONOUS:
            return None
        return LegacyRecovery(path=path) if self._is_legacy else self.recovery

    def encode(
        self, request: KlingRequest, *, extra_parameters: Mapping[str, Any] | None = None
    ) -> EncodedRequest:
        """Write a request in the fields of the platform."""
        path, draft = self._path(request.model), Draft(request)
        if request.model.provider != DEFAULT_PROVIDER:
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
        is_legacy = encoded.path.startswith(ROOT)
        options = {
            "external_task_id": key,
            **({"callback_url": self.webhook_url} if self.webhook_url else {}),
        }
        if encoded.path in _SYNCHRONOUS:
            body = encoded.body
        elif is_legacy:
            body = {**encoded.body, **options}
        else:
            body = {**encoded.body, "options": {**encoded.body.get("options", {}), **options}}
        parse = parse_legacy_submission if self._is_legacy else parse_submission
        return Call(
            request=HttpRequest.json(method="POST", path=encoded.path, body=body, subject=encoded.model),
            parse=parse_immediate if encoded.path in _SYNCHRONOUS else parse,
            explain=explain_submission,
            idempotent=False,
            operation=Operation.SUBMIT,
        )

    def own_id(self, task_id: str) -> str:
        """Return the platform's own id: with an access key, the product is in ours, too."""
        return task_id.rpartition(".")[2] if self._is_legacy else task_id

    def task(self, task_id: str) -> Call[Task]:
        """Read a task, of whichever product."""
        if self._is_legacy:
            return read_legacy_task(task_id)
        parse = partial(parse_task, task_id=task_id)
        return Call.read(TASKS_PATH, parse, params={"task_ids": task_id}, operation=Operation.POLL)

    def _path(self, model: ModelName) -> str:
        """Return where a model is sent.

        :raises KlingRequestError: it is one of the catalogue's that the platform does not offer.
        """
        if model.provider != DEFAULT_PROVIDER:
            return f"/{model.provider}/{model.slug}" if model.provider else model.slug
        if not self._is_legacy and model.slug in new_standard.ROUTES:
            return new_standard.ROUTES[model.slug][0]
        if model.slug in legacy.PRODUCTS:
            return legacy.PRODUCTS[model.slug].path
        only_new = "needs an API key here: the legacy standard does not have it"
        rule = (
            only_new
            if model.slug in new_standard.ROUTES
            else "is not offered by Kling's own platform, or no longer"
        )
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
        if not self._is_legacy and slug in new_standard.ROUTES:
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

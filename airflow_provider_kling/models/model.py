"""One model: its name, its facts, and the check of request parameters against them."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError, KlingRequestWarning
from airflow_provider_kling.media_type import MediaType
from airflow_provider_kling.models.facts import ModelType, ModelVersion

if TYPE_CHECKING:
    from airflow_provider_kling.models.request import KlingRequest

T = TypeVar("T")

DEFAULT_PROVIDER = "kling"
# What a path can hold; a longer or stranger text is not the name of a model.
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True)
class ModelName:
    """A model at the service. Names are case-sensitive (docs: error-handling).

    :param provider: whose model it is, such as ``kling``; empty for a path of the service's own.
    :param slug: its name at the provider, such as ``kling-v2.6-t2v``; or the path.
    """

    provider: str
    slug: str

    def __str__(self) -> str:
        """Read as authors write it: Kling's own models without their provider."""
        return self.slug if self.provider in (DEFAULT_PROVIDER, "") else f"{self.provider}/{self.slug}"


def parse_name(text: str) -> ModelName | None:
    """Parse ``model``, ``provider/model`` or a path such as ``/a/b``; None for any other text."""
    if text.startswith("/"):
        steps = text[1:].split("/")
        return ModelName("", text) if len(steps) > 1 and all(map(_PART.fullmatch, steps)) else None
    provider, slash, slug = text.rpartition("/")
    parts = (provider if slash else DEFAULT_PROVIDER, slug)
    return ModelName(*parts) if all(map(_PART.fullmatch, parts)) else None


def warn(message: str) -> None:
    """Warn of a request. Airflow shows the warning in the task's log too."""
    # The level of the author's code is not known, and Python shows each text once for each place.
    warnings.warn(message, KlingRequestWarning, stacklevel=2)


@dataclass(frozen=True, kw_only=True)
class KlingModel:
    """A model; :func:`~airflow_provider_kling.models.find_model` finds it by its name.

    :param slug: the model's name at its provider.
    :param provider: whose model it is.
    :param type: None for a model that this release does not know.
    :param versions: the API versions that document the model, the oldest first.
    :param documented_path: the submit path as the model's page prints it; None where no page was seen.
    :param retired: the day from which the service may answer 404.
    :param left_documents: the last day on which the documents listed the model.
    :param successor: the model to use instead (this package's advice).
    :param kept_days: for how many days results are kept, where the model's page says it.
    :param expected_s: shortest and longest usual generation time, in seconds (inferred). It only paces the
        polling.
    :param note: what a user should know and no other parameter says.
    """

    slug: str
    provider: str = DEFAULT_PROVIDER
    type: ModelType | None
    versions: tuple[ModelVersion, ...]
    documented_path: str | None = None
    retired: date | None = None
    left_documents: date | None = None
    successor: str | None = None
    kept_days: int | None = None
    expected_s: tuple[float, float] = (60.0, 300.0)
    note: str = ""

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Self:
        """Read the content of a facts file."""
        shortest, longest = facts["expected_seconds"]
        return cls(
            slug=facts["slug"],
            provider=facts["provider"],
            type=ModelType(facts["type"]),
            versions=tuple(ModelVersion.from_facts(*item) for item in facts["api_versions"].items()),
            documented_path=facts["documented_path"],
            retired=_date(facts.get("retired")),
            left_documents=_date(facts.get("left_documents")),
            successor=facts.get("successor"),
            kept_days=facts.get("kept_days"),
            expected_s=(float(shortest), float(longest)),
            note=facts.get("note", ""),
        )

    @property
    def name(self) -> ModelName:
        """The model's name at the service."""
        return ModelName(self.provider, self.slug)

    @property
    def output(self) -> MediaType | None:
        """What the model makes; None where that is not known."""
        return self.type.output if self.type else None

    @property
    def fields(self) -> frozenset[str]:
        """The names of all parameters, in every API version."""
        return frozenset[str]().union(*(version.fields for version in self.versions))

    def distinctive_fields(self, version: ModelVersion) -> frozenset[str]:
        """Return the parameters that only one of the model's API versions has.

        :param version: that one.
        :return: the names of the parameters; for a model in one API version, all of them.
        """
        others = (other.fields for other in self.versions if other is not version)
        return version.fields.difference(*others)

    def choose_version(
        self, parameters: Mapping[str, Any], *, api_version: str | None = None
    ) -> ModelVersion:
        """Return the API version that the author of ``parameters`` writes for.

        Its distinctive fields tell it. Without any, it is ``api_version`` where the model has that, else the
        oldest.

        :param parameters: the model's fields; None counts as not given.
        :param api_version: the label of an API version.
        :return: the API version.
        :raises KlingRequestError: ``parameters`` is no dict, or has distinctive fields of several API
            versions.
        """
        if not isinstance(parameters, Mapping):
            rule = BrokenRule(field="parameters", rule="must be a dict", value=parameters)
            raise KlingRequestError(subject=str(self.name), broken=[rule])
        given = {name for name, value in parameters.items() if value is not None}
        found = {
            version.api_version: names
            for version in self.versions
            if (names := sorted(given & self.distinctive_fields(version)))
        }
        if len(found) > 1:
            raise KlingRequestError(subject=str(self.name), broken=list(_mixed(parameters, found)))
        (wanted,) = found or {api_version}
        return next((one for one in self.versions if one.api_version == wanted), self.versions[0])

    def parse(
        self,
        parameters: Mapping[str, Any],
        *,
        api_version: str | None = None,
        rendered: bool = False,
        templated: AbstractSet[str] = frozenset(),
    ) -> KlingRequest:
        """Check request parameters. Rules that are only inferred warn, and the request is made all the same.

        :param parameters: the model's fields; None counts as not given.
        :param api_version: the API version to check against when the fields fit several; see
            :meth:`choose_version`.
        :param rendered: the values come from templates, which turn numbers, booleans and lists into text;
            they are turned back.
        :param templated: the fields that were written as templates.
        :return: the request.
        :raises KlingRequestError: one or more documented rules are broken, or a template has no value where
            even an inferred rule requires one; the message names each.
        """
        self.warn()
        version = self.choose_version(parameters, api_version=api_version)
        request_class = version.request_class
        given = request_class.unquoted(parameters, templated=templated) if rendered else parameters
        try:
            return request_class.for_model(self.name, version, given)
        except KlingRequestError as error:
            if version.is_enforced:
                raise
            # The author meant to give these, so that the request is not the one that was meant.
            empty = [one for one in error.broken if one.value is None and _name(one) in templated]
            if empty:
                raise KlingRequestError(subject=error.subject, broken=empty) from None
            from airflow_provider_kling.models.request import UncheckedRequest

            _warn_of_inferred(error)
            return UncheckedRequest.for_model(self.name, version, given)

    def check_known(self, parameters: Mapping[str, Any], *, unknown: AbstractSet[str]) -> KlingRequest | None:
        """Check what can be checked while the fields ``unknown`` (templates, for example) have no value yet.

        :return: a request with the other fields, where these make one.
        :raises KlingRequestError: a documented rule is broken whatever the values of ``unknown`` will be.
        """
        self.warn()
        found = _certain(lambda: self.choose_version(parameters), unknown=unknown)
        if found is None:
            return None
        if isinstance(found, KlingRequestError):
            raise found
        known = {name: value for name, value in parameters.items() if name not in unknown}
        broken: list[KlingRequestError] = []
        versions = [found, *self._other_versions(found, known, unknown=unknown)]
        for version in versions:
            checked = _certain(
                partial(version.request_class.for_model, self.name, version, known), unknown=unknown
            )
            if not isinstance(checked, KlingRequestError):
                return checked if version is found else None
            broken.append(checked)
        if all(version.is_enforced for version in versions):
            raise broken[0]
        _warn_of_inferred(broken[0])
        return None

    def _other_versions(
        self, version: ModelVersion, known: Mapping[str, Any], *, unknown: AbstractSet[str]
    ) -> list[ModelVersion]:
        """Return the API versions that it may turn out to be, when the unknown fields have their values."""
        if any(known.get(name) is not None for name in self.distinctive_fields(version)):
            return []
        others = (other for other in self.versions if other is not version)
        # Without any distinctive field, as where a template has no value, it is the oldest.
        return [one for one in others if one is self.versions[0] or self.distinctive_fields(one) & unknown]

    def warn(self) -> None:
        """Warn of a model that is retired, has left the documents, or is not known."""
        instead = f"Use {self.successor!r} instead." if self.successor else "No other model replaces it."
        if self.type is None:
            warn(f"{self.name}: {self.note}")
        elif self.retired:
            warn(
                f"{self.name} was retired on {self.retired}; the service may answer 404, and bills nothing "
                f"then. {instead}"
            )
        elif self.left_documents:
            warn(f"{self.name} left the service's documents after {self.left_documents}. {instead}")


def _certain(check: Callable[[], T], *, unknown: AbstractSet[str]) -> T | KlingRequestError | None:
    """Return what a check returns, or its error with the rules that no value of the unknown fields can mend.

    :return: None where no such rule is broken, but others may be.
    """
    try:
        return check()
    except KlingRequestError as error:
        certain = [rule for rule in error.broken if not (rule.involves | {rule.field}) & unknown]
        return KlingRequestError(subject=error.subject, broken=certain) if certain else None


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _name(rule: BrokenRule) -> str:
    return rule.field.partition("[")[0]


def _mixed(parameters: Mapping[str, Any], found: Mapping[str | None, list[str]]) -> Iterator[BrokenRule]:
    """Yield the distinctive fields of all API versions but the one that has most of the given ones."""
    main = max(found, key=lambda api_version: len(found[api_version]))
    involved = frozenset[str]().union(*found.values())
    for api_version, names in found.items():
        for name in names if api_version != main else ():
            yield BrokenRule(
                field=name,
                rule=f"is a field of API version {api_version}, but {', '.join(found[main])} of {main}; "
                "the fields of one request must be of one API version",
                value=parameters[name],
                involves=involved,
            )


def _warn_of_inferred(error: KlingRequestError) -> None:
    lines = "".join(f"\n  - {rule}" for rule in error.broken)
    warn(
        f"{error.subject}: rules are broken that are only inferred, as the model's documents were never "
        f"seen. The request is sent all the same; the service may refuse it, and bills nothing then.{lines}"
    )

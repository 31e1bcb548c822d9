"""Checks the body of a request against everything that is known of its endpoint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from airflow_provider_kling.sandbox.core.schema_checker import Schema, first_violation
from airflow_provider_kling.sandbox.kling.service.endpoint import Endpoint, Generation
from airflow_provider_kling.sandbox.kling.service.rejection import Code, Rejection, invalid
from airflow_provider_kling.sandbox.kling.service.rules import first_problem
from airflow_provider_kling.sandbox.kling.service.subject import Holdings, Subject

# Withdrawn; the text is from a real response, that its code is 1201 is inferred.
_DISCONTINUED: Final = ("kling-v1",)


def check_body(
    endpoint: Endpoint, body: Any, *, holdings: Holdings, allow_unknown: bool = False
) -> Mapping[str, Any]:
    """Return the fields of a body that the endpoint has, without empty texts, which mean "not given".

    :param allow_unknown: ignore fields that the endpoint does not have.
    :raises Rejection: 400 for the first rule that is broken.
    """
    if not isinstance(body, dict):
        raise Rejection(Code.PARAMETERS)
    given = _without_empty(body)
    _check_model(endpoint, given)
    violation = first_violation(endpoint.schema, given, allow_unknown=allow_unknown)
    if violation is not None:
        raise invalid(violation.detail)
    if endpoint.contents:
        for problem in _content_problems(endpoint, given["contents"], allow_unknown=allow_unknown):
            raise invalid(problem)
    given = _known(given, endpoint)
    for problem in _address_problems(given, endpoint.schema):
        raise invalid(problem)
    broken = first_problem(Subject(endpoint=endpoint, body=given, holdings=holdings))
    if broken is not None:
        raise invalid(broken)
    return given


def callback_url_of(body: Mapping[str, Any]) -> str | None:
    """Return where a checked body wants to be called back."""
    return _options(body).get("callback_url")


def external_id_of(body: Mapping[str, Any]) -> str | None:
    """Return the caller's own id in a checked body."""
    return _options(body).get("external_task_id")


def wants_watermark(body: Mapping[str, Any]) -> bool:
    """Whether a checked body asks for a copy with a watermark."""
    return bool(_options(body).get("watermark_info", {}).get("enabled", False))


def _options(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return where the common fields are: in ``options`` (new standard), or in the body (legacy)."""
    options: Mapping[str, Any] = body.get("options", {}) if "options" in body else body
    return options


def _without_empty(body: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out fields that are empty texts, as the vendor's examples have them."""
    given = {name: value for name, value in body.items() if value != ""}
    if isinstance(options := given.get("options"), dict):
        given["options"] = {name: value for name, value in options.items() if value != ""}
    return given


def _known(body: Mapping[str, Any], endpoint: Endpoint) -> dict[str, Any]:
    """Leave out what the endpoint does not have: nothing that was not checked is used."""
    known: dict[str, Any] = _known_part(body, endpoint.schema)
    if endpoint.contents:
        known["contents"] = [
            _known_part(content, endpoint.contents[content["type"]].schema) for content in body["contents"]
        ]
    return known


def _known_part(value: Any, rule: Schema) -> Any:
    match value:
        case dict() if "properties" in rule:
            members = rule["properties"]
            return {name: _known_part(value[name], members[name]) for name in members if name in value}
        case list() if "items" in rule:
            return [_known_part(item, rule["items"]) for item in value]
        case _:
            return value


def _check_model(endpoint: Endpoint, body: Mapping[str, Any]) -> None:
    if endpoint.generation is Generation.NEW or not endpoint.default_model:
        return
    name = body.get("model_name", endpoint.default_model)
    if isinstance(name, str) and name in _DISCONTINUED:
        raise invalid(f"The model '{name}' has been discontinued and is no longer available.")


def _content_problems(endpoint: Endpoint, contents: list[Any], *, allow_unknown: bool) -> Iterator[str]:
    types = Counter[str]()
    for index, content in enumerate(contents):
        name = content.get("type")
        if not isinstance(name, str) or name not in endpoint.contents:
            choices = ", ".join(f"'{choice}'" for choice in endpoint.contents)
            yield f"parameter 'contents[{index}].type' must be one of {choices}"
            return
        known = endpoint.contents[name]
        violation = first_violation(
            known.schema, content, name=f"contents[{index}]", allow_unknown=allow_unknown
        )
        if violation is not None:
            yield violation.detail
        types[name] += 1
        yield from _address_problems(content, known.schema, f"contents[{index}].")
    for name, known in endpoint.contents.items():
        if types[name] < known.low:
            yield f"parameter 'contents' must have a '{name}'"
        if known.high is not None and types[name] > known.high:
            yield f"parameter 'contents' may have at most {known.high} of '{name}', got {types[name]}"


def _address_problems(value: Any, schema: Schema, prefix: str = "") -> Iterator[str]:
    """Yield the fields that must be an address on the web and are none: videos, and what is called back."""
    for name, rule in schema.get("properties", {}).items():
        if not isinstance(value, dict) or name not in value or not isinstance(rule, dict):
            continue
        member = value[name]
        is_address = name == "callback_url" or rule.get("x-media") == "video"
        if is_address and isinstance(member, str) and not _is_web_address(member):
            yield f"parameter '{prefix}{name}' must be an http or https URL"
        yield from _address_problems(member, rule, f"{prefix}{name}.")
        if isinstance(member, list):
            for index, item in enumerate(member):
                yield from _address_problems(item, rule.get("items", {}), f"{prefix}{name}[{index}].")


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False

"""Write ``docs/models.md``: every model with its parameters, from the facts and the request classes.

usage: python -m dev.models_page [--facts-dir FOLDER] FILE
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from airflow_provider_kling.catalogue.drift import FieldRules, field_rules
from airflow_provider_kling.models import (
    KlingModel,
    KlingRequest,
    ModelRegistry,
    ModelType,
    ModelVersion,
    Price,
    list_models,
)

_INTRODUCTION = """\
# Models

<!-- Written by `make models` from airflow_provider_kling/models; edit there. -->

Every Kling model that this release knows, for `KlingGenerateOperator(model=...)`, `@task.kling_generate`
and `parse_request`. Any other model of a service can be named as `provider/model`, or by its path, such as
`/v1/videos/text2video`: its parameters are sent unchecked, with a warning.

Models that are in API version `2026-07` alone exist on Kling's own platform only (the gateway `kling`). Which
of the others it offers is in [gateways.md](gateways.md).

Each row of a table is a model in one API version. An *API version* is a set of field names and rules that the
service published together. The fields that only one API version has decide which one a request is for; a
request without any is for the oldest. *Documented* rules are enforced: a request that breaks one is refused
before it is sent. Rules that are only *inferred*, from similar models or from Kling's own platform, warn, and
the request is sent all the same.

Prices are in USD, as they were published on the given date, and for information only: the service decides
what it bills. `python -m airflow_provider_kling.catalogue check` compares this release with what the service
publishes today. All facts are in `airflow_provider_kling/models/facts` and, for what only Kling's own
platform has, in `airflow_provider_kling/models/platform_facts`: one file for each model.
"""


def models_page(models: Iterable[KlingModel]) -> str:
    """Return the page as Markdown."""
    parts = [_INTRODUCTION]
    for kind in ModelType:
        of_type = sorted(
            (model for model in models if model.type is kind),
            key=lambda model: (model.retired is not None, model.slug),
        )
        if of_type:
            parts += [f"## {kind.replace('-', ' ').capitalize()}\n", *_table_of_models(of_type)]
    parts.append("## Request parameters\n")
    for request, slugs in _slugs_by_request(models).items():
        parts += _section(request, slugs)
    return "\n".join(parts)


def _slugs_by_request(models: Iterable[KlingModel]) -> Mapping[type[KlingRequest], list[str]]:
    found: dict[type[KlingRequest], list[str]] = {}
    for model in models:
        for version in model.versions:
            found.setdefault(version.request_class, []).append(model.slug)
    return dict(sorted(found.items(), key=lambda item: item[0].__name__))


def _table_of_models(models: list[KlingModel]) -> list[str]:
    return [
        "| model | API version | request | facts | price | path on its page | notes |",
        "|---|---|---|---|---|---|---|",
        *(f"| {' | '.join(_row(model, version))} |" for model in models for version in model.versions),
        "",
    ]


def _row(model: KlingModel, version: ModelVersion) -> Iterator[str]:
    yield f"`{model.slug}`"
    yield str(version.api_version)
    yield f"[`{version.request}`](#{version.request.lower()})"
    yield _facts(version)
    yield _price(version.price)
    # The page and the notes are about the model; its first row has them.
    is_first = version is model.versions[0]
    path = f"`{model.documented_path}`" if model.documented_path else "not seen"
    yield path if is_first else ""
    yield "; ".join(_notes(model)) if is_first else ""


def _facts(version: ModelVersion) -> str:
    sources = "; ".join(version.sources)
    certainty = "" if sources.startswith(version.certainty) else f"{version.certainty}: "
    dated = f" ({version.as_of})" if version.as_of and version.as_of not in sources else ""
    return f"{certainty}{sources}{dated}"


def _price(price: Price | None) -> str:
    if price is None:
        return "unknown"
    amounts = [f"{amount} {tier}" for tier, amount in price.usd.items()]
    amounts += [f"{amount} {tier} with audio" for tier, amount in price.usd_with_audio.items()]
    only = ["lowest and highest price"] if price.range else []
    return "<br>".join([*amounts, *only, f"{price.unit}, {price.as_of or 'no date'}"])


def _notes(model: KlingModel) -> Iterator[str]:
    if model.retired:
        yield f"**retired {model.retired}**"
    if model.left_documents:
        yield f"**left the documents after {model.left_documents}**"
    if model.successor:
        yield f"use `{model.successor}`"
    if model.kept_days:
        yield f"results are kept for {model.kept_days} days"
    if model.note:
        yield model.note


def _section(request: type[KlingRequest], slugs: list[str]) -> Iterator[str]:
    summary, meanings = read_docstring(request)
    yield f"### {request.__name__}\n"
    yield f"{summary} For {', '.join(f'`{slug}`' for slug in dict.fromkeys(slugs))}.\n"
    yield "| field | values | meaning |"
    yield "|---|---|---|"
    fields = field_rules(request.model_json_schema())
    for name, rules in sorted(fields.items(), key=lambda item: not item[1]["required"]):
        required = "**required** " if rules["required"] else ""
        yield f"| `{name}` | {required}{_values(rules)} | {meanings[name]} |"
    yield ""


def _values(rules: FieldRules) -> str:
    kind = rules.get("type", "any value")
    words = [f"list of {_values(rules['items'])}" if kind == "array" else str(kind)]
    if choices := rules.get("enum"):
        words = [" \\| ".join(f"`{choice}`" for choice in choices)]
    for low, high, unit in (
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " items"),
    ):
        if bounds := _bounds(rules.get(low), rules.get(high)):
            words.append(f"{bounds}{unit.removesuffix('s') if bounds == '1' else unit}")
    return ", ".join(words)


def _bounds(low: float | None, high: float | None) -> str:
    if high is None:
        return f"at least {low:g}" if low is not None and low > 1 else ""
    if low is None:
        return f"at most {high:g}"
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def read_docstring(request: type[KlingRequest]) -> tuple[str, Mapping[str, str]]:
    """Return the first paragraph of a request class, and the meaning of each field, as Markdown.

    Several classes can have a field from one base, which then says what it means. What a class says itself
    is more precise.
    """
    meanings: dict[str, str] = {}
    for kind in reversed(request.__mro__[: request.__mro__.index(KlingRequest)]):
        found = re.findall(r":param (\w+):\s*(.*?)(?=\n\s*:param |\Z)", _docstring(kind), re.DOTALL)
        meanings |= {name: _flat(meaning) for name, meaning in found}
    return _flat(_docstring(request).partition("\n\n")[0]), meanings


def _docstring(kind: type) -> str:
    return inspect.cleandoc(kind.__doc__ or "")


def _flat(text: str) -> str:
    return " ".join(text.split()).replace("``", "`").replace("|", "\\|")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m dev.models_page", description="Write docs/models.md.")
    parser.add_argument("file", type=Path, help="the file to write")
    parser.add_argument("--facts-dir", type=Path, help="the folder of fact files (default: the package's)")
    given = parser.parse_args(arguments)
    known = list_models() if given.facts_dir is None else ModelRegistry(given.facts_dir).all()
    given.file.write_text(models_page(known), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

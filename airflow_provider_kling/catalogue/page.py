"""The page ``docs/models.md``: every model, and what may be asked of it. Written from the code."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping

from airflow_provider_kling.catalogue.facts import Facts, facts_of
from airflow_provider_kling.models import MODELS, KlingModel, KlingRequest

_INTRODUCTION = """\
# Models

<!-- Written by `make models` from airflow_provider_kling/requests; edit there. -->

Every Kling model that this release knows, for `KlingGenerateOperator(model=...)`, `@task.kling_generate`
and `parse_request`. Any other model of the service can be named as `provider/model`: what is asked of it is
sent unchecked, with a warning.

The facts are those of the service's documents (one page a model at docs.modellix.ai, up to July 2026), its
blog (kling-o1-api of 2026-09-10, ai-video-model-api-pricing-comparison of 2026-09-15, kling-3-0-api) and
its list of pages of 2026-07-16, gathered up to 2026-11-22. Prices are as they were published on the day
that stands there, in USD, and for information only: what is billed is the service's word. `python -m
airflow_provider_kling.catalogue check` compares this release with what the service publishes today.

*Documented* facts are enforced: a request that breaks one is refused before it is sent. What is only
*inferred*, from sibling models or from Kling's own platform, warns, and the request is sent all the same.
*Contract* is the generation of field names: a model with both takes either. Every model is submitted to
`/api/v1/kling/<model>`, and to the older `/api/v1/kling/<model>/async`.
"""


def models_page() -> str:
    """Return the page as Markdown."""
    parts = [_INTRODUCTION]
    for kind in dict.fromkeys(model.kind for model in MODELS):
        models = [model for model in MODELS if model.kind is kind]
        parts += [f"## {str(kind).capitalize()}\n", *_table_of_models(models)]
        for request in dict.fromkeys(request for model in models for request in model.requests):
            parts += _section(request, [model for model in models if request in model.requests])
    return "\n".join(parts)


def _table_of_models(models: list[KlingModel]) -> list[str]:
    return [
        "| model | requests (contract) | facts | page's path | price | notes |",
        "|---|---|---|---|---|---|",
        *(f"| {' | '.join(_row(model))} |" for model in models),
        "",
    ]


def _row(model: KlingModel) -> Iterator[str]:
    yield f"`{model.slug}`"
    yield "<br>".join(f"`{request.__name__}` ({request.api_version})" for request in model.requests)
    yield model.certainty
    yield f"`{model.documented_path}`" if model.documented_path else "not seen"
    yield _price(model)
    yield "; ".join(_notes(model))


def _price(model: KlingModel) -> str:
    if model.price is None:
        return "unknown"
    amounts = "<br>".join(f"{amount} {what}" for what, amount in model.price.amounts.items())
    return f"{amounts}<br>{model.price.unit}, {model.price.as_of or 'no date'}"


def _notes(model: KlingModel) -> Iterator[str]:
    if model.retired:
        yield f"**retired {model.retired}**"
    if model.left_documents:
        yield f"**left the documents after {model.left_documents}**"
    if model.successor:
        yield f"use `{model.successor}`"
    if model.note:
        yield model.note


def _section(request: type[KlingRequest], models: list[KlingModel]) -> Iterator[str]:
    summary, meanings = read_docstring(request)
    yield f"### {request.__name__}\n"
    shared_by = "" if request.single_slug else f" For {', '.join(f'`{model.slug}`' for model in models)}."
    yield f"{summary}{shared_by}\n"
    yield "| field | values | meaning |"
    yield "|---|---|---|"
    for name, facts in facts_of(request.model_json_schema()).items():
        required = "**required** " if facts["required"] else ""
        yield f"| `{name}` | {required}{_values(facts)} | {meanings[name]} |"
    yield ""


def _values(facts: Facts) -> str:
    kind = facts.get("type", "any value")
    words = [f"list of {_values(facts['items'])}" if kind == "array" else str(kind)]
    if choices := facts.get("enum"):
        words = [" \\| ".join(f"`{choice}`" for choice in choices)]
    for low, high, unit in (
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " items"),
    ):
        if bounds := _bounds(facts.get(low), facts.get(high)):
            words.append(f"{bounds}{unit.removesuffix('s') if bounds == '1' else unit}")
    return ", ".join(words)


def _bounds(low: float | None, high: float | None) -> str:
    if high is None:
        return f"at least {low:g}" if low is not None and low > 1 else ""
    if low is None:
        return f"at most {high:g}"
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def read_docstring(request: type[KlingRequest]) -> tuple[str, Mapping[str, str]]:
    """Return a request class's first paragraph, and the meaning of each field, as Markdown.

    Fields that a class inherits are explained where they are declared.
    """
    meanings: dict[str, str] = {}
    for base in reversed(request.__mro__):
        if issubclass(base, KlingRequest):
            found = re.findall(r":param (\w+):\s*(.*?)(?=\n\s*:param |\Z)", base.__doc__ or "", re.DOTALL)
            meanings |= {name: _flat(text) for name, text in found}
    return _flat(inspect.cleandoc(request.__doc__ or "").partition("\n\n")[0]), meanings


def _flat(text: str) -> str:
    return " ".join(text.split()).replace("``", "`").replace("|", "\\|")

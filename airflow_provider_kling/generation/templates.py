"""Which arguments have their value when the DAG is parsed, and which only at run time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError

_JINJA = ("{{", "{%", "{#")
# The variables of a template that are of the DAG run: the same for all its tasks.
_RUN_NAMES = frozenset(
    {
        *("dag", "dag_run", "run_id", "logical_date", "ds", "ds_nodash", "ts", "ts_nodash"),
        *("ts_nodash_with_tz", "data_interval_start", "data_interval_end", "var", "conn"),
    }
)


def is_rendered_later(value: object) -> bool:
    """Tell whether a value is, or holds, a template, an XComArg or anything else that Airflow resolves."""
    if isinstance(value, str):
        return any(mark in value for mark in _JINJA)
    if isinstance(value, Mapping):
        return any(is_rendered_later(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(is_rendered_later(item) for item in value)
    return not isinstance(value, int | float | bool | None)


def is_same_in_a_run(text: str) -> bool:
    """Tell whether a text is certainly the same for all map indexes of a task, and in all passes of a loop.

    It is where it has no template, or one that uses nothing but the names of the run. ``params`` are not
    among them: a mapped task can have others for each map index.
    """
    if not is_rendered_later(text):
        return True
    from jinja2 import Environment, TemplateError, nodes  # only now: most DAGs do not need it while parsed

    try:
        parsed = Environment(autoescape=True).parse(text)
    except TemplateError:  # such as a tag of an extension
        return False
    if any(one.name == "random" for one in parsed.find_all(nodes.Filter)):
        return False
    return all(name.name in _RUN_NAMES for name in parsed.find_all(nodes.Name))


def known_now(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments whose value is known while the DAG is parsed."""
    return {name: value for name, value in arguments.items() if not is_rendered_later(value)}


def rendered_later(arguments: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the arguments whose value is not known yet."""
    return frozenset(name for name, value in arguments.items() if is_rendered_later(value))


def decided_later(arguments: Mapping[str, Any], *, fields: Collection[str]) -> frozenset[str]:
    """Return the names of the arguments whose value is not known yet, and of all others of the fields."""
    return rendered_later(arguments) | {name for name in fields if arguments.get(name) is None}


def without_rendered_none(written: Any, rendered: Any, *, field: str = "") -> Any:
    """Return rendered values, with None for each template that had no value; deeper inside, without it.

    Jinja renders None as the text ``None``, which would be sent, and paid for, as a text. A field that is
    None is not sent, but what is inside a field is. What is written as None stays.

    :param written: the same values before they were rendered.
    :param field: what an error calls them; empty for the fields of a request.
    :raises KlingRequestError: an item of a list has no value. It cannot be left out as a field is.
    """
    if isinstance(written, str):
        is_none = isinstance(rendered, str) and rendered.strip() == "None" and is_rendered_later(written)
        return None if is_none else rendered
    if isinstance(written, Mapping) and isinstance(rendered, Mapping):
        values = {
            name: without_rendered_none(written.get(name), value, field=f"{field}.{name}".strip("."))
            for name, value in rendered.items()
        }
        return {
            name: value
            for name, value in values.items()
            if value is not None or not field or not is_rendered_later(written.get(name))
        }
    both_lists = isinstance(written, list | tuple) and isinstance(rendered, list | tuple)
    if both_lists and len(written) == len(rendered):
        return [
            _item(*pair, field=f"{field}[{number}]")
            for number, pair in enumerate(zip(written, rendered, strict=True))
        ]
    return rendered


def _item(written: Any, rendered: Any, *, field: str) -> Any:
    item = without_rendered_none(written, rendered, field=field)
    if item is None and is_rendered_later(written):
        rule = BrokenRule(field=field, rule="must have a value; what it is rendered from has none")
        raise KlingRequestError(subject="a template", broken=[rule])
    return item

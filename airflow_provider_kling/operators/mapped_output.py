"""What is checked when a task is mapped, which calls no constructor while the DAG is parsed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from airflow_provider_kling.arguments import Arguments, plain
from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.generation.failure import failing_fast
from airflow_provider_kling.generation.output_rules import check_mapped
from airflow_provider_kling.generation.templates import is_rendered_later
from airflow_provider_kling.operators.reported import Reported


class MappedOutput(Reported):
    """The base of operators with an ``output``. In ``partial()``, it must not be one file."""

    _ARGUMENTS: ClassVar[tuple[type[Arguments], ...]] = ()  # those that are checked whatever the others are

    @classmethod
    def partial(cls, **kwargs: Any) -> Any:
        """Return what ``expand()`` makes a mapped task of, as every operator does.

        :raises KlingRequestError: an argument is invalid, whatever the others will be; or all map indexes
            would write the same file.
        """
        with failing_fast():
            check_mapped(plain(kwargs.get("output")), subject=cls.__name__)
        cls.check_given(kwargs)
        return super().partial(**kwargs)

    @classmethod
    def check_given(cls, given: Mapping[str, Any]) -> None:
        """Check some arguments while there is no operator with the rest.

        :param given: by name. Those of every operator are ignored, and so are templates.
        :raises KlingRequestError: one or more are invalid; the message names each.
        """
        templated = {"output" if name == "output_uri" else name for name in cls.template_fields}
        known = {
            name: value
            for name, value in ((name, plain(value)) for name, value in given.items())
            if name not in templated or not is_rendered_later(value)
        }
        with failing_fast():
            broken = [rule for arguments in cls._ARGUMENTS for rule in _broken(arguments, known)]
            if broken:
                raise KlingRequestError(subject=cls.__name__, broken=broken)


def _broken(arguments: type[Arguments], given: Mapping[str, Any]) -> list[BrokenRule]:
    """Return the rules that given arguments break. Those that are not given break none."""
    try:
        arguments.read(given, subject="")
    except KlingRequestError as error:
        return [rule for rule in error.broken if rule.field.partition("[")[0] in given]
    return []

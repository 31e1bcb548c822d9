"""What is checked of ``output`` when a task is mapped, which calls no constructor while the DAG is parsed."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_kling.arguments import plain
from airflow_provider_kling.generation.failure import failing_fast
from airflow_provider_kling.generation.output_rules import check_mapped


class MappedOutput(BaseOperator):
    """The base of operators with an ``output``. In ``partial()``, it must not be one file."""

    @classmethod
    def partial(cls, **kwargs: Any) -> Any:
        """Return what ``expand()`` makes a mapped task of, as every operator does.

        :raises KlingRequestError: all map indexes would write the same file.
        """
        with failing_fast():
            check_mapped(plain(kwargs.get("output")), subject=cls.__name__)
        return super().partial(**kwargs)

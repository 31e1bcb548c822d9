"""What an ``output`` must not be, by its text alone: known when a DAG is parsed, or a template rendered."""

from __future__ import annotations

from typing import Any

from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.generation.templates import is_same_in_a_run
from airflow_provider_kling.media.file_format import EXTENSIONS, named_media_type
from airflow_provider_kling.media_type import MediaType


def check_extension(output: str, *, makes: MediaType | None, subject: str) -> None:
    """Check that an output that names a file has an extension for what is generated.

    :param makes: what is generated; None where it is unknown.
    :param subject: of the error.
    :raises KlingRequestError: it has not: the poster of a video ``a.jpg`` would have the video's name.
    """
    if output.rpartition("/")[2].lower() in EXTENSIONS:
        rule = "must have a name before the extension"
        raise KlingRequestError(subject=subject, broken=[BrokenRule(field="output", rule=rule, value=output)])
    named = named_media_type(output)
    if makes is None or named in (None, makes):
        return
    fitting = next(extension for extension, held in EXTENSIONS.items() if held is makes)
    rule = f"must end in an extension of the {makes} that is generated, such as {fitting}, or be a folder"
    raise KlingRequestError(subject=subject, broken=[BrokenRule(field="output", rule=rule, value=output)])


def check_mapped(output: Any, *, subject: str) -> None:
    """Check that an output that all map indexes of a task share is no single file.

    :param output: as the DAG has it, before templates are rendered.
    :raises KlingRequestError: it is one file, whatever the map index.
    """
    if isinstance(output, str) and named_media_type(output) is not None and is_same_in_a_run(output):
        rule = (
            "must not be the same file for each map index of a mapped task: put {{ ti.map_index }} into it, "
            "or name a folder"
        )
        raise KlingRequestError(subject=subject, broken=[BrokenRule(field="output", rule=rule, value=output)])

"""The files that a task reads and writes, as lineage names them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from airflow_provider_kling.generation.summary import PROMPTS
from airflow_provider_kling.media.media_value import is_storage_uri

# Schemes that mean the same storage.
_SCHEMES: Final = {"s3a": "s3", "gcs": "gs", "local": "file"}
# Where what stands before the @ of an address is the container, and no connection or user.
_CONTAINERS: Final = frozenset({"abfs", "abfss", "wasb", "wasbs"})


@dataclass(frozen=True)
class Dataset:
    """A file, as OpenLineage's naming has it.

    :param namespace: the storage, such as ``s3://bucket``, or ``file`` for a disk.
    :param name: the path there.
    """

    namespace: str
    name: str


def dataset(uri: str) -> Dataset:
    """Return the dataset of a file, without the connection and the user that its URI may name.

    :param uri: of a file on a storage.
    """
    parts = urlsplit(uri)
    scheme = _SCHEMES.get(parts.scheme.lower(), parts.scheme.lower())
    if scheme == "file":
        return Dataset("file", parts.path)
    user, _, host = parts.netloc.rpartition("@")
    if user and scheme in _CONTAINERS:
        host = f"{user.partition(':')[0]}@{host}"
    return Dataset(f"{scheme}://{host}", parts.path.lstrip("/"))


def stored_media(parameters: object) -> tuple[str, ...]:
    """Return the files on storage that a request names, each once.

    :param parameters: the author's fields.
    """
    if not isinstance(parameters, Mapping):
        return ()
    media = [value for name, value in parameters.items() if name not in PROMPTS]
    return tuple(dict.fromkeys(text for text in _texts(media) if is_storage_uri(text)))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from _texts(member)
    elif isinstance(value, Sequence):
        for member in value:
            yield from _texts(member)

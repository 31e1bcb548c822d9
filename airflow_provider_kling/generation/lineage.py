"""The files that a task reads and writes, as lineage names them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from airflow_provider_kling.media.media_value import is_storage_uri
from airflow_provider_kling.models import Media, field_strings
from airflow_provider_kling.models.model import KlingModel

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


def stored_media(
    parameters: Mapping[str, Any], *, model: KlingModel, templated: AbstractSet[str] = frozenset()
) -> tuple[str, ...]:
    """Return the files on storage that a request names, each once.

    :param parameters: the author's fields, rendered.
    :param templated: those that were written as templates.
    :raises KlingRequestError: the fields are no dict, or those of several API versions.
    """
    of = model.choose_version(parameters).request_class
    strings = field_strings(of.unquoted(parameters, templated=templated), of=of)
    files = (one.value for one in strings if isinstance(one.holds, Media) and is_storage_uri(one.value))
    return tuple(dict.fromkeys(files))

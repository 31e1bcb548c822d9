"""Modellix's store for input files (docs: file-api/how-to-use)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from airflow_provider_kling.exceptions import KlingMediaError, KlingProtocolError
from airflow_provider_kling.gateways.json_values import count, epoch_ms, iso_time, mapping, service_id, text
from airflow_provider_kling.gateways.modellix.response import parse_data, parse_object
from airflow_provider_kling.http.file import FileLimits, UploadedFile
from airflow_provider_kling.http.message import Call, FilePart, HttpRequest, HttpResponse, Operation

_PATH = "/api/v1/media/files"
_NO_CONTENT = 204


class ModellixFiles:
    """See :class:`~airflow_provider_kling.gateways.base.Files`."""

    limits = FileLimits(max_bytes=16 * 1024**2, max_files=10, days=7)

    def upload(self, content: bytes, *, filename: str, content_type: str) -> Call[UploadedFile]:
        """Store a file. A repeated upload would take a second place, so it is not repeated."""
        if len(content) > self.limits.max_bytes:
            raise KlingMediaError(
                f"{filename} has {len(content)} bytes, and the service takes files of at most "
                f"{self.limits.max_bytes}. Nothing was sent."
            )
        part = FilePart(name="file", filename=filename, content_type=content_type, content=content)
        return Call(
            request=HttpRequest(method="POST", path=_PATH, file=part),
            parse=_parse_upload,
            idempotent=False,
            operation=Operation.OTHER,
        )

    def list(self) -> Call[list[UploadedFile]]:
        """List the team's files."""
        return Call(
            request=HttpRequest(method="GET", path=_PATH),
            parse=_parse_list,
            idempotent=True,
            operation=Operation.OTHER,
        )

    def delete(self, file_id: str) -> Call[None]:
        """Delete a file."""
        path = f"{_PATH}/{quote(file_id, safe='')}"
        return Call(
            request=HttpRequest(method="DELETE", path=path),
            parse=_parse_deletion,
            idempotent=True,
            operation=Operation.OTHER,
        )


def _parse_upload(response: HttpResponse) -> UploadedFile:
    file = _file(parse_data(response), response=response)
    if file is None:
        raise KlingProtocolError(f"{response.request} was answered without a file's id and link")
    return file


def _parse_list(response: HttpResponse) -> list[UploadedFile]:
    """Read the list, of which the documents do not say in which member of the envelope it is."""
    data = parse_object(response).get("data")
    listed = mapping(data).get("files", data)
    if not isinstance(listed, list):
        raise KlingProtocolError(f"{response.request} was answered without a list of files")
    return [file for entry in listed if (file := _file(mapping(entry), response=response))]


def _parse_deletion(response: HttpResponse) -> None:
    if response.status != _NO_CONTENT:
        parse_object(response)


def _file(fields: Mapping[str, Any], *, response: HttpResponse) -> UploadedFile | None:
    file_id, url = service_id(fields.get("file_id"), response=response), text(fields.get("url"))
    if file_id is None or url is None:
        return None
    created_at = fields.get("created_at")
    return UploadedFile(
        file_id=file_id,
        url=url,
        type=text(fields.get("type")),
        filename=text(fields.get("filename")),
        size=count(fields.get("size")),
        created_at=iso_time(created_at) or epoch_ms(created_at),
    )

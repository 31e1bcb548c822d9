"""What a generation returns. Pure: built from the task and what was stored."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import NotRequired, TypedDict, cast

from airflow_provider_kling.exceptions import KlingProtocolError
from airflow_provider_kling.http.task import Resource, Task
from airflow_provider_kling.media.download import Download
from airflow_provider_kling.media.media_info import MediaInfo
from airflow_provider_kling.media_type import MediaType

MAX_XCOM_BYTES = 4096
_ADDRESS = ("type", "url", "role", "uri", "work_id")  # of a file; the rest can be left out


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """A result that was copied to the user's storage.

    :param info: its properties, measured; None where the extra ``media`` is not installed.
    :param poster_uri: a picture to show for a video.
    """

    uri: str
    download: Download
    info: MediaInfo | None = None
    poster_uri: str | None = None


class ResultFile(TypedDict):
    """One file of a result, as the service describes it. What is unknown is None.

    Where many files would make the result too long for an XCom, some fields are left out.
    """

    url: str | None
    """The service's link, which stops working at ``expires_at``."""
    type: str | None
    """``video``, ``image`` or ``audio``."""
    role: str | None
    """``primary`` for a result; ``cover`` and ``thumbnail`` for images that only show it; ``alternative``;
    ``copy`` for a result in another form."""
    uri: str | None
    """The stored copy."""
    width: NotRequired[int | None]
    """Pixels."""
    height: NotRequired[int | None]
    """Pixels."""
    format: NotRequired[str | None]
    """Such as ``mp4``, in the service's own word."""
    duration_s: NotRequired[float | None]
    """The length of a clip, in seconds."""
    size: NotRequired[int | None]
    """Bytes."""
    work_id: NotRequired[str]
    """The file's id at a service that has one: requests that extend a video or add audio take it."""


class GenerationResult(TypedDict):
    """What a generation returns: plain JSON of at most 4 KB, for an XCom. What is unknown is None.

    ``width`` to ``audio_codec`` are measured on the stored copy where the extra ``media`` is installed.
    Otherwise they are what the service says, if it says so.
    """

    task_id: str
    """The id of the task at the service."""
    model: str | None
    """The model, as the DAG names it."""
    status: str
    """``success``."""
    conn_id: str
    """The Airflow connection."""
    url: str | None
    """The service's link to the first result. It works without the key, until ``expires_at``."""
    uri: str | None
    """The stored copy of the first result; None without an ``output``."""
    poster_uri: str | None
    """A JPEG beside a stored video."""
    type: str | None
    """``video``, ``image`` or ``audio``."""
    width: int | None
    """Pixels, as shown."""
    height: int | None
    """Pixels, as shown."""
    format: str | None
    """The usual file extension, such as ``mp4``."""
    duration_s: float | None
    """The length of a clip, in seconds."""
    fps: float | None
    """Frames a second, on average."""
    codec: str | None
    """The codec of the video or the image, in FFmpeg's word, such as ``h264``."""
    has_audio: bool | None
    """Whether a video has an audio track."""
    audio_codec: str | None
    """The codec of that track, in FFmpeg's word, such as ``aac``."""
    bytes: int | None
    """The size of the file."""
    sha256: str | None
    """The hash of the stored copy, in hexadecimal."""
    resources: list[ResultFile]
    """Every file of the result."""
    submitted_at: str | None
    """ISO 8601, by the service's clock where it says so, else by the worker's."""
    finished_at: str | None
    """ISO 8601, by the service's clock."""
    elapsed_s: float | None
    """From ``submitted_at`` to ``finished_at``, in seconds."""
    expires_at: str | None
    """ISO 8601: when the links stop working."""
    cost_usd: str | None
    """What the service bills, in USD. None is unknown, not zero."""
    try_number: int
    """The number of the Airflow try that returned the result."""
    reused: bool
    """Whether an earlier try of the Airflow task had finished the generation, so nothing was submitted."""
    cost: NotRequired[str]
    """What the service bills in a unit of its own."""
    cost_unit: NotRequired[str]
    """The unit of ``cost``."""


def known_costs(task: Task) -> dict[str, str]:
    """Return what the service bills for a task, as text, as far as it says so."""
    costs = {} if task.cost_usd is None else {"cost_usd": str(task.cost_usd)}
    if task.cost is not None and task.cost_unit is not None:
        costs |= {"cost": str(task.cost), "cost_unit": task.cost_unit}
    return costs


def task_results(task: Task, *, media_type: MediaType | None) -> tuple[Resource, ...]:
    """Return the results themselves; there is at least one.

    :raises KlingProtocolError: the task succeeded without a link that can be used.
    """
    results = task.results(media_type)
    if not results:
        raise KlingProtocolError(
            f"Task {task.task_id} succeeded and was billed, but the response holds no link to its "
            f"{media_type or 'result'}."
        )
    return results


def generation_result(
    *,
    task: Task,
    results: Sequence[Resource],
    model: str | None,
    conn_id: str,
    stored: Mapping[Resource, StoredFile],
    submitted_at: float | None,
    try_number: int,
    reused: bool = False,
) -> GenerationResult:
    """Return the dict that goes to XCom.

    :param results: the results themselves, the primary one first.
    :param stored: those that were copied to the user's storage.
    :param submitted_at: Unix seconds by this side's clock, for when the service does not tell.
    """
    primary, costs = results[0], known_costs(task)
    copy = stored.get(primary)
    info = copy.info if copy else None
    submitted = task.submitted_at
    elapsed = (task.finished_at - submitted).total_seconds() if submitted and task.finished_at else None
    if submitted is None and submitted_at is not None:
        submitted = datetime.fromtimestamp(submitted_at, tz=UTC)
    result: GenerationResult = {
        "task_id": task.task_id,
        "model": model,
        "status": task.status.value,
        "conn_id": conn_id,
        "url": primary.url,
        "uri": copy.uri if copy else None,
        "poster_uri": copy.poster_uri if copy else None,
        "type": primary.type,
        "width": info.width if info else primary.width,
        "height": info.height if info else primary.height,
        "format": copy.download.format.value if copy else primary.format,
        "duration_s": info.duration_s if info else primary.duration_s,
        "fps": info.fps if info else None,
        "codec": info.codec if info else None,
        "has_audio": None if info is None else info.has_audio,
        "audio_codec": info.audio_codec if info else None,
        "bytes": copy.download.size if copy else primary.size,
        "sha256": copy.download.sha256 if copy else None,
        "resources": [_file(one, uri=stored[one].uri if one in stored else None) for one in task.resources],
        "submitted_at": _iso(submitted),
        "finished_at": _iso(task.finished_at),
        "elapsed_s": elapsed,
        "expires_at": _iso(task.expires_at),
        "cost_usd": costs.get("cost_usd"),
        "try_number": try_number,
        "reused": reused,
    }
    if "cost" in costs:
        result["cost"], result["cost_unit"] = costs["cost"], costs["cost_unit"]
    return _within_xcom(result, results=results)


def stored_uris(result: GenerationResult) -> list[str]:
    """Return where the files of a result were copied to."""
    return [one["uri"] for one in result["resources"] if one["uri"]]


def _file(one: Resource, *, uri: str | None) -> ResultFile:
    fields = {**asdict(one), "uri": uri}
    if one.work_id is None:  # most services have none
        del fields["work_id"]
    return cast("ResultFile", fields)


def _within_xcom(result: GenerationResult, *, results: Sequence[Resource]) -> GenerationResult:
    """Shorten a result that would be too long for an XCom, but never by a result's only address.

    Covers, thumbnails and copies go first, then what is told of each result beside its address, then the
    links of those that are stored.
    """
    links = {one.url for one in results}
    steps: list[Callable[[ResultFile], ResultFile | None]] = [
        lambda one: one if one["url"] in links else None,
        lambda one: cast("ResultFile", {name: value for name, value in one.items() if name in _ADDRESS}),
        lambda one: ResultFile(**{**one, "url": None}) if one["uri"] else one,
    ]
    for shorten in steps:
        if len(json.dumps(result)) <= MAX_XCOM_BYTES:
            break
        result["resources"] = [kept for one in result["resources"] if (kept := shorten(one))]
    return result


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None

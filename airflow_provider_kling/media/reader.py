"""Reading media files that others made: probing them, and taking frames of them, in a child process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from typing import Annotated, Any, BinaryIO, ClassVar, Final, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.child import ChildProcess
from airflow_provider_kling.media.file_format import FileFormat
from airflow_provider_kling.media.media_info import MediaInfo
from airflow_provider_kling.media.process_limits import ProcessLimits
from airflow_provider_kling.media.pyav import HAS_PYAV
from airflow_provider_kling.media.source_file import SourceFile
from airflow_provider_kling.media.still_image import Edge, StillImage
from airflow_provider_kling.media_type import MediaType

_Pixels = Annotated[int, Field(ge=1, lt=2**31)]
_Count = Annotated[int, Field(ge=1, lt=2**40)]
_Seconds = Annotated[float, Field(ge=0, lt=1e20, allow_inf_nan=False)]
_Codec = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]


class ChildResult(BaseModel):
    """A result of the child process, whose fields are checked, because the child may be in a file's power."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class InfoResult(ChildResult):
    """The fields of a :class:`MediaInfo`."""

    type: Literal["video", "image"]
    width: _Pixels
    height: _Pixels
    codec: _Codec
    duration_s: _Seconds | None
    frames: _Count | None
    fps: _Seconds | None
    truncated: bool
    audio_codec: _Codec | None
    undecodable_audio: bool
    hdr: bool

    def info(self) -> MediaInfo:
        """Return the properties."""
        return MediaInfo(**{**self.model_dump(), "type": MediaType(self.type)})


class _StillResult(ChildResult):
    format: Literal["png", "jpg"]
    width: _Pixels
    height: _Pixels
    seconds: Annotated[float, Field(gt=-1e20, lt=1e20, allow_inf_nan=False)]
    hdr: bool


_FORMATS: Final = {each.value: each for each in (FileFormat.PNG, FileFormat.JPEG)}

Result = TypeVar("Result", bound=ChildResult)


class MediaReader:
    """Reads media files in a child process with limits, which serves all files.

    A context manager, which starts the child, so that it gets ready while a file is downloaded or opened, and
    ends it. All methods raise :class:`KlingMediaError`: not retryable where
    the file is no media file or is damaged, or where it makes the child take too much memory or time, or
    crash; retryable where the storage fails.

    :param command: another program in place of the child.
    """

    OPERATIONS: ClassVar[str] = "airflow_provider_kling.media.operations"
    LIMITS: ClassVar[ProcessLimits] = ProcessLimits()

    def __init__(self, *, limits: ProcessLimits | None = None, command: Sequence[str] | None = None) -> None:
        self.child = ChildProcess(operations=self.OPERATIONS, limits=limits or self.LIMITS, command=command)

    def __enter__(self) -> Self:
        if HAS_PYAV:
            with suppress(KlingMediaError):  # which the first call raises, where there is one
                self.child.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.child.close()

    def probe(self, file: BinaryIO, *, name: str) -> MediaInfo:
        """Return the properties of a video or an image. All of it is read; of most MP4, one frame is decoded.

        :param file: seekable; it stays open.
        :param name: what messages call the file.
        """
        return self._read(InfoResult, "probe", {}, file, name)[0].info()

    def poster(self, file: BinaryIO, *, name: str) -> StillImage:
        """Return a JPEG that represents a video: its first frame that is not nearly black.

        Where all frames of the first three seconds are, it is the brightest of them.
        """
        return self._still("poster", {}, file, name)

    def frame(
        self,
        file: BinaryIO,
        *,
        name: str,
        at: Edge | float,
        image_format: FileFormat = FileFormat.PNG,
        quality: int = 90,
    ) -> StillImage:
        """Return one frame of a video. Only what is near it is read and decoded.

        :param at: seconds from the first frame, for the frame that is displayed then; or the first or the
            last frame that can be decoded, in presentation order.
        :param image_format: PNG or JPEG.
        :param quality: of a JPEG, from 1 to 100; a PNG is lossless.
        """
        position = at.value if isinstance(at, Edge) else float(at)
        arguments = {"at": position, "image_format": image_format.value, "quality": quality}
        return self._still("frame", arguments, file, name)

    def _still(self, operation: str, arguments: Mapping[str, Any], file: BinaryIO, name: str) -> StillImage:
        result, content = self._read(_StillResult, operation, arguments, file, name)
        return StillImage(
            content=content,
            format=_FORMATS[result.format],
            width=result.width,
            height=result.height,
            seconds=result.seconds,
            hdr=result.hdr,
        )

    def _read(
        self,
        expected: type[Result],
        operation: str,
        arguments: Mapping[str, Any],
        file: BinaryIO,
        name: str,
    ) -> tuple[Result, bytes]:
        source = SourceFile(name=name, open=lambda: nullcontext(file))
        fields, content = self.child.call(operation, arguments, files=[source])
        return self.checked(expected, fields, name=name), content

    def checked(self, expected: type[Result], fields: Mapping[str, Any], *, name: str) -> Result:
        """Return a result of the child after a check.

        :raises KlingMediaError: it is not as expected; the child is ended.
        """
        try:
            return expected.model_validate(fields)
        except ValidationError:
            self.child.close()
            raise KlingMediaError(
                f"{name} cannot be decoded: the process that decodes sent something that is no result",
                retryable=False,
            ) from None

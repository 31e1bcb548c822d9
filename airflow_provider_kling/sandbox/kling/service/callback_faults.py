"""What goes wrong with callbacks when a test wants it to."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, PositiveInt, TypeAdapter, ValidationError
from pydantic.types import StringConstraints


class CallbackAction(StrEnum):
    """What happens to a callback."""

    DROP = "drop"  # it is never sent
    DOUBLE = "double"  # it is sent twice, with the same webhook-id
    LATE = "late"  # it is sent `delay_s` later, by the sandbox's clock
    REORDER = "reorder"  # it is sent after the next one of the same task
    BAD_SIGNATURE = "bad_signature"  # its signature fits another body


class CallbackFault(BaseModel):
    """A fault for the callbacks that match.

    :param status: the status that the callback reports, such as ``succeeded``, in the spelling of the new
        standard; ``*``: any.
    :param times: how many callbacks; None: all.
    :param delay_s: only for ``late``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    action: CallbackAction
    status: Annotated[str, StringConstraints(min_length=1)] = "*"
    times: PositiveInt | None = 1
    delay_s: NonNegativeFloat = 60.0


_FAULTS: Final = TypeAdapter(list[CallbackFault])


class CallbackFaultError(ValueError):
    """Faults that are not valid."""


class CallbackFaults:
    """The faults in their order. The first one that matches and is not used up applies."""

    def __init__(self) -> None:
        self._left: list[tuple[CallbackFault, int | None]] = []

    def add(self, posted: bytes) -> int:
        """Add faults given as JSON, and return how many.

        :raises CallbackFaultError: one is not valid; then none is added.
        """
        try:
            faults = _FAULTS.validate_json(posted)
        except ValidationError as error:
            raise CallbackFaultError(str(error)) from error
        self._left += [(fault, fault.times) for fault in faults]
        return len(faults)

    def clear(self) -> None:
        """Remove all faults."""
        self._left.clear()

    def take(self, status: str) -> CallbackFault | None:
        """Return the fault for a callback, if any, and count it as used."""
        for index, (fault, left) in enumerate(self._left):
            if left != 0 and fault.status in ("*", status):
                self._left[index] = (fault, None if left is None else left - 1)
                return fault
        return None

"""The defaults that an administrator sets in Airflow's configuration, section ``[kling]``.

They count where a DAG gives no argument. Each process reads its own configuration: set them for the DAG
processor and for the workers, and the polling for the triggerers' plans, which workers make, too.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Final

from airflow.providers.common.compat.sdk import conf
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from airflow_provider_kling.arguments import Arguments, Count, Location, Seconds
from airflow_provider_kling.defaults import MAX_BYTES, TIMEOUT_S
from airflow_provider_kling.exceptions import BrokenRule, KlingRequestError
from airflow_provider_kling.media.file_format import named_media_type
from airflow_provider_kling.polling import PollingPlan

SECTION: Final = "kling"


def _folder(output: str) -> str:
    if named_media_type(output) is not None:
        raise PydanticCustomError("folder", "must name a folder, as many results go there")
    return output


_Interval = Annotated[Seconds, Field(ge=1, le=3600)]


class Defaults(Arguments):
    """What the options of the section say.

    :ivar default_timeout: seconds from a submission to its deadline.
    :ivar default_output: the folder for results; None for links only. It may be a template.
    :ivar max_download_bytes: a larger result is not stored.
    :ivar min_poll_interval: shortest time between two polls of a task, in seconds.
    :ivar max_poll_interval: longest one, while the end of the task is likely.
    :ivar max_overdue_poll_interval: longest one before and after that.
    """

    default_timeout: Seconds = TIMEOUT_S
    default_output: Annotated[
        Annotated[Location, AfterValidator(_folder)] | None, BeforeValidator(lambda text: text or None)
    ] = None
    max_download_bytes: Count = MAX_BYTES
    min_poll_interval: _Interval = PollingPlan.min_interval_s
    max_poll_interval: _Interval = PollingPlan.max_interval_s
    max_overdue_poll_interval: _Interval = PollingPlan.max_overdue_interval_s

    @property
    def polling(self) -> dict[str, float]:
        """The bounds of a :class:`~airflow_provider_kling.polling.PollingPlan`."""
        return {
            "min_interval_s": self.min_poll_interval,
            "max_interval_s": self.max_poll_interval,
            "max_overdue_interval_s": self.max_overdue_poll_interval,
        }


def configured() -> Defaults:
    """Return the defaults.

    :raises KlingRequestError: an option makes no sense; the message names it.
    """
    subject = f"[{SECTION}] of Airflow's configuration"
    given = {name: conf.get(SECTION, name, fallback=None) for name in Defaults.model_fields}
    read = Defaults.read({name: text for name, text in given.items() if text is not None}, subject=subject)
    intervals = ("min_poll_interval", "max_poll_interval", "max_overdue_poll_interval")
    broken = [
        BrokenRule(field=longer, rule=f"must be at least {shorter}", value=getattr(read, longer))
        for shorter, longer in pairwise(intervals)
        if getattr(read, longer) < getattr(read, shorter)
    ]
    if broken:
        raise KlingRequestError(subject=subject, broken=broken)
    return read

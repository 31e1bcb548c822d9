"""What Airflow's pages show of a generation: a small XCom, pushed when it begins and when it ends. Pure.

Whoever writes a DAG can push an XCom, so what is read back is checked like a stranger's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, NamedTuple, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from airflow_provider_kling.generation.outcome import Outcome
from airflow_provider_kling.generation.result import MAX_XCOM_BYTES, GenerationResult
from airflow_provider_kling.http.task import ResourceRole
from airflow_provider_kling.http.url import web_url
from airflow_provider_kling.media_type import MediaType

_LONGEST_TEXT: Final = 500
_FOR_PEOPLE: Final = ("prompt", "error", "title")
_PROMPTS: Final = ("prompt", "text")  # where a model's text is; the first that is there is shown

# What only shows a result, or is one in another form.
_BESIDE: Final = (ResourceRole.COVER, ResourceRole.THUMBNAIL, ResourceRole.COPY)

_Text = Annotated[str, Field(max_length=2048, pattern=r"^[^\x00]*$")]  # PostgreSQL stores no NUL
_Moment = Annotated[
    AwareDatetime,
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC)),
]
_Seconds = Annotated[float, Field(ge=0, le=1e9)]
_Pixels = Annotated[int, Field(ge=0, le=1_000_000)]
_Amount = Annotated[Decimal, Field(ge=0, max_digits=50)]


class Bill(NamedTuple):
    """What a service bills."""

    amount: Decimal
    unit: str | None


class Summary(BaseModel):
    """What is known of a generation, or of a file made from generations. What is unknown is None.

    :ivar title: what it is, where it has no model: such as ``3 videos joined``.
    :ivar model: as the DAG names it.
    :ivar prompt: of the request, cut.
    :ivar task_id: at the service.
    :ivar submitted_at: when it was submitted.
    :ivar expected_s: shortest and longest usual time of such a generation, in seconds.
    :ivar finished_at: when it ended.
    :ivar elapsed_s: from the submission to the end, in seconds.
    :ivar type: of the first result.
    :ivar url: the service's link to the first result, where it is not stored.
    :ivar expires_at: when that link stops working.
    :ivar uri: where the first result is stored.
    :ivar has_poster: whether an image beside it shows it.
    :ivar results: how many there are.
    :ivar width: pixels.
    :ivar height: pixels.
    :ivar duration_s: the length of the clip, in seconds.
    :ivar cost_usd: what the service bills.
    :ivar cost: what it bills in a unit of its own.
    :ivar cost_unit: that unit.
    :ivar reused: it was paid for by an earlier try, and not again.
    :ivar outcome: how the try ended; None while it has not.
    :ivar error: why it failed, cut.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    title: _Text | None = None
    model: _Text | None = None
    prompt: _Text | None = None
    task_id: _Text | None = None
    submitted_at: _Moment | None = None
    expected_s: tuple[_Seconds, _Seconds] | None = None
    finished_at: _Moment | None = None
    elapsed_s: _Seconds | None = None
    type: MediaType | None = None
    url: _Text | None = None
    expires_at: _Moment | None = None
    uri: _Text | None = None
    has_poster: bool = False
    results: Annotated[int, Field(ge=0, le=1000)] = 0
    width: _Pixels | None = None
    height: _Pixels | None = None
    duration_s: _Seconds | None = None
    cost_usd: _Amount | None = None
    cost: _Amount | None = None
    cost_unit: _Text | None = None
    reused: bool = False
    outcome: Outcome | None = None
    error: _Text | None = None

    @classmethod
    def read(cls, pushed: object) -> Self | None:
        """Return what an XCom holds; None where this provider has not pushed it."""
        try:
            return cls.model_validate(pushed)
        except (ValidationError, RecursionError):
            return None

    def to_json(self) -> dict[str, Any]:
        """Return the summary as plain JSON of at most 4 KB, without what is unknown."""
        stored = self.model_dump(mode="json", exclude_defaults=True)
        for name in ("prompt", "error", "title", "url", "model"):
            while name in stored and len(json.dumps(stored)) > MAX_XCOM_BYTES:
                text = stored.pop(name)
                if name != "url" and len(text) > 1:  # half of a link leads nowhere
                    stored[name] = _cut(text, len(text) // 2)
        return stored

    @property
    def bill(self) -> Bill | None:
        """What the service bills, in its own unit where it has one; None where it does not say."""
        if self.cost is not None:
            return Bill(self.cost, self.cost_unit)
        return None if self.cost_usd is None else Bill(self.cost_usd, "USD")

    def link(self, *, now: datetime) -> str | None:
        """Return the service's link while it works; None for what is no link of the web.

        :param now: with a time zone.
        """
        if self.url is None or (self.expires_at is not None and self.expires_at <= now):
            return None
        return self.url if web_url(self.url) is not None else None

    def updated(self, values: Mapping[str, object]) -> Self:
        """Return the summary with other values, without those that are too odd to be shown.

        :param values: fields, and others, which are ignored. Long texts for people are cut.
        """
        summary = self
        for name in values.keys() & type(self).model_fields.keys():
            value = values[name]
            cut = _shown(value) if name in _FOR_PEOPLE and isinstance(value, str) else value
            if (changed := self.read({name: cut})) is not None:
                summary = summary.model_copy(update={name: getattr(changed, name)})
        return summary


def shown(result: GenerationResult) -> dict[str, object]:
    """Return the fields of a summary that a result has."""
    stored = result["uri"] is not None
    resources = result["resources"]
    fields: dict[str, object] = {
        name: value for name, value in result.items() if name in Summary.model_fields and value is not None
    }
    return {
        **fields,
        "url": None if stored else result["url"],
        "expires_at": None if stored else result["expires_at"],
        "has_poster": result["poster_uri"] is not None,
        "results": max(1, sum(one["role"] not in _BESIDE for one in resources)),
        "outcome": Outcome.SUCCEEDED,
        "error": None,
    }


def prompt_of(parameters: object) -> str | None:
    """Return the text of a request; None where it has none.

    :param parameters: the author's fields.
    """
    if not isinstance(parameters, Mapping):
        return None
    for name in _PROMPTS:
        if isinstance(text := parameters.get(name), str) and text.strip():
            return text
    return None


def _shown(text: str) -> str:
    """Return a text for people that every database can store: cut, and without half characters and NUL."""
    beginning = text[: _LONGEST_TEXT + 1].encode("utf-8", "replace").decode()
    return _cut(beginning.replace("\x00", " "), _LONGEST_TEXT)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"

"""One DAG makes clips, another runs whenever there is a new one.

The asset's event tells what was made: `uri`, `poster_uri`, `model`, `task_id`, `duration_s`, `bytes`,
`sha256` and the cost. Each task that succeeds is an event, and each event starts a run: a task that is mapped
over 50 prompts starts up to 50. Where one run is enough, put the outlet on the one task that comes after all
of them, as on `done` here.

It needs a connection `kling_default` with your API key as its password.
"""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Asset, task

from airflow_provider_kling.operators.kling import KlingVideoOperator

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CLIP = Asset("kling_clip", uri="x-kling://clip")
BATCH = Asset("kling_batch", uri="x-kling://batch")

PROMPTS = ["A paper boat on a pond", "A paper plane above a roof"]
OUTPUT = f"file://{tempfile.gettempdir()}/kling"


@task(outlets=[BATCH])
def done(clips: Iterable[Mapping[str, Any]]) -> list[str]:
    """End a batch. What a task returns is no part of an event, so its consumers look into the folder."""
    return [clip["uri"] for clip in clips]


@task
def announce(triggering_asset_events: Mapping[Asset, list[Any]] | None = None) -> list[dict[str, Any]]:
    """Do something with each new clip."""
    events = (triggering_asset_events or {}).get(CLIP, [])
    return [{"uri": event.extra["uri"], "cost_usd": event.extra["cost_usd"]} for event in events]


@task
def archive() -> None:
    """Do something once for a whole batch."""


with DAG(dag_id="kling_new_clip", schedule=None, tags=["kling"], doc_md=__doc__):
    KlingVideoOperator(
        task_id="generate",
        prompt=PROMPTS[0],
        mode="std",
        duration=5,
        output=f"{OUTPUT}/{{{{ run_id }}}}/clip.mp4",
        outlets=[CLIP],
    )

with DAG(dag_id="kling_new_batch", schedule=None, tags=["kling"], doc_md=__doc__):
    batch = KlingVideoOperator.partial(
        task_id="generate", mode="std", duration=5, output=f"{OUTPUT}/{{{{ run_id }}}}"
    ).expand(prompt=PROMPTS)
    done(batch.output)

with DAG(dag_id="kling_on_new_clip", schedule=[CLIP], tags=["kling"], doc_md=__doc__):
    announce()

with DAG(dag_id="kling_on_new_batch", schedule=[BATCH], tags=["kling"], doc_md=__doc__):
    archive()

"""A content team's week: a table of briefs becomes stills, then, where a reviewer approves, videos.

The briefs are independent: one that the service or the reviewer rejects stops no other. Stills are cheap and
videos are not, so the review comes between them (in the UI under Required Actions); the param `review`
switches it off. The report says what was made and what it cost. As any scheduled DAG, it starts the run of
the past week as soon as it is unpaused.

It needs a connection `kling_default` with your API key as its password.
"""

from __future__ import annotations

import csv
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pendulum
from airflow.providers.common.compat.sdk import AirflowSkipException
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import DAG, ObjectStoragePath, task, task_group

from airflow_provider_kling.exceptions import KlingModerationError

STILL_MODEL = "kling-image-o1"  # $0.0224 a still (September 2026)
VIDEO_MODEL = "kling-v3-i2v"  # the still is the first frame
EXAMPLE = Path(__file__).with_name("kling_briefs.csv")
FOLDER = "{{ params.output }}/{{ run_id }}"


def note_failure(context: Any) -> None:
    """Tell the report what failed, and whether the content was rejected."""
    error = context["exception"]
    refused = isinstance(error, KlingModerationError)
    context["ti"].xcom_push(key="failure", value=f"{'refused' if refused else 'failed'}: {error}")


@task
def read_briefs(params: dict[str, Any]) -> list[dict[str, str]]:
    """Read the table; its columns are name, still, motion and shape."""
    table = ObjectStoragePath(params["briefs"] or f"file://{EXAMPLE}")
    with table.open() as file:
        return list(csv.DictReader(file))


@task.kling_generate(model=STILL_MODEL, output=f"{FOLDER}/stills", on_failure_callback=note_failure)
def still(brief: dict[str, str]) -> dict[str, Any]:
    """Return the request for the still of a brief."""
    return {"prompt": brief["still"], "aspect_ratio": brief["shape"]}


@task
def ask_somebody(params: dict[str, Any]) -> None:
    """Skip the review where none is wanted."""
    if not params["review"]:
        raise AirflowSkipException("the param `review` is off")


@task(trigger_rule="none_failed")  # the review may have been skipped
def approved(still: dict[str, Any], ti: Any) -> str:
    """Pass the still on, unless the reviewer rejected it."""
    answer = ti.xcom_pull(task_ids="make.review", map_indexes=ti.map_index)
    if answer and "Approve" not in answer["chosen_options"]:
        raise AirflowSkipException("rejected")
    return str(still["uri"])


@task.kling_generate(model=VIDEO_MODEL, output=f"{FOLDER}/videos", on_failure_callback=note_failure)
def video(brief: dict[str, str], image: str) -> dict[str, Any]:
    """Return the request for the video that begins with the still of a brief."""
    return {"image": image, "prompt": brief["motion"], "mode": "std", "duration": 5}


@task_group
def make(brief: dict[str, str]) -> None:
    """Make one brief's still and video."""
    picture = still(brief)
    review = HITLOperator(
        task_id="review",
        subject="Make a video of this still?",
        body="![still]({{ ti.xcom_pull(task_ids='make.still', map_indexes=ti.map_index)['url'] }})",
        options=["Approve", "Reject"],
    )
    go = approved(picture)
    picture >> ask_somebody() >> review >> go
    video(brief, go)


def outcome(*, film: Any, note: str | None, answer: Any) -> str:
    """Return in a word what became of a brief."""
    if film:
        return "made"
    if note:
        return note.partition(":")[0]
    return "rejected" if answer and "Reject" in answer["chosen_options"] else "unfinished"


@task(trigger_rule="all_done")
def report(briefs: list[dict[str, str]], params: dict[str, Any], ti: Any) -> dict[str, Any]:
    """Report what became of each brief and what it cost, in `report.csv` and as the result of this task."""
    rows = []
    for index, brief in enumerate(briefs):

        def pull(step: str, key: str = "return_value", *, index: int = index) -> Any:
            return ti.xcom_pull(task_ids=f"make.{step}", map_indexes=index, key=key)

        film, answer = pull("video"), pull("review")
        note = pull("still", "failure") or pull("video", "failure")
        costs = [pull(step, "kling_cost_usd") for step in ("still", "video") if pull(step, "kling_task_id")]
        rows.append(
            {
                "name": brief["name"],
                "outcome": outcome(film=film, note=note, answer=answer),
                "video": film["uri"] if film else None,
                # An unknown cost is not zero.
                "cost_usd": str(sum(map(Decimal, costs))) if None not in costs else None,
                "note": note,
            }
        )
    file = ObjectStoragePath(f"{params['output']}/{ti.run_id}/report.csv")
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as out:
        writer = csv.DictWriter(out, fieldnames=list(rows[0]) if rows else ["name"])
        writer.writeheader()
        writer.writerows(rows)
    known = [Decimal(row["cost_usd"]) for row in rows if row["cost_usd"] is not None]
    return {
        "briefs": {row["name"]: row["outcome"] for row in rows},
        "cost_usd": str(sum(known)),
        "cost_unknown": len(rows) - len(known),
        "report": str(file),
    }


with DAG(
    dag_id="kling_content_pipeline",
    schedule="0 6 * * MON",
    start_date=pendulum.datetime(2026, 1, 5, tz="UTC"),
    catchup=False,
    tags=["kling"],
    doc_md=__doc__,
    default_args={"retries": 2},
    params={
        "briefs": "",  # a CSV on any storage; empty takes the example beside this file
        "review": True,
        # Any storage that Airflow can write to: file://, s3://, gs://, ... A real pipeline names its bucket.
        "output": f"file://{tempfile.gettempdir()}/kling",
    },
):
    briefs = read_briefs()
    make.expand(brief=briefs) >> report(briefs)

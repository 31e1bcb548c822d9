from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from airflow_provider_kling.sandbox.process import SandboxProcess
from dev.clip import play
from tests.e2e.run import Run

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

BRIEFS = """\
name,still,motion,shape
boat,A paper boat,It sails away,16:9
fight,A scene that is [forbidden] here,It moves,16:9
fox,A fox in the snow,It looks up,1:1
owl,An owl,It blinks,1:1
"""


def respond(run: Run, index: int, option: str) -> None:
    """Answer a review as a person does, over Airflow's REST API.

    A person takes longer than the scheduler does to notice that the task has left its worker; an answer
    before that makes Airflow 3.3.2 mark the task failed.
    """
    review = run.until(f"make.review[{index}]", "awaiting_input")
    noticed = f"state success.*task_id='make.review', run_id='{re.escape(run.run_id)}'.*map_index={index}\\)"
    scheduler = run.stack.logs / "components" / "scheduler.log"
    run.stack.wait_for(
        lambda: re.search(noticed, scheduler.read_text()), what="the scheduler to notice", timeout=30
    )
    run.stack.api.call(
        "PATCH",
        f"/api/v2{review.path}/{index}/hitlDetails",
        json={"chosen_options": [option], "params_input": {}},
    )


def test_the_pipeline_ends_with_a_report_whatever_becomes_of_single_briefs(
    start_run: Callable[..., Run], sandbox: SandboxProcess, tmp_path: Path
) -> None:
    table = tmp_path / "briefs.csv"
    table.write_text(BRIEFS)
    run = start_run("kling_content_pipeline", briefs=f"file://{table}", review=True)
    respond(run, 0, "Approve")
    respond(run, 2, "Approve")
    respond(run, 3, "Reject")
    assert run.finish() == "success", run.log("report")

    result = run.result("report")
    assert result["briefs"] == {"boat": "made", "fight": "refused", "fox": "made", "owl": "rejected"}
    with (tmp_path / run.run_id / "report.csv").open() as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert "KlingModerationError" not in rows["fight"]["note"]  # for people
    assert "risk control" in rows["fight"]["note"]
    for name, size in (("boat", (1280, 720)), ("fox", (720, 720))):
        film = play(Path(rows[name]["video"].removeprefix("file://")))
        assert (film.width, film.height, film.seconds) == (*size, 5.0)
        assert float(rows[name]["cost_usd"]) > 0.0224, "the still and the video"
    assert rows["owl"]["cost_usd"] == "0.0224"
    assert rows["fight"]["cost_usd"] == "", "what a refused task costs is not told, and unknown is not zero"
    assert result["cost_unknown"] == 1
    stills = list((tmp_path / run.run_id / "stills").glob("*.png"))
    assert len(stills) == 3
    # The DAG's own schedule may have begun a run of the example's briefs beside this one.
    asked = Counter(post["body"]["prompt"] for post in sandbox.requests("POST"))
    stills_and_videos = [
        brief[key] for brief in csv.DictReader(BRIEFS.splitlines()) for key in ("still", "motion")
    ]
    assert [asked[prompt] for prompt in stills_and_videos] == [1, 1, 1, 0, 1, 1, 1, 0], "nothing twice"


def test_without_the_review_nobody_is_asked(start_run: Callable[..., Run], tmp_path: Path) -> None:
    table = tmp_path / "briefs.csv"
    table.write_text("\n".join(BRIEFS.splitlines()[:2]))
    run = start_run("kling_content_pipeline", briefs=f"file://{table}", review=False)
    assert run.finish() == "success"
    assert run.seen["make.review[0]"] <= {None, "skipped"}
    assert run.result("report")["briefs"] == {"boat": "made"}

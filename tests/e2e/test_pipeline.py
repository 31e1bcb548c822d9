from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from dev.clip import play
from tests.e2e.run import Run
from tests.e2e.submissions import prompts_with

# Each prompt has the mark of the test that sends it.
BRIEFS = """\
name,still,motion,shape
boat,A paper boat {mark},It sails away {mark},16:9
fight,A scene that is [forbidden] here {mark},It moves {mark},16:9
fox,A fox in the snow {mark},It looks up {mark},1:1
owl,An owl {mark},It blinks {mark},1:1
"""


def briefs_file(folder: Path, mark: str, *, lines: int | None = None) -> str:
    """Write the first so many lines of the briefs, and return their URI."""
    table = folder / "briefs.csv"
    table.write_text("".join(BRIEFS.format(mark=mark).splitlines(keepends=True)[:lines]))
    return f"file://{table}"


def respond(run: Run, index: int, option: str) -> None:
    """Respond to a review as a person does, over Airflow's REST API.

    A person takes longer than the scheduler does to notice that the task has left its worker; a response
    before that makes Airflow 3.3.2 mark the task failed.
    """
    review = run.until(f"make.review[{index}]", "awaiting_input")
    noticed = f"state success.*task_id='make.review', run_id='{re.escape(run.run_id)}'.*map_index={index}\\)"
    scheduler = run.stack.logs / "components" / "scheduler.log"
    run.stack.wait_for(lambda: re.search(noticed, scheduler.read_text()), what="the scheduler to notice")
    run.stack.api.call(
        "PATCH",
        f"/api/v2{review.path}/{index}/hitlDetails",
        json={"chosen_options": [option], "params_input": {}},
    )


def test_the_pipeline_ends_with_a_report_whatever_becomes_of_single_briefs(
    start_run: Callable[..., Run], sandbox: SandboxProcess, mark: str, tmp_path: Path
) -> None:
    run = start_run("kling_content_pipeline", briefs=briefs_file(tmp_path, mark), review=True)
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
        video = play(Path(rows[name]["video"].removeprefix("file://")))
        assert (video.width, video.height, video.seconds) == (*size, 5.0)
        assert float(rows[name]["cost_usd"]) > 0.0224, "the still and the video"
    assert rows["owl"]["cost_usd"] == "0.0224"
    assert rows["fight"]["cost_usd"] == "", "the cost of a rejected task is unknown, and unknown is not zero"
    assert result["cost_unknown"] == 1
    stills = list((tmp_path / run.run_id / "stills").glob("*.png"))
    assert len(stills) == 3
    sent = ["A paper boat", "It sails away", "A scene that is [forbidden] here"]
    sent += ["A fox in the snow", "It looks up", "An owl"]
    assert prompts_with(mark, sandbox) == {f"{prompt} {mark}": 1 for prompt in sent}


def test_without_the_review_no_person_is_asked(
    start_run: Callable[..., Run], mark: str, tmp_path: Path
) -> None:
    run = start_run("kling_content_pipeline", briefs=briefs_file(tmp_path, mark, lines=2), review=False)
    assert run.finish() == "success"
    assert run.tasks()["make.review[0]"].state == "skipped"
    assert run.result("report")["briefs"] == {"boat": "made"}

"""Many generations on a cluster, parts of which crash."""

from __future__ import annotations

from collections import Counter

from tests.cluster.cluster import Cluster, FanOut
from tests.cluster.dags.fan_out import DAG_ID, GENERATIONS
from tests.cluster.report import Blow, Report
from tests.e2e.submissions import prompt_of


def test_crashes_on_a_cluster_cost_neither_a_submission_nor_a_result(
    cluster: Cluster, report: Report
) -> None:
    clips = cluster.folder / "clips"
    run = FanOut(cluster, dag_id=DAG_ID, output=f"file://{clips}")
    blows = [
        ("a triggerer was killed", run.kill_triggerer, "tasks that two triggerers held"),
        ("a worker was killed", run.kill_worker, "tasks that it ran"),
        ("PostgreSQL was restarted", run.restart_database, "running tasks"),
        ("the service answered everything with 503 for 30 s", run.break_service, "requests"),
    ]
    for number, (what, strike, of_what) in enumerate(blows, start=1):
        results = run.has_results(number * GENERATIONS // 8)
        at_s = run.seconds()
        report.blows.append(Blow(what=what, at_s=at_s, results=results, hit=strike(), of_what=of_what))

    end = run.finish()
    tasks, stats, requests = run.tasks(), cluster.sandbox.stats(), cluster.sandbox.requests()
    accepted = [each for each in requests if each["method"] == "POST" and each["status"] == 200]
    polls = Counter(each["status"] for each in requests if each["path"] == "/tasks")
    report.counts = {
        "time": f"{run.seconds() / 60:.0f} minutes",
        "results": f"{len(list(clips.glob('*.mp4')))} of {GENERATIONS}",
        "submissions that were accepted": stats["submissions_accepted"],
        "submissions that were rejected": stats["submissions_rejected"],
        "generations at a time, at most": stats["peak_concurrent"],
        "polls": stats["polls"],
        "polls that were answered with 429": polls[429],
        "tries beyond the first": sum(task.try_number - 1 for task in tasks),
        "components that ended by themselves, and were started again": Counter(cluster.stack.ended),
    }

    assert all(blow.hit and blow.results < GENERATIONS for blow in report.blows)
    assert end == "success"
    assert Counter(task.state for task in tasks) == {"success": GENERATIONS}
    assert len(list(clips.glob("*.mp4"))) == GENERATIONS
    assert stats["submissions_accepted"] == GENERATIONS
    assert Counter(prompt_of(each["body"]) for each in accepted) == {
        f"Scene {number}": 1 for number in range(GENERATIONS)
    }
    assert polls[200]
    assert polls[429] == 0

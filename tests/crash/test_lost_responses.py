"""A submission takes effect and its response is lost; or the generation fails."""

from __future__ import annotations

import json
import re
import shlex
from urllib.parse import parse_qsl, urlsplit

from dev.airflow_stack import AirflowStack
from tests.crash.report import Row
from tests.crash.scenario import UNKNOWN, Scenario


def test_a_lost_response_is_never_sent_again_and_its_task_can_be_adopted(
    lost: Scenario, report: list[Row]
) -> None:
    assert lost.finish() == "failed"
    first = lost.row("the response to the POST is lost")
    assert lost.cleared() == "failed"
    second = lost.row("... then cleared")
    message = lost.error()
    (candidate,) = re.findall(r"(task-\S+) \(\w+, ", message)
    carry_out(adoption(message).replace("<task id>", candidate), lost.stack)
    assert lost.cleared() == "success"
    third = lost.row("... then adopted as the error says, and cleared")

    report += [first, second, third]
    assert [(row.end, row.tries) for row in (first, second, third)] == [
        (UNKNOWN, 1),  # of five: no retry was used up
        (UNKNOWN, 2),
        ("success", 3),
    ]
    assert lost.result("generate")["task_id"] == candidate
    assert lost.posts() == 1
    assert lost.sandbox.stats()["submissions_accepted"] == 1


def test_a_failed_generation_is_submitted_again_by_the_retry(failed: Scenario, report: list[Row]) -> None:
    assert failed.finish() == "success"
    row = failed.row("the service fails the first generation")
    report.append(row)
    assert (row.accepted, row.tries) == (2, 2)


def adoption(message: str) -> str:
    """Return the command that the error gives for putting a task's id into the record."""
    way = message.partition("put the task's id into the record (")[2].partition("), and clear this")[0]
    return way.rpartition("run: ")[2]


def carry_out(command: str, stack: AirflowStack) -> None:
    """Do what the command does; curl need not be on this machine."""
    program, *words = shlex.split(command)
    assert program == "curl"
    url = urlsplit(next(word for word in words if word.startswith("$AIRFLOW_URL")))
    stack.api.call(
        words[words.index("-X") + 1],
        url.path.removeprefix("$AIRFLOW_URL"),
        json=json.loads(words[words.index("-d") + 1]),
        params=dict(parse_qsl(url.query)),
    )

"""The gallery with ten thousand results on PostgreSQL, in a real API server.

How long its first page takes, beside the page of Airflow's own REST API that lists as many XComs; and how
much memory the server has gained after somebody has leafed through all pages, and has looked at the costs.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from dev.airflow_stack import AirflowStack, Component
from dev.postgres import running_postgres

PROJECT = Path(__file__).resolve().parent.parent
DAGS, PER_PAGE = 20, 24
_FILL = """
import sys
from airflow.models import import_all_models
import_all_models()
from tests.plugins.gallery.rows import Runs
runs = Runs()
for number in range(int(sys.argv[1])):
    runs.add(
        dag_id=f"films_{number % int(sys.argv[2])}",
        summary={
            "model": "kling-video-o1", "prompt": f"Scene {number}: " + "a paper boat, " * 30,
            "task_id": f"task-{number}", "uri": f"s3://bucket/{number}.mp4", "type": "video", "results": 1,
            "has_poster": True, "duration_s": 5.0, "cost_usd": "0.4345", "outcome": "succeeded",
        },
        result={"task_id": f"task-{number}"},
    )
"""


def main() -> int:
    """Measure, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=20)
    asked = parser.parse_args()
    with (
        running_postgres() as postgres,
        tempfile.TemporaryDirectory(prefix="kling-gallery-") as folder,
        AirflowStack(
            home=Path(folder) / "home",
            dags_folder=Path(folder),
            settings={"DATABASE__SQL_ALCHEMY_CONN": postgres.url},
        ) as stack,
    ):
        gallery = f"{stack.url}/kling/gallery"
        stack.api.health()
        token = httpx.get(f"{stack.url}/auth/token", trust_env=False).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/html"}
        with httpx.Client(headers=headers, trust_env=False, timeout=600) as client:
            for _ in range(5):
                client.get(f"{gallery}/").raise_for_status()
            before = _memory(stack)
            command = [sys.executable, "-c", _FILL, str(asked.results), str(DAGS)]
            subprocess.run(command, check=True, env=stack.env, cwd=PROJECT)
            xcoms = f"{stack.url}/api/v2/dags/~/dagRuns/~/taskInstances/~/xcomEntries?limit={PER_PAGE}"
            rounds = [(_seconds(client, f"{gallery}/"), _seconds(client, xcoms)) for _ in range(asked.rounds)]
            pages = _leaf(client, gallery)
            costs = _seconds(client, f"{gallery}/costs")
            gained = _memory(stack) - before
    first = [ours for ours, _ in rounds]
    ratio = statistics.median(ours / theirs for ours, theirs in rounds)
    print(f"{asked.results} results, {pages} pages")
    print(
        f"first page: {statistics.median(first):.3f} s (median), {max(first):.3f} s (slowest of {len(first)})"
    )
    print(f"that is {ratio:.2f} times a page of as many of Airflow's XComs")
    print(f"costs of all: {costs:.3f} s")
    print(f"memory gained by the API server: {gained / 1e6:.0f} MB")
    return 0


def _seconds(client: httpx.Client, url: str) -> float:
    begun = time.perf_counter()
    client.get(url).raise_for_status()
    return time.perf_counter() - begun


def _leaf(client: httpx.Client, gallery: str) -> int:
    """Follow the link to older results to the end, and return how many pages there were."""
    pages, following = 0, "/"
    while following:
        page = client.get(f"{gallery}{following}").raise_for_status().text
        pages += 1
        found = re.search(r'rel="next" href="[^"?]*(/\?[^"]*)"', page)
        following = found.group(1).replace("&amp;", "&") if found else ""
    return pages


def _memory(stack: AirflowStack) -> int:
    """Return the memory of the API server's processes, in bytes."""
    return sum(process.memory_info().rss for process in stack.processes_of(Component.API_SERVER))


if __name__ == "__main__":
    sys.exit(main())

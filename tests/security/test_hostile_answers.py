"""Answers that are changed at random, through the whole path of an operator: whatever comes back, it holds.

`make hostile` tries ten thousand of them.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from PIL import Image

from airflow_provider_kling.exceptions import KlingError
from airflow_provider_kling.generation import run as generation_run
from airflow_provider_kling.polling import capacity_delay
from tests.conftest import FakeTaskInstance
from tests.media.clips import Clip
from tests.security.hostile_service import HostileService
from tests.security.messages import Messages
from tests.security.mutations import SECRET
from tests.task_runner import poll_often, retry_often, run, video

Connect = Callable[..., None]

API_VERSIONS = "2026-04", "2026-08"
CASES_A_TEST = 50
LONGEST_S = 60.0
MOST_XCOM_BYTES = 4_096
MOST_KEPT_BYTES = 64_000
PLAIN_NAME = re.compile(r"[A-Za-z0-9._-]+")


@pytest.fixture(scope="module")
def service() -> Iterator[HostileService]:
    with HostileService(result=Clip(frames=2).encoded()) as server:
        yield server


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no wait take long; which ones end a task stays as it is."""
    poll_often(monkeypatch)
    retry_often(monkeypatch)
    monkeypatch.setattr(generation_run, "capacity_delay", lambda **known: min(0.02, capacity_delay(**known)))


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "boat.png"
    Image.new("RGB", (512, 512)).save(path)
    return path


def test_any_answer_leads_to_a_result_or_to_a_clear_error(
    service: HostileService,
    connect: Connect,
    tmp_path: Path,
    picture: Path,
    messages: Messages,
    hostile_batch: int,
) -> None:
    slowest = 0.0
    for seed in range(hostile_batch * CASES_A_TEST, (hostile_batch + 1) * CASES_A_TEST):
        case, random, task_instance = f"case {seed}", Random(seed), FakeTaskInstance()
        output = tmp_path / str(seed) / "results"
        service.begin(random)
        connect(host=service.url, password=SECRET, extra={"api_version": random.choice(API_VERSIONS)})
        arguments = {**random_arguments(random, output, picture), "prompt": f"A boat, {seed}"}
        for honest in (False, False, True):
            service.begin_try(honest=honest)
            started = time.monotonic()
            try:
                assert len(json.dumps(run(video(**arguments), task_instance))) <= MOST_XCOM_BYTES, case
            except KlingError as error:
                messages.lines.append(str(error))
            slowest = max(slowest, time.monotonic() - started)
            assert not service.paid_again, case
            kept = json.dumps([task_instance.xcoms, task_instance.store.values])
            assert SECRET not in kept, case
            assert len(kept) < MOST_KEPT_BYTES, case
            task_instance.retry()
        messages.check(case)
        stored = {path for path in tmp_path.rglob("*") if path.is_file()}
        assert stored == {path for path in output.glob("*") if PLAIN_NAME.fullmatch(path.name)}, case
        shutil.rmtree(output.parent, ignore_errors=True)
    assert slowest < LONGEST_S


def random_arguments(random: Random, output: Path, picture: Path) -> dict[str, Any]:
    """Return arguments that decide which ways the case takes."""
    arguments: dict[str, Any] = {"timeout": LONGEST_S, "deferrable": random.random() < 0.5}
    if random.random() < 0.1:
        arguments["output"] = f"file://{output}/"
    if random.random() < 0.1:
        arguments["min_balance"] = 1
    if random.random() < 0.1:
        arguments |= {"images": [f"file://{picture}"], "upload": "always"}
    return arguments

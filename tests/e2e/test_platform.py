"""The example DAGs run unchanged on Kling's own platform, and callbacks wake what waits."""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest

from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from dev.airflow_stack import AirflowStack
from dev.clip import play
from dev.service import sandbox_connection
from tests.e2e.conftest import EXAMPLES, HERE, SETTINGS
from tests.e2e.run import Run
from tests.e2e.submissions import prompts_with
from tests.e2e.test_canary import dump, files_with, forms
from tests.e2e.test_pipeline import briefs_file

SECRET = "whsec_" + base64.b64encode(b"a secret of the webhook, 32 bytes").decode()
CALLBACKS = {"KLING__CALLBACKS": "True", "KLING__CALLBACK_SECRETS": SECRET}
SIGNED = "kling_signed"  # by an access key
HEARD = "The service has reported task"


@pytest.fixture(scope="module")
def platform(canary: str) -> Iterator[SandboxProcess]:
    """The sandbox of Kling's own platform."""
    options = {"video_slots": 1000, "image_slots": 1000, "video_units": 100_000, "image_units": 100_000}
    keys = {"api_key": canary, "secret_key": f"{canary}-secret-key", "webhook_secret": SECRET}
    with SandboxProcess(gateway="kling", speed=20, **keys, **options) as running:
        yield running


@pytest.fixture(scope="module")
def platform_stack(
    platform: SandboxProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AirflowStack]:
    """An Airflow whose connection leads there, and that the platform calls back."""
    folder = tmp_path_factory.mktemp("platform")
    shutil.copytree(EXAMPLES, folder / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HERE / "dags" / "shapes.py", folder / "dags")
    stack = AirflowStack(
        home=folder / "home", dags_folder=folder / "dags", settings={**SETTINGS, **CALLBACKS}
    )
    receiver = f"{stack.url}/kling/callbacks/kling"
    # On this machine polls come every two seconds, and on a slow one before any report was read.
    extra = {"webhook_url": receiver, "max_poll_interval": 60}
    connection = sandbox_connection(platform, gateway="kling", **extra)
    stack.env["AIRFLOW_CONN_KLING_DEFAULT"] = connection
    keys = {"login": platform.access_key, "password": platform.secret_key}
    stack.env[f"AIRFLOW_CONN_{SIGNED.upper()}"] = json.dumps({**json.loads(connection), **keys})
    with stack:
        yield stack


@pytest.fixture(scope="module")
def runs(platform_stack: AirflowStack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Runs of all examples, which go on side by side."""
    folder = tmp_path_factory.mktemp("made")
    given: dict[str, dict[str, object]] = {
        "any_connection": {"conn_id": SIGNED, "subject": "A boat, signed"},
        "kling_quickstart": {"prompt": "A boat, quickstart"},
        "kling_chain": {"prompt": "A boat, chain", "restyle_prompt": "As a painting, chain"},
        "kling_storyboard": {
            "opening": "A kite, storyboard",
            "scenes": ["It rises, storyboard", "It lands, storyboard"],
        },
        "kling_content_pipeline": {"briefs": briefs_file(folder, "pipeline", lines=2), "review": False},
    }
    started = {}
    for dag_id, conf in given.items():
        platform_stack.wait_for(lambda dag=dag_id: platform_stack.api.has_dag(dag), what=f"the DAG {dag_id}")
        platform_stack.api.unpause(dag_id)
        run_id = platform_stack.api.trigger(dag_id, {"output": f"file://{folder}", **conf})
        started[dag_id] = Run(stack=platform_stack, dag_id=dag_id, run_id=run_id)
    return started


EXAMPLE_RUNS = [
    ("any_connection", "signed", 1),
    ("kling_quickstart", "quickstart", 1),
    ("kling_chain", "chain", 2),
    ("kling_storyboard", "storyboard", 3),
    ("kling_content_pipeline", "pipeline", 2),
]


@pytest.mark.parametrize(("dag_id", "mark", "prompts"), EXAMPLE_RUNS)
def test_each_example_runs_unchanged_and_pays_once(
    runs: dict[str, Run], platform: SandboxProcess, dag_id: str, mark: str, prompts: int
) -> None:
    run = runs[dag_id]
    assert run.finish() == "success", [task.state for task in run.tasks().values()]
    sent = prompts_with(mark, platform)
    assert len(sent) == prompts
    assert set(sent.values()) == {1}


def test_a_clip_is_stored_and_its_units_are_in_the_result(runs: dict[str, Run]) -> None:
    run = runs["kling_quickstart"]
    assert run.finish() == "success"
    result = run.result("generate")
    clip = play(Path(result["uri"].removeprefix("file://")))
    assert (clip.width, clip.height, clip.codec) == (1280, 720, "h264")
    assert (result["cost_usd"], float(result["cost"]), result["cost_unit"]) == (None, 3.0, "units")


def test_the_platform_calls_back_and_what_waits_hears_of_it(
    runs: dict[str, Run], platform: SandboxProcess
) -> None:
    for run in runs.values():
        run.finish()
    ends = [one for one in platform.callbacks() if one["status"] in ("succeeded", "succeed")]
    assert len(ends) == sum(count for *_, count in EXAMPLE_RUNS)
    assert {one["response"] for one in ends} == {200}
    heard = [label for run in runs.values() for label in run.tasks() if HEARD in run.log(label)]
    assert heard


def test_no_key_and_no_token_is_seen_anywhere(
    runs: dict[str, Run], platform: SandboxProcess, platform_stack: AirflowStack
) -> None:
    for run in runs.values():
        run.finish()
    api = platform_stack.api
    told = [
        (task.rendered_fields, api.xcoms(task), api.log(task))
        for run in runs.values()
        for task in run.tasks().values()
    ]
    database = dump(platform_stack.database)
    seen = "\n".join([database, json.dumps(told), *api.variables().values()])
    for key in (platform.api_key, platform.secret_key, SECRET):
        assert [form for form in forms(key) if form in seen] == []
        assert files_with(key, platform_stack.home) == []
    logs = "".join(path.read_text(errors="replace") for path in platform_stack.logs.rglob("*.log"))
    tokens = re.findall(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", seen + logs)
    issuers = {jwt.decode(token, options={"verify_signature": False}).get("iss") for token in tokens}
    assert platform.access_key not in issuers

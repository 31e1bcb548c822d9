"""The sandbox as a process: it starts, responds while it renders, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from airflow_provider_kling.sandbox.testing.process import SandboxError, SandboxProcess
from tests.sandbox.conftest import Client, announced_url, started
from tests.sandbox.paths import O1


def _accepts(url: str) -> bool:
    try:
        httpx.get(f"{url}/_sandbox/stats", timeout=5)
    except httpx.TransportError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_even_while_it_renders(tmp_path: Path, number: signal.Signals):
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with started("--speed=1000", env=environment) as server:
        url = announced_url(server)
        headers = {"Authorization": "Bearer sandbox-key"}
        httpx.post(f"{url}{O1}", json={"prompt": "x", "duration": 10}, headers=headers)
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("*/*.part")):  # rendering has begun
            assert time.monotonic() < deadline
            time.sleep(0.01)
        server.send_signal(number)
        assert server.wait(timeout=600) == 0
    assert list(tmp_path.iterdir()) == []
    assert not _accepts(url)


ORPHAN = """
import os, signal
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
sandbox = SandboxProcess()
sandbox.start()
print(sandbox.url, sandbox.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_it_ends_when_its_parent_is_killed():
    killed = subprocess.run([sys.executable, "-c", ORPHAN], stdout=subprocess.PIPE, text=True, timeout=600)
    assert killed.returncode == -signal.SIGKILL
    url, pid = killed.stdout.split()
    deadline = time.monotonic() + 60
    while (alive := _accepts(url)) and time.monotonic() < deadline:
        time.sleep(0.05)
    if alive:
        os.kill(int(pid), signal.SIGKILL)
    assert not alive


def test_it_starts_with_options_and_stops():
    with SandboxProcess(api_key="another-key", tier="500", allow_unknown_fields=True, cover=False) as sandbox:
        response = httpx.get(
            f"{sandbox.url}/api/v1/team/balance", headers={"Authorization": f"Bearer {sandbox.api_key}"}
        )
        assert (response.status_code, response.headers["X-RateLimit-Limit"]) == (200, "500")
        pid = sandbox.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not _accepts(sandbox.url)
    sandbox.stop()  # a second call has no effect


def test_an_invalid_option_is_reported_at_the_start(capfd: pytest.CaptureFixture[str]):
    with pytest.raises(SandboxError, match="exit code 2"):
        SandboxProcess(tier="7").start()
    assert "--tier" in capfd.readouterr().err


def test_a_port_in_use_is_reported_at_the_start(kling_sandbox: SandboxProcess):
    port = int(kling_sandbox.url.rpartition(":")[2])
    with pytest.raises(SandboxError, match="exit code"):
        SandboxProcess(port=port).start()


def test_without_the_extra_the_command_says_what_to_install():
    program = (
        "import sys\n"
        "sys.modules['av'] = None\n"
        "from airflow_provider_kling.sandbox.__main__ import main\n"
        "main([])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=600)
    assert done.returncode == 1
    assert "pip install 'airflow-provider-kling[sandbox]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_plugin_loads_without_the_extra_and_without_airflow():
    program = (
        "import sys\n"
        "for name in ('av', 'numpy', 'PIL', 'starlette', 'uvicorn', 'airflow'): sys.modules[name] = None\n"
        "import airflow_provider_kling.sandbox.testing.pytest_plugin\n"
        "assert 'httpx' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=600)


def test_the_sandbox_shares_no_code_with_the_client_and_needs_no_airflow():
    program = (
        "import sys\n"
        "sys.modules['airflow'] = None\n"
        "import airflow_provider_kling.sandbox.http.server\n"
        "ours = {name for name in sys.modules if name.startswith('airflow_provider_kling.')}\n"
        "print(sorted(name for name in ours if not name.startswith('airflow_provider_kling.sandbox')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[]"


USERS_TEST = """
import httpx

def test_first(kling_sandbox):
    headers = {"Authorization": f"Bearer {kling_sandbox.api_key}"}
    url = f"{kling_sandbox.url}/api/v1/kling/kling-video-o1/async"
    assert httpx.post(url, json={"prompt": "x"}, headers=headers).status_code == 200
    kling_sandbox.faults([{"action": {"status": 500}, "times": None}])

def test_second(kling_sandbox, kling_sandbox_factory):
    assert kling_sandbox.requests() == []
    assert kling_sandbox.stats()["submissions_accepted"] == 0
    assert httpx.get(f"{kling_sandbox.url}/models/kling/none/api_schema").status_code == 404
    other = kling_sandbox_factory(api_key="other-key")
    assert other.url != kling_sandbox.url
    assert (kling_sandbox.api_key, other.api_key) == ("my-key", "other-key")
"""


def test_users_get_a_reset_sandbox_with_their_options_in_every_test(tmp_path: Path):
    (tmp_path / "pytest.ini").write_text("[pytest]\nkling_sandbox_args = api_key=my-key speed=50\n")
    (tmp_path / "test_mine.py").write_text(USERS_TEST)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=tmp_path)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_responses_do_not_wait_for_the_renderer(client: Client):
    task_id = client.submitted({"prompt": "this takes a while to render", "mode": "pro", "duration": 10})
    times, status = [time.perf_counter()], "pending"
    while status in ("pending", "processing"):
        status = client.state(task_id)["status"]
        times.append(time.perf_counter())
        time.sleep(0.01)  # 1,000 requests a minute
    assert status == "success"
    assert len(times) > 20
    # One that waited for the renderer would have waited for most of the time, on any machine.
    longest = max(after - before for before, after in pairwise(times))
    assert longest < (times[-1] - times[0]) / 2

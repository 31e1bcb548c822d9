"""The package ``media`` where PyAV is not installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import airflow_provider_kling

WITHOUT_PYAV = """
import importlib, pkgutil, sys

sys.modules.update(dict.fromkeys(("av", "numpy", "PIL")))  # as if they were not there
import airflow_provider_kling.media as media
for found in pkgutil.walk_packages(media.__path__, f"{media.__name__}."):
    importlib.import_module(found.name)

import io
from airflow_provider_kling.exceptions import KlingMediaError
from airflow_provider_kling.media.probe import probe
try:
    probe(io.BytesIO(b""), name="scene.mp4")
except KlingMediaError as error:
    print(error, error.retryable)
"""


def run(code: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        cwd=Path(airflow_provider_kling.__file__).parent.parent,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_without_the_extra_imports_work_and_the_first_use_says_what_to_install() -> None:
    said = run(WITHOUT_PYAV)
    assert "pip install 'airflow-provider-kling[media]'" in said
    assert said.endswith("False\n")  # a retry does not install it


def test_parsing_a_dag_does_not_load_the_decoders() -> None:
    code = "import sys\nimport airflow_provider_kling.media.probe\nprint('av' in sys.modules)"
    assert run(code) == "False\n"


def test_the_extra_installs_all_that_is_needed() -> None:
    code = (
        WITHOUT_PYAV.partition("import airflow_provider_kling")[0].replace('"av", ', "")
        + """
import io, av
from airflow_provider_kling.media.probe import probe
file = io.BytesIO()
with av.open(file, "w", format="mp4") as container:
    stream = container.add_stream("libx264", rate=24)
    stream.width = stream.height = 64
    stream.pix_fmt = "yuv420p"
    container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
    container.mux(stream.encode(None))
print(probe(file, name="scene.mp4").frames)
"""
    )
    assert run(code) == "1\n"

from __future__ import annotations

from pathlib import Path

import pytest

from dev.airflow_stack import MOST_RESTARTS, AirflowStack, AirflowStackError, Component

NAME = Component.SCHEDULER


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """An Airflow whose components end at once."""
    airflow = tmp_path / "airflow"
    airflow.write_text("#!/bin/sh\necho what is wrong\nexit 3\n")
    airflow.chmod(0o755)
    return tmp_path


def ended(stack: AirflowStack) -> AirflowStack:
    """Start a component, and wait for its end."""
    stack.home.mkdir()
    stack.start(NAME)
    stack._processes[NAME].wait()
    return stack


def test_a_component_that_ends_by_itself_is_an_error_that_shows_its_log(programs: Path) -> None:
    stack = ended(AirflowStack(home=programs / "home", dags_folder=programs, programs=programs))
    with pytest.raises(AirflowStackError, match=r"(?s)status 3.*what is wrong"):
        stack.check_alive()
    stack.stop()


def test_where_components_are_supervised_it_is_started_again_but_not_forever(programs: Path) -> None:
    stack = AirflowStack(home=programs / "home", dags_folder=programs, programs=programs, supervised=True)
    ended(stack).check_alive()
    assert stack.ended == [NAME]
    with pytest.raises(AirflowStackError, match="status 3"):
        stack.wait_for(lambda: None, what="what never comes", every=0.01)
    assert stack.ended == [NAME] * MOST_RESTARTS
    stack.stop()

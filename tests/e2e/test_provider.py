from __future__ import annotations

import pytest

from airflow_provider_kling.get_provider_info import get_provider_info
from dev.airflow_stack import AirflowStack


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (("get", "airflow-provider-kling"), "airflow-provider-kling"),
        (("hooks",), "airflow_provider_kling.hooks.kling.KlingHook"),
        (("behaviours",), "kling"),
    ],
)
def test_the_command_line_shows_the_provider(
    stack: AirflowStack, command: tuple[str, ...], shown: str
) -> None:
    assert shown in stack.cli("providers", *command, "--output", "json")


def test_a_broken_rule_is_an_import_error_that_names_it(stack: AirflowStack) -> None:
    def broken() -> str | None:
        errors = stack.api.import_errors()
        return next((trace for file, trace in errors.items() if file.endswith("broken_rule.py")), None)

    trace = stack.wait_for(broken, what="the import error")
    assert "KlingRequestError" in trace
    assert "shot_type" in trace
    assert "multi_shot" in trace


def test_the_command_line_shows_links_configuration_and_plugin(stack: AirflowStack) -> None:
    links = stack.cli("providers", "links", "--output", "json")
    for name in ("KlingVideoLink", "KlingPosterLink", "KlingGalleryLink"):
        assert f"airflow_provider_kling.links.kling.{name}" in links
    options = get_provider_info()["config"]["kling"]["options"]
    shown = stack.cli("config", "list", "--section", "kling", "--show-values", "--include-descriptions")
    for name, option in options.items():
        assert f"\n{name} = {option['default']}".rstrip() in shown
        assert option["description"] in shown
    assert "KlingPlugin" in stack.cli("plugins", "--output", "json")

"""Which service a sandbox simulates, and the options that each has."""

from __future__ import annotations

import httpx
import pytest

from airflow_provider_kling.sandbox.kling.settings import KlingSettings
from airflow_provider_kling.sandbox.modellix.settings import ModellixSettings
from airflow_provider_kling.sandbox.options import read_settings
from airflow_provider_kling.sandbox.testing.process import SandboxProcess


def test_the_default_is_modellix_with_its_defaults():
    assert read_settings([]) == ModellixSettings()


def test_kling_has_its_own_defaults():
    assert read_settings(["--gateway", "kling"]) == KlingSettings()


def test_options_of_all_gateways_reach_each():
    common = ["--port", "0", "--seed", "7", "--result-ttl", "60"]
    for gateway in ("modellix", "kling"):
        settings = read_settings(["--gateway", gateway, *common])
        assert (settings.port, settings.seed, settings.result_ttl) == (0, 7, 60)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--tier", "10", "--gateway", "kling"],
        ["--video-slots", "5"],
        ["--gateway", "kling", "--video-slots", "0"],
        ["--gateway", "kling", "--video-units", "-1"],
        ["--gateway", "kling", "--video-units", "nan"],
        ["--gateway", "kling", "--webhook-secret", "whsec_%"],
        ["--gateway", "other"],
        ["--speed", "0"],
    ],
)
def test_a_wrong_option_ends_the_command_and_says_why(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit):
        read_settings(arguments)
    assert arguments[-2].partition("=")[0] in capsys.readouterr().err or "--tier" in arguments


def test_both_fixtures_are_there_and_are_different_services(
    kling_sandbox: SandboxProcess, kling_platform_sandbox: SandboxProcess
):
    for sandbox, path in ((kling_sandbox, "/api/v1/models"), (kling_platform_sandbox, "/tasks?task_ids=1")):
        headers = {"Authorization": f"Bearer {sandbox.api_key}"}
        assert httpx.get(sandbox.url + path, headers=headers).status_code == 200
    assert kling_platform_sandbox.access_key
    assert kling_platform_sandbox.secret_key
    assert kling_sandbox.stats()["submissions_accepted"] == 0
    assert kling_platform_sandbox.stats()["submissions_accepted"] == 0


def test_the_counts_that_both_services_have_are_called_the_same(
    kling_sandbox: SandboxProcess, kling_platform_sandbox: SandboxProcess
):
    both = kling_sandbox.stats().keys() & kling_platform_sandbox.stats().keys()
    assert both == {
        *("submissions_accepted", "submissions_rejected", "polls", "polls_rejected"),
        *("peak_concurrent", "downloads"),
    }

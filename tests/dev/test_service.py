from __future__ import annotations

import io
import json

import pytest

from dev.service import ConsentError, choose_service

KEY = "a-real-key"


def test_the_real_service_is_refused_when_nobody_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))  # no terminal, whatever it says
    with pytest.raises(ConsentError, match="YES=1"), choose_service({"KLING_API_KEY": KEY}):
        pytest.fail("went on without consent")


def test_consent_can_be_given_beforehand() -> None:
    env = {"KLING_API_KEY": KEY, "KLING_BASE_URL": "https://kling.example", "YES": "1"}
    with choose_service(env) as service:
        assert service.costs_money
        assert json.loads(service.connection) == {
            "conn_type": "kling",
            "password": KEY,
            "host": "https://kling.example",
        }


def test_a_key_for_the_real_service_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with choose_service({"KLING_API_KEY": KEY, "YES": "1"}) as service:
        assert KEY not in repr(service)
    assert "costs money" in (printed := capsys.readouterr().out)
    assert KEY not in printed

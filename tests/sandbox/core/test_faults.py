"""Which faults are taken, and what of them is rejected."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_kling.sandbox.core.faults import FaultError, FaultList


def added(action: dict[str, Any], *, codes: tuple[int, ...] = (1302,)) -> FaultList:
    faults = FaultList(codes=codes)
    faults.add(json.dumps([{"action": action}]).encode())
    return faults


def test_a_fault_can_name_an_error_code_of_the_service():
    action = added({"code": 1302}).take("POST", "/tasks")
    assert action is not None
    assert action.code == 1302


@pytest.mark.parametrize("codes", [(), (1303,)])
def test_a_code_that_the_service_does_not_have_is_rejected(codes: tuple[int, ...]):
    with pytest.raises(FaultError, match="no error code 1302"):
        added({"code": 1302}, codes=codes)


@pytest.mark.parametrize(
    "action",
    [{"takes_effect": True}, {"drop": "after", "takes_effect": True}, {"code": 1302, "status": 429}],
)
def test_what_makes_no_sense_together_is_rejected(action: dict[str, Any]):
    with pytest.raises(FaultError):
        added(action)


@pytest.mark.parametrize("action", [{"code": 1302}, {"status": 500}])
def test_an_error_can_come_after_the_effect(action: dict[str, Any]):
    taken = added(action | {"takes_effect": True}).take("POST", "/tasks")
    assert taken is not None
    assert taken.takes_effect

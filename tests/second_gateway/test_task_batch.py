"""Reading several tasks in one request, through the clients that a hook has."""

from __future__ import annotations

import pytest

from airflow_provider_kling.exceptions import KlingBadRequestError, KlingNotFoundError
from airflow_provider_kling.gateways.base import TaskBatch
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.http.task import TaskStatus
from airflow_provider_kling.models import parse_request
from tests.second_gateway.service import Result, SecondService

pytestmark = pytest.mark.contract

REQUEST = parse_request("kling-video-o1", {"prompt": "A paper boat"})


def batch_of(hook: KlingHook) -> TaskBatch:
    batch = hook.gateway.task_batch
    assert batch is not None
    return batch


def make(hook: KlingHook, service: SecondService) -> list[str]:
    """Make a task of each kind; return their ids."""
    ids = []
    for duration_s, result_of_job in [(0, Result.DONE), (0, Result.BROKEN), (3600, Result.DONE)]:
        service.duration_s, service.result_of_job = duration_s, result_of_job
        ids.append(hook.submit(REQUEST).task_id)
    return ids


def test_one_request_reads_each_task_that_the_service_knows(service: SecondService) -> None:
    with KlingHook() as hook:
        ids = make(hook, service)
        found = hook.call(batch_of(hook).tasks([*ids, "unknown"]))
        assert {task_id: task.status for task_id, task in found.items()} == dict(
            zip(ids, [TaskStatus.SUCCESS, TaskStatus.FAILED, TaskStatus.PROCESSING], strict=True)
        )
        assert len(service.seen("GET", "/v7/jobs")) == 1
        assert all(found[task_id] == hook.get_task(task_id) for task_id in ids)
        with pytest.raises(KlingNotFoundError):
            hook.get_task("unknown")


async def test_the_asynchronous_client_reads_a_batch_too(service: SecondService) -> None:
    hook = KlingHook()
    ids = [(await hook.submit_async(REQUEST)).task_id for _ in range(3)]
    found = await hook.call_async(batch_of(hook).tasks(ids))
    assert list(found) == ids


def test_the_limit_is_the_most_that_the_service_reads_at_once(service: SecondService) -> None:
    with KlingHook() as hook:
        batch = batch_of(hook)
        ids = [hook.submit(REQUEST).task_id for _ in range(batch.limit + 1)]
        assert len(hook.call(batch.tasks(ids[: batch.limit]))) == batch.limit
        with pytest.raises(KlingBadRequestError):
            hook.call(batch.tasks(ids))


def test_a_batch_that_broke_down_is_read_again(service: SecondService) -> None:
    with KlingHook() as hook:
        task_id = hook.submit(REQUEST).task_id
        lost = iter([True, False])
        service.drops = lambda request: request.method == "GET" and next(lost)
        found = hook.call(batch_of(hook).tasks([task_id]))
        assert list(found) == [task_id]
    assert len(service.seen("GET", "/v7/jobs")) == 2

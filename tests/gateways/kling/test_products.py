"""Every product of Kling's own platform is paid once, with each kind of credentials, and when they change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from airflow_provider_kling.exceptions import KlingRequestError, KlingSubmissionUnknownError
from airflow_provider_kling.generation.run import GenerationRun
from airflow_provider_kling.hooks.kling import KlingHook
from airflow_provider_kling.http.task import Resource
from airflow_provider_kling.models import parse_request
from airflow_provider_kling.operators.kling import KlingGenerateOperator
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.conftest import FakeTaskInstance
from tests.gateways.kling.examples import SPEAKER
from tests.gateways.kling.test_with_sandbox import picture
from tests.task_runner import poll_often, retry_often, run

pytestmark = pytest.mark.contract

API_KEY: dict[str, Any] = {}
LEGACY_API_KEY: dict[str, Any] = {"extra": {"api_version": "v1"}}
ACCESS_KEY: dict[str, Any] = {
    "login": "sandbox-access-key",
    "password": "sandbox-secret-key-0123456789abcdef",
}
CONNECTIONS = {"API key": API_KEY, "API key, v1": LEGACY_API_KEY, "access key": ACCESS_KEY}

# For a generation; less than what a token of an access key lasts.
LONG_ENOUGH_S = 900

Connection = Mapping[str, Any]


class Platform:
    """The platform's sandbox, and the connection that leads to it."""

    def __init__(self, sandbox: SandboxProcess, connect: Callable[..., None]) -> None:
        self.sandbox = sandbox
        self._connect = connect

    def connect(self, connection: Connection) -> None:
        """Let the connection have these credentials."""
        extra = {"gateway": "kling", **connection.get("extra", {})}
        self._connect(
            **{"password": self.sandbox.api_key, **connection, "host": self.sandbox.url, "extra": extra}
        )

    @property
    def accepted(self) -> int:
        """How many submissions were accepted."""
        return int(self.sandbox.stats()["submissions_accepted"])

    def work(self, model: str, given: Mapping[str, Any]) -> Resource:
        """Make something to go on with."""
        with KlingHook() as hook:
            task = hook.submit(parse_request(model, given))
            if not task.status.terminal:
                self.sandbox.advance(LONG_ENOUGH_S)
                task = hook.get_task(task.task_id)
        return task.results()[0]

    def clip(self) -> Resource:
        """Make a clip of five seconds."""
        return self.work("kling-v1.6-t2v", {"prompt": "A face in the street", "duration": 5})

    def speech(self) -> Resource:
        """Make a speech that is long enough for everything."""
        text = "A paper boat " * 20
        return self.work("kling-tts", {"text": text, "voice_id": SPEAKER, "voice_language": "en"})


@pytest.fixture
def platform(
    kling_platform_sandbox: SandboxProcess, connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> Platform:
    poll_often(monkeypatch)
    retry_often(monkeypatch)
    return Platform(kling_platform_sandbox, connect)


def lip_sync(platform: Platform) -> dict[str, Any]:
    with KlingHook() as hook:
        found = hook.identify_faces(video_id=platform.clip().work_id)
    return {
        "session_id": found.session_id,
        "face_id": found.faces[0].face_id,
        "audio_id": platform.speech().work_id,
        "sound_start_time": 0,
        "sound_end_time": 2000,
        "sound_insert_time": 0,
    }


def multi_elements(platform: Platform) -> dict[str, Any]:
    with KlingHook() as hook:
        session = hook.init_selection(video_id=platform.clip().work_id)
        hook.add_selection(session.session_id, frame=0, points=[(0.5, 0.5)])
    return {"session_id": session.session_id, "edit_mode": "removal", "prompt": "Remove <<<video_1>>>"}


def motion_control(platform: Platform) -> dict[str, Any]:
    video = platform.clip().url
    return {"image": picture(), "video": video, "character_orientation": "image", "mode": "std"}


# By model: what prepares the fields of a request.
PRODUCTS: dict[str, Callable[[Platform], dict[str, Any]]] = {
    "kling-video-o1": lambda _: {"prompt": "A boat", "mode": "std", "duration": 5},
    "kling-v3-t2v": lambda _: {"prompt": "A boat", "duration": 5},
    "kling-v3-i2v": lambda _: {"prompt": "A boat", "image": picture()},
    "kling-v3-t2i": lambda _: {"prompt": "A boat"},
    "kling-image-expansion": lambda _: {
        "image": picture(),
        **{f"{side}_expansion_ratio": 0.1 for side in ("up", "down", "left", "right")},
    },
    "kling-avatar": lambda platform: {"image": picture(), "audio_id": platform.speech().work_id},
    "kling-v2.6-motion-control": motion_control,
    "kling-text-to-audio": lambda _: {"prompt": "Rain", "duration": 3.0},
    "kling-video-to-audio": lambda platform: {"video_id": platform.clip().work_id, "bgm_prompt": "calm"},
    "kling-lip-sync": lip_sync,
    "kling-multi-elements": multi_elements,
    "kling-video-extension": lambda platform: {"video_id": platform.clip().work_id},
}


def made_of(platform: Platform, model: str, **arguments: Any) -> KlingGenerateOperator:
    """Return the operator of a product, with what it goes on with."""
    return KlingGenerateOperator(
        task_id="make", model=model, parameters=PRODUCTS[model](platform), retries=3, **arguments
    )


LOST = [
    *((model, "after") for model in PRODUCTS),
    *((model, "before") for model in ("kling-lip-sync", "kling-multi-elements")),
]


@pytest.mark.parametrize("credentials", CONNECTIONS)
@pytest.mark.parametrize(("model", "lost"), LOST)
def test_a_connection_that_breaks_before_or_after_the_submission_ends_in_success_with_one(
    platform: Platform, task_instance: FakeTaskInstance, model: str, lost: str, credentials: str
) -> None:
    platform.connect(CONNECTIONS[credentials])
    operator, before = made_of(platform, model), platform.accepted
    platform.sandbox.faults([{"method": "POST", "action": {"drop": lost}}])
    assert run(operator, task_instance)["status"] == "success"
    assert platform.accepted - before == 1


@pytest.mark.parametrize("connection", [API_KEY, LEGACY_API_KEY], ids=["2026-07", "v1"])
def test_a_path_of_the_new_standard_is_paid_once_and_its_result_is_not_lost(
    platform: Platform, task_instance: FakeTaskInstance, connection: Connection
) -> None:
    platform.connect(connection)
    operator = KlingGenerateOperator(
        task_id="make",
        model="/text-to-video/kling-3.0-turbo",
        parameters={"prompt": "A boat", "settings": {"duration": 3}},
    )
    platform.sandbox.faults([{"method": "POST", "action": {"drop": "after"}}])
    assert run(operator, task_instance)["status"] == "success"
    assert platform.accepted == 1


LIBRARY: dict[str, Callable[[str], dict[str, Any]]] = {
    "/v1/general/advanced-custom-elements": lambda image: {
        "element_name": "Bo",
        "element_description": "A boat",
        "reference_type": "image_refer",
        "element_image_list": {"frontal_image": image, "refer_images": [{"image_url": image}]},
    },
    "/v1/general/ai-multi-shot": lambda image: {"element_frontal_image": image},
}


@pytest.mark.parametrize("credentials", CONNECTIONS)
@pytest.mark.parametrize("path", LIBRARY)
def test_what_other_requests_go_on_with_is_returned_by_a_raw_path(
    platform: Platform, task_instance: FakeTaskInstance, path: str, credentials: str
) -> None:
    platform.connect(CONNECTIONS[credentials])
    image = platform.work("kling-v3-t2i", {"prompt": "A boat"}).url
    operator = KlingGenerateOperator(task_id="make", model=path, parameters=LIBRARY[path](image))
    result = run(operator, task_instance)
    assert (result["status"], result["type"]) == ("success", "image")
    if path.endswith("elements"):
        assert result["resources"][0]["work_id"].isdigit()
    else:
        assert len(result["resources"]) == 3


# -- the connection's credentials change while a submission is open -------------------------------


def ends_early(operator: KlingGenerateOperator, task_instance: FakeTaskInstance, *, method: str) -> None:
    """Let a try end, as by SIGKILL, before a step of the run."""

    def killed(*arguments: Any, **named: Any) -> Any:
        raise SystemExit

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GenerationRun, method, killed)
        with pytest.raises(SystemExit):
            run(operator, task_instance)
    task_instance.retry()


CHANGES = [(one, other) for one in CONNECTIONS for other in CONNECTIONS if one != other]


@pytest.mark.parametrize(("first", "then"), CHANGES)
@pytest.mark.parametrize("model", ["kling-video-o1", "kling-v3-t2i"])
def test_other_credentials_of_the_account_find_a_running_task(
    platform: Platform, task_instance: FakeTaskInstance, model: str, first: str, then: str
) -> None:
    platform.connect(CONNECTIONS[first])
    operator = made_of(platform, model)
    ends_early(operator, task_instance, method="_wait")
    platform.connect(CONNECTIONS[then])
    if (model, first, then) == ("kling-video-o1", "API key", "access key"):
        with pytest.raises(KlingRequestError, match="login: must be empty, and the password the API key"):
            run(operator, task_instance)
        task_instance.retry()
        platform.connect(CONNECTIONS[first])
    assert run(operator, task_instance)["status"] == "success"
    assert platform.accepted == 1


@pytest.mark.parametrize(("first", "then"), CHANGES)
@pytest.mark.parametrize("model", ["kling-video-o1", "kling-v3-t2i"])
@pytest.mark.parametrize("on_unknown_submission", ["fail", "resubmit"])
def test_other_credentials_of_the_account_find_a_lost_submission(
    platform: Platform,
    task_instance: FakeTaskInstance,
    model: str,
    first: str,
    then: str,
    on_unknown_submission: str,
) -> None:
    platform.connect(CONNECTIONS[first])
    operator = made_of(platform, model, on_unknown_submission=on_unknown_submission)
    down = {"method": "GET", "times": 20, "action": {"code": 5001}}
    platform.sandbox.faults([{"method": "POST", "action": {"drop": "after"}}, down])
    with pytest.raises(KlingSubmissionUnknownError):
        run(operator, task_instance)
    platform.sandbox.clear_faults()
    task_instance.retry()
    platform.connect(CONNECTIONS[then])
    if (model, first, then) == ("kling-video-o1", "API key", "access key"):
        with pytest.raises(KlingSubmissionUnknownError, match="the password the API key"):
            run(operator, task_instance)
        task_instance.retry()
        platform.connect(CONNECTIONS[first])
    assert run(operator, task_instance)["status"] == "success"
    assert platform.accepted == 1


NOT_FOUND: dict[str, dict[str, Any]] = {
    "API key": {"body": {"code": 0, "message": "SUCCEED", "request_id": "r", "data": []}},
    "access key": {"status": 400, "body": {"code": 1201, "message": "Task not found by id/external id: x"}},
}


@pytest.mark.parametrize("credentials", NOT_FOUND)
def test_a_look_up_that_is_late_is_repeated_once_the_service_says_that_it_has_the_submission(
    platform: Platform, task_instance: FakeTaskInstance, credentials: str
) -> None:
    platform.connect(CONNECTIONS[credentials])
    late = {"method": "GET", "times": 3, "action": NOT_FOUND[credentials]}
    platform.sandbox.faults([{"method": "POST", "action": {"drop": "after"}}, late])
    assert run(made_of(platform, "kling-video-o1"), task_instance)["status"] == "success"
    assert platform.accepted == 1

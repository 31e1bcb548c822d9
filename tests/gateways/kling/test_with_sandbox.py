"""The client against the sandbox of Kling's own platform, over real HTTP."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from airflow_provider_kling.exceptions import (
    KlingAuthenticationError,
    KlingBadRequestError,
    KlingBalanceError,
    KlingCapacityError,
    KlingDuplicateSubmissionError,
    KlingError,
    KlingNotFoundError,
    KlingRequestError,
    KlingSubmissionUnknownError,
)
from airflow_provider_kling.gateways import make_gateway
from airflow_provider_kling.gateways.encoded import EncodedRequest
from airflow_provider_kling.gateways.kling import KlingGateway
from airflow_provider_kling.gateways.kling.access_key import AccessKey
from airflow_provider_kling.hooks.pacer import Pacer
from airflow_provider_kling.hooks.task_reader import shared_reader
from airflow_provider_kling.http.client import KlingClient, shared_client
from airflow_provider_kling.http.credentials import BearerToken, Credentials
from airflow_provider_kling.http.settings import ClientSettings
from airflow_provider_kling.http.task import Task, TaskStatus
from airflow_provider_kling.models import (
    KlingModel,
    KlingRequest,
    UncheckedRequest,
    list_models,
    parse_request,
)
from airflow_provider_kling.polling import PollWindow
from airflow_provider_kling.polling.pace import Pace
from airflow_provider_kling.sandbox.testing.process import SandboxProcess
from tests.gateways.kling.examples import (
    ELEMENT,
    IMAGE,
    LEGACY,
    LEGACY_VIDEOS,
    NEW,
    SPEAKER,
    VIDEO,
    VOICE,
    Example,
    part,
    prompt,
)

pytestmark = [
    pytest.mark.contract,
    pytest.mark.filterwarnings("ignore::airflow_provider_kling.exceptions.KlingRequestWarning"),
]

SECRET_KEY = "sandbox-secret-key-0123456789abcdef"
ACCESS_KEY = AccessKey(access_key="sandbox-access-key", secret_key=SECRET_KEY)
O1 = ("kling-video-o1", {"prompt": "A paper boat", "mode": "std", "duration": 5})
# They go on with a session, or with an earlier result, which has to exist.
GO_ON = {"kling-lip-sync", "kling-video-extension", "kling-multi-elements"}
# It is answered at once, so that its picture is read at once.
READ_AT_ONCE = {"kling-image-recognize"}


def picture() -> str:
    """Return a picture of the smallest size that is taken, as Base64."""
    content = io.BytesIO()
    Image.new("RGB", (300, 300)).save(content, "PNG")
    return base64.b64encode(content.getvalue()).decode()


def given_of(example: Example) -> Mapping[str, Any]:
    """Return what an author writes, with a picture that can be read."""
    return {"image": picture()} if example.model in READ_AT_ONCE else example.given


class Service:
    """The platform, as one connection sees it."""

    def __init__(self, url: str, credentials: Credentials) -> None:
        login = credentials.access_key if isinstance(credentials, AccessKey) else None
        gateway = make_gateway(name="kling", login=login)
        assert isinstance(gateway, KlingGateway)
        self.gateway = gateway
        self.client = KlingClient(
            settings=ClientSettings(base_url=url, credentials=credentials), sleep=lambda seconds: None
        )

    def submit(self, model: str, given: Mapping[str, Any], *, key: str | None = None) -> Task:
        """Submit a request."""
        encoded = self.gateway.encode(parse_request(model, given))
        return self.client.call(self.gateway.submit(encoded, key=key or uuid4().hex))

    def task(self, task_id: str) -> Task:
        """Read a task."""
        return self.client.call(self.gateway.task(task_id))

    def find(self, model: str, key: str) -> Task | None:
        """Look a submission up."""
        recovery = self.gateway.recovery_of(model, gateway=self.gateway.label)
        assert recovery is not None
        return self.client.call(recovery.find(key))


Connect = Callable[..., Service]


@pytest.fixture
def connect(kling_platform_sandbox: SandboxProcess) -> Iterator[Connect]:
    """Connect with credentials of either kind."""
    made: list[Service] = []

    def make(credentials: Credentials | None = None, *, url: str = kling_platform_sandbox.url) -> Service:
        made.append(Service(url, credentials or BearerToken(kling_platform_sandbox.api_key)))
        return made[-1]

    yield make
    for service in made:
        service.client.close()


def named(example: Example) -> str:
    return f"{example.model}: {', '.join(example.given)}"


def ready(examples: list[Example]) -> list[Example]:
    return [one for one in examples if one.model not in GO_ON]


@pytest.mark.parametrize("example", ready([*NEW, *LEGACY]), ids=named)
def test_the_service_takes_each_example(connect: Connect, example: Example) -> None:
    service = connect()
    task = service.submit(example.model, given_of(example))
    if not task.status.terminal:
        assert service.task(task.task_id).task_id == task.task_id


@pytest.mark.parametrize("example", ready([*LEGACY_VIDEOS, *LEGACY]), ids=named)
def test_the_service_takes_each_example_with_an_access_key(connect: Connect, example: Example) -> None:
    service = connect(ACCESS_KEY)
    task = service.submit(example.model, given_of(example))
    if not task.status.terminal:
        assert service.task(task.task_id).task_id == task.task_id


FRAMES = [part("first_frame", IMAGE), part("last_frame", IMAGE)]

# What the client refuses is what the service would refuse: the request that would have been sent.
REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("/omni-video/kling-o1", {"contents": [prompt()], "settings": {"audio": "native"}}),
    ("/omni-video/kling-o1", {"contents": [prompt()], "settings": {"multi_shot": True}}),
    (
        "/omni-video/kling-o1",
        {"contents": [prompt(), *(part("refer_image", IMAGE) for _ in range(5)), part("base_video", VIDEO)]},
    ),
    ("/omni-video/kling-o1", {"contents": [prompt(), *(part("refer_image", IMAGE) for _ in range(8))]}),
    (
        "/omni-video/kling-3.0-omni",
        {"contents": [prompt(), part("base_video", VIDEO)], "settings": {"multi_shot": True}},
    ),
    ("/text-to-video/kling-3.0", {"prompt": "x", "negative_prompt": "y"}),
    ("/text-to-video/kling-3.0", {"prompt": "x", "settings": {"cfg_scale": 0.5}}),
    (
        "/image-to-video/kling-3.0",
        {"contents": [prompt(), part("first_frame", IMAGE)], "settings": {"aspect_ratio": "1:1"}},
    ),
    ("/text-to-video/kling-3.0-turbo", {"prompt": "x", "settings": {"audio": "off"}}),
    (
        "/image-to-video/kling-3.0-turbo",
        {"contents": [prompt(), part("first_frame", IMAGE), part("first_frame", IMAGE)]},
    ),
    ("/text-to-video/kling-2.6", {"prompt": "x", "settings": {"audio": "native", "resolution": "720p"}}),
    ("/text-to-video/kling-2.6", {"prompt": "x", "settings": {"audio": "native"}}),
    (
        "/image-to-video/kling-2.6",
        {
            "contents": [part("first_frame", IMAGE), part("last_frame", IMAGE)],
            "settings": {"resolution": "720p"},
        },
    ),
    (
        "/image-to-video/kling-2.6",
        {"contents": [part("first_frame", IMAGE), {"type": "voice", "voice_id": VOICE, "id": "voice_1"}]},
    ),
    (
        "/image-to-video/kling-2.5-turbo",
        {"contents": [part("first_frame", IMAGE), part("last_frame", IMAGE)]},
    ),
    ("/v1/videos/effects", {"effect_scene": "pet_lion_pro", "input": {"image": IMAGE}, "duration": "5"}),
    ("/v1/images/omni-image", {"prompt": "x", "element_list": [{"element_id": "one"}]}),
    (
        "/v1/images/editing/expand",
        {"image": IMAGE, **{f"{side}_expansion_ratio": 0.5 for side in ("up", "down", "left", "right")}},
    ),
    ("/v1/videos/omni-video", {"model_name": "kling-video-o1", "prompt": "x"}),
    ("/v1/videos/text2video", {"model_name": "kling-v1", "prompt": "x"}),
    ("/v1/images/generations", {"model_name": "kling-v1-5", "prompt": "x"}),
]


@pytest.mark.parametrize(("path", "body"), REFUSED)
def test_what_the_client_refuses_the_service_refuses_too(
    kling_platform_sandbox: SandboxProcess, path: str, body: dict[str, Any]
) -> None:
    headers = {"Authorization": f"Bearer {kling_platform_sandbox.api_key}"}
    answer = httpx.post(f"{kling_platform_sandbox.url}{path}", json=body, headers=headers).json()
    assert answer["code"] in (1200, 1201), answer
    assert kling_platform_sandbox.stats()["submissions_accepted"] == 0


# -- never twice ----------------------------------------------------------------------------------


@pytest.mark.parametrize("credentials", [None, ACCESS_KEY], ids=["API key", "access key"])
def test_a_lost_answer_is_found_by_the_key_and_a_repetition_is_refused(
    connect: Connect, kling_platform_sandbox: SandboxProcess, credentials: Credentials | None
) -> None:
    service, key = connect(credentials), uuid4().hex
    assert service.find(O1[0], key) is None
    kling_platform_sandbox.faults([{"method": "POST", "action": {"drop": "after"}}])
    with pytest.raises(KlingSubmissionUnknownError):
        service.submit(*O1, key=key)
    found = service.find(O1[0], key)
    assert found is not None
    with pytest.raises(KlingDuplicateSubmissionError):
        service.submit(*O1, key=key)
    with pytest.raises(KlingDuplicateSubmissionError):
        service.submit("kling-v3-t2i", {"prompt": "x"}, key=key)
    assert kling_platform_sandbox.stats()["submissions_accepted"] == 1


def test_what_never_arrived_is_sent_again_with_the_same_key(
    connect: Connect, kling_platform_sandbox: SandboxProcess
) -> None:
    service, key = connect(), uuid4().hex
    kling_platform_sandbox.faults([{"method": "POST", "action": {"drop": "before"}}])
    with pytest.raises(KlingSubmissionUnknownError):
        service.submit(*O1, key=key)
    assert service.find(O1[0], key) is None
    made = service.submit(*O1, key=key)
    found = service.find(O1[0], key)
    assert found is not None
    assert found.task_id == made.task_id


# -- the life of a task ---------------------------------------------------------------------------


def test_a_video_is_made_and_its_units_are_known_when_it_has_ended(
    connect: Connect, kling_platform_sandbox: SandboxProcess
) -> None:
    service = connect()
    made = service.submit(*O1)
    assert (made.status, made.cost) == (TaskStatus.PENDING, None)
    kling_platform_sandbox.advance(3600)
    ended = service.task(made.task_id)
    assert ended.status is TaskStatus.SUCCESS
    assert (ended.cost, ended.cost_unit) == (Decimal("3.0"), "units")  # 5 s at 0.6
    [result] = ended.results("video")
    assert result.work_id
    assert httpx.get(result.url).content[4:8] == b"ftyp"
    assert ended.submitted_at is not None
    assert ended.expires_at is not None
    assert (ended.expires_at - ended.submitted_at).days == 30
    kling_platform_sandbox.advance(31 * 86_400)
    assert httpx.get(result.url).status_code in (403, 404)


def test_refused_content_is_a_failed_task_that_says_so(
    connect: Connect, kling_platform_sandbox: SandboxProcess
) -> None:
    service = connect()
    made = service.submit("kling-v3-t2v", {"prompt": "[forbidden]"})
    kling_platform_sandbox.advance(3600)
    failure = service.task(made.task_id).failure
    assert failure is not None
    assert failure.moderated


def test_speech_is_answered_at_once(connect: Connect) -> None:
    given = {"text": "A paper boat", "voice_id": SPEAKER, "voice_language": "en"}
    spoken = connect().submit("kling-tts", given)
    assert spoken.status is TaskStatus.SUCCESS
    [result] = spoken.results("audio")
    assert httpx.get(result.url).status_code == 200


def test_an_earlier_result_is_extended_by_its_id(
    connect: Connect, kling_platform_sandbox: SandboxProcess
) -> None:
    service = connect()
    made = service.submit("kling-v1.6-t2v", {"prompt": "x"})
    kling_platform_sandbox.advance(3600)
    [result] = service.task(made.task_id).results("video")
    longer = service.submit("kling-video-extension", {"video_id": result.work_id})
    kling_platform_sandbox.advance(3600)
    assert service.task(longer.task_id).status is TaskStatus.SUCCESS


def test_a_face_of_an_earlier_result_speaks(connect: Connect, kling_platform_sandbox: SandboxProcess) -> None:
    service = connect()
    made = service.submit("kling-v3-t2v", {"prompt": "x", "duration": 5})
    speech = service.submit(
        "kling-tts", {"text": "A paper boat " * 20, "voice_id": SPEAKER, "voice_language": "en"}
    )
    kling_platform_sandbox.advance(3600)
    [result] = service.task(made.task_id).results("video")
    sessions = service.gateway.video_sessions
    found = service.client.call(sessions.identify_faces(video=None, video_id=result.work_id))
    given = {
        "session_id": found.session_id,
        "face_id": found.faces[0].face_id,
        "audio_id": speech.results()[0].work_id,
        "sound_start_time": 0,
        "sound_end_time": 2000,
        "sound_insert_time": 0,
    }
    spoken = service.submit("kling-lip-sync", given)
    kling_platform_sandbox.advance(3600)
    assert service.task(spoken.task_id).status is TaskStatus.SUCCESS


# -- errors ---------------------------------------------------------------------------------------


def test_no_room_waits_and_no_units_do_not(connect: Connect, kling_sandbox_factory: Any) -> None:
    small = kling_sandbox_factory(gateway="kling", video_slots=1, image_units=0, speed=20)
    service = connect(url=small.url)
    service.submit(*O1)
    with pytest.raises(KlingCapacityError) as full:
        service.submit(*O1)
    assert full.value.transient
    with pytest.raises(KlingBalanceError) as empty:
        service.submit("kling-v3-t2i", {"prompt": "x"})
    assert not empty.value.transient
    assert service.client.call(service.gateway.account.balance(now=1.8e9)) >= 0


def test_wrong_credentials_are_refused_and_no_task_is_made(
    connect: Connect, kling_platform_sandbox: SandboxProcess
) -> None:
    for wrong in (BearerToken("sk-wrong"), AccessKey(access_key="sandbox-access-key", secret_key="x" * 32)):
        service = connect(wrong)
        kling_platform_sandbox.advance(2)  # the account is read at most once a second
        assert service.client.call(service.gateway.account.key_validation(now=1.8e9)) is False
        with pytest.raises(KlingAuthenticationError, match="no task exists"):
            service.submit(*O1)
    assert kling_platform_sandbox.stats()["submissions_accepted"] == 0


def test_valid_credentials_are_told(connect: Connect, kling_platform_sandbox: SandboxProcess) -> None:
    for right in (None, ACCESS_KEY):
        kling_platform_sandbox.advance(2)
        service = connect(right)
        assert service.client.call(service.gateway.account.key_validation(now=1.8e9)) is True


def test_a_task_that_does_not_exist_is_not_found(connect: Connect) -> None:
    with pytest.raises(KlingNotFoundError):
        connect().task("893605946402811985")
    with pytest.raises(KlingNotFoundError):
        connect(ACCESS_KEY).task("videos.omni-video.893605946402811985")


def test_twenty_tasks_are_read_at_once_and_not_one_more(connect: Connect) -> None:
    service = connect()
    ids = [service.submit("kling-v3-t2i", {"prompt": "x"}).task_id for _ in range(21)]
    batch = service.gateway.task_batch
    assert batch is not None
    assert service.client.call(batch.tasks([*ids[:19], "1"])).keys() == set(ids[:19])
    with pytest.raises(KlingError, match="cannot exceed 20"):
        service.client.call(batch.tasks(ids))


# -- random requests ------------------------------------------------------------------------------

EXISTING: dict[str, Any] = {
    "voice_ids": [VOICE],
    "voice_id": SPEAKER,
    "element_id": str(ELEMENT),
    "image": IMAGE,
    "video": VIDEO,
    "effect_scene": "pet_lion_pro",
}
EARLIER = {"audio_id", "video_id"}  # results that would have to exist
OFFERED = [
    (model, version)
    for model in list_models()
    for version in model.versions
    if model.slug not in GO_ON | READ_AT_ONCE
]


def values(name: str, field: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Return values that a field accepts by itself, and some beyond its bounds."""
    media = field.get("x-media", field.get("items", {}).get("x-media"))
    link = {"image": IMAGE, "video": VIDEO}.get(str(media), "https://cdn.example/a.mp3")
    match field.get("type"):
        case _ if name in EXISTING:
            return st.just(EXISTING[name])
        case _ if "enum" in field:
            return st.sampled_from(field["enum"])
        case "array" if name == "element_ids":
            return st.lists(st.just(str(ELEMENT)), min_size=1, max_size=5)
        case "array":
            return st.lists(st.just(link), min_size=1, max_size=5)
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(field.get("minimum", 0), field.get("maximum", 10))
        case "number":
            low, high = field.get("minimum", 0), field.get("maximum", 1)
            return st.floats(low, high).map(lambda value: round(value, 2))
        case _ if media:
            return st.just(link)
    words = st.sampled_from(["x", "<<<image_1>>> meets <<<video_1>>>", "A boat; shot", "水", "x" * 2500])
    return st.one_of(words, words, words, st.sampled_from([2501, 3072]).map("x".__mul__))


@st.composite
def requests(draw: st.DrawFn) -> tuple[KlingModel, dict[str, Any]]:
    """Draw a model of the catalogue and some of its fields."""
    model, version = draw(st.sampled_from(OFFERED))
    fields, required = version.schema["properties"], version.schema.get("required", ())
    names = [name for name in fields if name in required or (name not in EARLIER and draw(st.booleans()))]
    return model, {name: draw(values(name, fields[name])) for name in names}


# Where the client refuses what the service would take: a wish that the platform has no word for and would not
# fulfil, and a length that the service of the fields documents.
STRICTER = {
    ("kling-v3-turbo-t2v", "audio"),
    ("kling-v3-turbo-i2v", "audio"),
    ("kling-video-o1", "multi_shot"),
    ("kling-v3-omni-video", "prompt"),
}
# What is documented as refused for API keys only.
STRICTER_WITH_ACCESS_KEY = STRICTER | {
    ("kling-v3-omni-video", "multi_shot"),
    ("kling-v3-omni", "element_ids"),
}


def unchecked(gateway: KlingGateway, request: KlingRequest) -> EncodedRequest:
    """Return what would be sent if the client did not know the platform's rules."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("airflow_provider_kling.gateways.kling.gateway.CHECKS", {})
        patch.setattr("airflow_provider_kling.gateways.kling.gateway.inferred_rules", lambda _: [])
        return gateway.encode(request)


@pytest.mark.parametrize("credentials", [None, ACCESS_KEY], ids=["API key", "access key"])
def test_client_and_service_agree_on_random_requests(
    credentials: Credentials | None, connect: Connect, kling_sandbox_factory: Any
) -> None:
    # So slow that nothing is rendered but speech, which is waited for.
    options = {"gateway": "kling", "speed": 0.001, "video_slots": 10_000, "image_slots": 100_000}
    ample = kling_sandbox_factory(**options, video_units=1e9, image_units=1e9, audio_slots=10_000)
    service, seen = connect(credentials, url=ample.url), {"taken": 0, "refused": 0}
    stricter = STRICTER if credentials is None else STRICTER_WITH_ACCESS_KEY

    @settings(
        max_examples=2500,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(requests())
    def agree(drawn: tuple[KlingModel, dict[str, Any]]) -> None:
        model, body = drawn
        try:
            request = parse_request(str(model.name), body)
        except KlingRequestError:
            return  # it breaks a rule of the author's fields, which are not the platform's
        if isinstance(request, UncheckedRequest):
            return  # nor may it keep a rule that was only inferred
        try:
            encoded, is_taken = service.gateway.encode(request), True
        except KlingRequestError as refusal:
            if {(model.slug, rule.field) for rule in refusal.broken} <= stricter:
                return
            try:
                encoded, is_taken = unchecked(service.gateway, request), False
            except KlingRequestError:
                return  # the platform has no words for it
        try:
            service.client.call(service.gateway.submit(encoded, key=uuid4().hex))
            answer = "taken"
        except KlingBadRequestError as error:
            answer = f"refused ({error})"
        seen["taken" if is_taken else "refused"] += 1
        assert answer.startswith("taken" if is_taken else "refused"), (
            f"{model.slug} {body} -> {json.dumps(encoded.body)[:500]}: {answer}"
        )

    agree()
    assert seen["taken"] >= 600, "with both kinds of credentials, more than a thousand"
    assert seen["refused"] >= 50


# -- many tasks -----------------------------------------------------------------------------------


async def test_a_hundred_tasks_are_watched_with_a_tenth_of_the_requests(
    kling_platform_sandbox: SandboxProcess, connect: Connect
) -> None:
    service, polls = connect(), 5
    ids = [service.submit("kling-v3-t2i", {"prompt": "x"}).task_id for _ in range(100)]
    kling_platform_sandbox.advance(3600)
    settings = ClientSettings(
        base_url=kling_platform_sandbox.url, credentials=BearerToken(kling_platform_sandbox.api_key)
    )
    draw, interval_s = random.Random(1), 0.5

    async def watch(task_id: str, read: Callable[[str, PollWindow], Awaitable[Task]]) -> None:
        await asyncio.sleep(draw.uniform(0, interval_s))
        for _ in range(polls):
            window = PollWindow(earliest_s=0.75 * interval_s, latest_s=interval_s)
            assert (await read(task_id, window)).task_id == task_id

    async def requests(read: Callable[[str, PollWindow], Awaitable[Task]]) -> int:
        before = len(kling_platform_sandbox.requests("GET"))
        await asyncio.gather(*(watch(task_id, read) for task_id in ids))
        return len(kling_platform_sandbox.requests("GET")) - before

    async with shared_client(settings) as client:
        pacer = Pacer(pace=Pace(per_minute=100_000), rate_limit=lambda: None)
        reader = shared_reader(client, service.gateway, pacer=pacer)
        assert reader is not None

        async def read_alone(task_id: str, window: PollWindow) -> Task:
            await asyncio.sleep(window.latest_s)
            return await client.call(service.gateway.task(task_id))

        shared, single = await requests(reader.read), await requests(read_alone)
    assert single == polls * len(ids)
    assert shared * 10 <= single

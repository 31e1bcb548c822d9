"""What people write: connections, arguments, environments and links."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_kling.exceptions import KlingError, KlingRequestError
from airflow_provider_kling.hooks.connection import parse_connection
from airflow_provider_kling.http.proxy import environment_proxy
from airflow_provider_kling.media.hosts import HostRules, parse_link
from airflow_provider_kling.operators.media import VideoConcatOperator, VideoFrameOperator
from tests.fuzz.strategies import changed, json_values, texts
from tests.security.mutations import SECRET
from tests.task_runner import video

anything = st.one_of(json_values, st.timedeltas(), st.just(timedelta.max), st.builds(object), st.binary())
urls = st.one_of(
    texts,
    st.sampled_from(["http://proxy:3128", "socks5://proxy", "http://[::1", "http://a:b@c:99999", "::", "*"]),
    st.from_regex(r"(https?|socks5?)://[a-z0-9.:\[\]@%-]{0,20}", fullmatch=True),
)
EXTRA = {
    "gateway": "modellix",
    "api_version": "2026-08",
    "request_timeout": 60,
    "requests_per_minute": 30,
    "max_poll_interval": 10,
    "webhook_url": "https://hooks.example/kling",
    "allow_private_hosts": False,
    "allow_insecure_http": False,
}


@given(
    host=st.none() | urls,
    schema=st.none() | texts,
    port=st.none() | st.integers(),
    extra=st.one_of(changed(EXTRA), json_values, texts),
)
def test_a_connection_is_usable_or_names_what_is_wrong(
    host: str | None, schema: str | None, port: int | None, extra: Any
) -> None:
    try:
        connection = parse_connection(
            conn_id="kling_default",
            login=None,
            password=SECRET,
            host=host,
            schema=schema,
            port=port,
            extra=extra,
            caller="tests/1",
        )
    except KlingRequestError as error:
        assert SECRET not in str(error)
        assert len(str(error)) < 8_000
        return
    settings = connection.client
    assert settings.base_url.startswith("https://") or settings.allow_insecure_http or is_loopback(settings)
    assert SECRET not in repr(connection)


def is_loopback(settings: Any) -> bool:
    """Tell whether the key stays on this machine."""
    return settings.base_url.startswith(("http://127.", "http://localhost", "http://[::1]"))


GENERATION = {
    "timeout": 60,
    "queue_timeout": 60,
    "max_bytes": 1000,
    "min_balance": 1,
    "deferrable": True,
    "upload": "auto",
    "on_rerun": "reuse",
    "output": "s3://bucket/clip.mp4",
    "extra_parameters": {},
}
FRAME = {"source": "file:///a.mp4", "output": "file:///a.png", "at": 1, "quality": 90}
CONCAT = {
    "clips": ["file:///a.mp4", "file:///b.mp4"],
    "output": "file:///c.mp4",
    "size": [1280, 720],
    "fps": 24,
    "fade_s": 0.5,
    "trim_frames": 1,
}
OPERATORS: dict[str, tuple[Any, dict[str, Any]]] = {
    "generation": (video, GENERATION),
    "frame": (lambda **given: VideoFrameOperator(task_id="frame", **given), FRAME),
    "concat": (lambda **given: VideoConcatOperator(task_id="concat", **given), CONCAT),
}


@pytest.mark.parametrize("name", OPERATORS)
@given(data=st.data())
def test_an_argument_is_read_as_its_type_or_fails_the_import(name: str, data: st.DataObject) -> None:
    make, right = OPERATORS[name]
    wrong = data.draw(st.dictionaries(st.sampled_from(sorted(right)), anything, max_size=3))
    try:
        make(**{**right, **wrong})
    except KlingRequestError as error:
        fields = {rule.field.partition("[")[0].partition(".")[0] for rule in error.broken}
        assert fields <= right.keys()
        assert len(str(error)) < 8_000


@given(
    url=urls,
    given=st.dictionaries(st.sampled_from(["http_proxy", "https_proxy", "all_proxy", "no_proxy"]), urls),
)
def test_an_environment_gives_a_proxy_or_a_clear_error(url: str, given: dict[str, str]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
            patched.delenv(name, raising=False)
            patched.delenv(name.upper(), raising=False)
        for name, value in given.items():
            patched.setenv(name, value.replace("\0", "").encode("utf-8", "replace").decode())
        try:
            environment_proxy("https://api.example.com/api")
        except KlingRequestError as error:
            assert "@" not in str(error)


@given(link=urls, addresses=st.lists(st.ip_addresses().map(str), max_size=3))
def test_a_link_leads_to_public_addresses_or_is_refused(link: str, addresses: list[str]) -> None:
    hosts = HostRules(own_url="https://api.example.com", resolver=lambda host: addresses)
    try:
        found = hosts.addresses(parse_link(link))
    except KlingError as error:
        assert len(str(error)) < 2_000
        return
    assert found == addresses

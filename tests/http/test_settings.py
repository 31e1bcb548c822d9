"""What a client is told, and how it keeps the key to itself."""

from __future__ import annotations

import platform

import pytest

from airflow_provider_kling import __version__
from airflow_provider_kling.exceptions import KlingRequestError
from airflow_provider_kling.http.settings import ClientSettings

KEY = "sk-canary-0123456789"


def settings(api_key: str = KEY, caller: str = "") -> ClientSettings:
    return ClientSettings(base_url="https://api.example", api_key=api_key, caller=caller)


def test_the_key_is_not_in_repr() -> None:
    assert KEY not in repr(settings())
    assert KEY not in str(settings())


@pytest.mark.parametrize("key", ["", "has space", "line\nbreak", "tab\t", "ключ", "\x7f", "trailing "])
def test_a_key_that_no_header_can_carry_is_refused_without_being_quoted(key: str) -> None:
    with pytest.raises(KlingRequestError, match="password: must be the API key") as caught:
        settings(key)
    assert not key.strip() or key not in str(caught.value)


@pytest.mark.parametrize("key", ["k", "!~", KEY, 'a"b\\c/d+e='])
def test_any_printable_key_is_taken(key: str) -> None:
    assert settings(key).api_key == key


def test_the_caller_is_named_where_there_is_one() -> None:
    ours, python = f"airflow-provider-kling/{__version__}", f"python/{platform.python_version()}"
    assert settings().user_agent == f"{ours} {python}"
    assert settings(caller="apache-airflow/3.3.2").user_agent == f"{ours} apache-airflow/3.3.2 {python}"


@pytest.mark.parametrize(
    ("key", "spelling"),
    [
        ("a/b", "a/b"),
        ("a/b", "a\\/b"),
        ("a+b=", "a\\u002Bb\\u003d"),
        ('a"b', 'a\\"b'),
        ("a\\b", "a\\\\b"),
        ("a.b", "a.b"),
        ("(a|b)*", "(a|b)*"),
    ],
)
def test_the_key_is_taken_out_however_json_spells_it(key: str, spelling: str) -> None:
    assert settings(key).redact(f"<{spelling}>, <{spelling}>") == "<***>, <***>"


@pytest.mark.parametrize("text", ["axb", "a", "", "a.", "***"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert settings("a.b").redact(text) == text

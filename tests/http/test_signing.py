"""What a client signed with is redacted: the credentials' own secrets and those derived from them."""

from __future__ import annotations

from dataclasses import dataclass, field

from airflow_provider_kling.http.credentials import Signature, Signer
from airflow_provider_kling.http.message import HttpRequest

GET = HttpRequest(method="GET", path="/")


@dataclass(frozen=True)
class OneTime:
    """Credentials that derive ``many`` secrets for each request."""

    many: int = 1
    secrets: tuple[str, ...] = ("access-key", "secret-key")
    signed: list[str] = field(default_factory=list, hash=False, compare=False)

    def sign(self, request: HttpRequest, *, now: float) -> Signature:
        del request, now
        derived = tuple(f"derived-{len(self.signed) + index}." for index in range(self.many))
        self.signed.extend(derived)
        return Signature(headers={"Authorization": derived[0]}, secrets=derived)


def test_the_credentials_secrets_are_redacted_before_anything_is_signed() -> None:
    assert Signer(OneTime()).redactor.text("access-key, secret-key, other") == "***, ***, other"


def test_every_derived_secret_is_redacted() -> None:
    signer = Signer(OneTime())
    for _ in range(3):
        signer.headers(GET, now=0.0)
    text = "derived-0. derived-1. derived-2. access-key"
    assert signer.redactor.text(text) == "*** *** *** ***"


def test_the_memory_for_derived_secrets_is_bounded_and_keeps_the_newest() -> None:
    credentials = OneTime()
    signer = Signer(credentials)
    for _ in range(1000):
        signer.headers(GET, now=0.0)
    shown = [text for text in credentials.signed if signer.redactor.text(text) == text]
    assert shown == credentials.signed[:-64]


@dataclass(frozen=True)
class Scripted:
    """Credentials that sign with the tokens of a list."""

    tokens: list[str] = field(hash=False)
    secrets: tuple[str, ...] = ()

    def sign(self, request: HttpRequest, *, now: float) -> Signature:
        del request, now
        token = self.tokens.pop(0)
        return Signature(headers={"Authorization": token}, secrets=(token,))


def test_a_secret_that_is_used_again_counts_as_new() -> None:
    tokens = ["same.", *(f"other-{number}." for number in range(63)), "same.", "new."]
    signer = Signer(Scripted(list(tokens)))
    for _ in tokens:
        signer.headers(GET, now=0.0)
    assert signer.redactor.text("same. other-0. other-1.") == "*** other-0. ***"


def test_all_secrets_of_one_signature_are_kept() -> None:
    credentials = OneTime(many=100)
    signer = Signer(credentials)
    signer.headers(GET, now=0.0)
    assert {signer.redactor.text(text) for text in credentials.signed} == {"***"}


def test_without_credentials_there_is_nothing_to_redact() -> None:
    signer = Signer(None)
    assert signer.headers(GET, now=0.0) == {}
    assert signer.redactor.text("anything") == "anything"

"""Random requests: the client and the sandbox accept the same ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.models.cases import LINK, smallest
from tests.models.implementations import Sandbox, client_verdict
from tests.models.model_facts import VERSIONS, ModelVersion

EXAMPLES = 3000

_texts = st.one_of(
    st.sampled_from(["", "x", LINK, "data:image/png;base64,AAAA", "none of them", "5", "pet_lion_pro"]),
    st.text(max_size=20),
    st.sampled_from([2500, 2501, 3072, 3073]).map("x".__mul__),
)
_junk = st.one_of(
    st.booleans(),
    st.integers(-3, 20),
    st.floats(allow_nan=False, allow_infinity=False),
    _texts,
    st.lists(st.one_of(_texts, st.integers()), max_size=11),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)


def values(field: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Return values that a field often accepts, and some that it does not."""
    plausible: st.SearchStrategy[Any]
    match field.get("type"):
        case _ if "enum" in field:
            plausible = st.sampled_from(field["enum"])
        case "string" | None:
            plausible = _texts
        case "integer":
            plausible = st.integers(0, 16)
        case "number":
            plausible = st.one_of(st.floats(-0.5, 2.5), st.integers(0, 2))
        case "boolean":
            plausible = st.booleans()
        case "object":
            plausible = st.dictionaries(st.text(max_size=5), st.integers(), max_size=2)
        case _:
            item = st.just({}) if field["items"]["type"] == "object" else st.sampled_from([LINK, ""])
            plausible = st.lists(item, max_size=11)
    return st.one_of(plausible, plausible, plausible, _junk)


@st.composite
def requests(draw: st.DrawFn) -> tuple[ModelVersion, dict[str, Any]]:
    """Draw a model and a body: mostly some of its fields; sometimes one that it does not have."""
    version = draw(st.sampled_from(VERSIONS))
    required = version.schema.get("required", ())
    names = [name for name in version.fields if name in required or draw(st.booleans())]
    if names and draw(st.integers(0, 9)) == 0:
        names.remove(draw(st.sampled_from(names)))
    body = {name: draw(values(version.fields[name])) for name in names}
    if draw(st.integers(0, 19)) == 0:
        body[draw(st.sampled_from(["seed", "callback_url", "mode", "image", "n"]))] = draw(_junk)
    return version, body


def test_no_request_is_accepted_by_one_side_and_rejected_by_the_other(sandbox: Sandbox) -> None:
    seen = {True: 0, False: 0}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(requests())
    def agree(drawn: tuple[ModelVersion, dict[str, Any]]) -> None:
        version, body = drawn
        ours = client_verdict(version, body)
        theirs = sandbox.verdict(version, body if ours.sent is None else ours.sent)
        seen[ours.accepted] += 1
        assert ours.accepted is theirs.accepted, f"{version} {body}\n{ours.message}\n{theirs.message}"

    agree()
    assert sum(seen.values()) >= 2000
    assert min(seen.values()) >= 500, "the search finds both kinds"


def test_the_smallest_request_of_every_model_is_accepted_by_both(sandbox: Sandbox) -> None:
    for version in VERSIONS:
        body = smallest(version)
        assert client_verdict(version, body).accepted
        assert sandbox.verdict(version, body).accepted

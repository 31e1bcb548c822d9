"""Random requests: what one side takes, the other does not refuse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.models.contract_file import DOCUMENTED, Documented
from tests.models.sides import Sandbox, client_verdict

LINK = "https://media.example/file"
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


def values(spec: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return values that a field often takes, and some that it does not."""
    plausible: st.SearchStrategy[Any]
    match spec["type"]:
        case _ if "enum" in spec:
            plausible = st.sampled_from(spec["enum"])
        case "string":
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
            item = st.just({}) if spec["items"]["type"] == "object" else st.sampled_from([LINK, ""])
            plausible = st.lists(item, max_size=11)
    return st.one_of(plausible, plausible, plausible, _junk)


@st.composite
def requests(draw: st.DrawFn) -> tuple[Documented, dict[str, Any]]:
    """Draw a model and a body: its fields, mostly, with or without each; sometimes one that it has not."""
    documented = draw(st.sampled_from(DOCUMENTED))
    names = [name for name, spec in documented.fields.items() if spec["required"] or draw(st.booleans())]
    if names and draw(st.integers(0, 9)) == 0:
        names.remove(draw(st.sampled_from(names)))
    body = {name: draw(values(dict(documented.fields[name]))) for name in names}
    if draw(st.integers(0, 19)) == 0:
        body[draw(st.sampled_from(["seed", "callback_url", "mode", "image", "n"]))] = draw(_junk)
    return documented, body


def test_no_request_is_accepted_by_one_side_and_refused_by_the_other(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = {True: 0, False: 0}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(requests())
    def agree(drawn: tuple[Documented, dict[str, Any]]) -> None:
        documented, body = drawn
        ours = client_verdict(documented, body)
        theirs = sandbox.verdict(documented, body if ours.sent is None else ours.sent)
        seen[ours.accepted] += 1
        assert ours.accepted is theirs.accepted, f"{documented} {body}\n{ours.said}\n{theirs.said}"

    agree()
    with capsys.disabled():
        told = f"{seen[True]} accepted by both, {seen[False]} refused by both"
        print(f"\n{sum(seen.values())} random requests: {told}")  # noqa: T201  - how far the search went
    assert seen[True] + seen[False] >= 2000
    assert min(seen.values()) >= 500, "the search sees both ends"

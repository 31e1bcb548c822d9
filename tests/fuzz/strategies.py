"""What others may write: JSON of any shape, and the words and numbers that parsers fail at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from tests.security.mutations import HEADERS, NUMBERS, STATUSES, TEXTS

_LONGEST = 500  # longer ones are tried by `make hostile`

texts = st.one_of(st.sampled_from([text for text in TEXTS if len(text) <= _LONGEST]), st.text(max_size=30))
scalars: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from([*NUMBERS]),
    texts,
)
json_values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)
headers = st.fixed_dictionaries(
    {},
    optional={
        name: st.one_of(st.sampled_from([value for value in values if len(value) <= _LONGEST]), texts)
        for name, values in HEADERS.items()
    },
)
statuses = st.sampled_from([*STATUSES])


def objects(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw objects in which a field is what it should be, or anything, or not there."""
    return st.fixed_dictionaries(
        {}, optional={name: st.one_of(value, json_values) for name, value in fields.items()}
    )


def changed(right: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw an object that is right but for a few fields."""
    wrong = st.dictionaries(st.one_of(st.sampled_from(sorted(right)), texts), json_values, max_size=3)
    return wrong.map(lambda fields: {**right, **fields})


def bodies(document: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """Draw the bytes of a body: a document as JSON in some encoding, or anything."""
    encodings = st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-16", "utf-8-sig", "utf-32-be"])
    written = st.builds(
        lambda value, encoding: json.dumps(value).encode(encoding, "surrogatepass"), document, encodings
    )
    return st.one_of(written, written, written, st.binary(max_size=200))

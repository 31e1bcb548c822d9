"""The fact files: each is in the documented format, and says nothing that contradicts itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import airflow_provider_kling

MODELS = Path(airflow_provider_kling.__file__).parent / "models"
FORMAT = jsonschema.Draft202012Validator(json.loads((MODELS / "facts.schema.json").read_text()))
FILES = sorted((MODELS / "facts").glob("*.json"))
SLUGS = {file.stem for file in FILES}


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def file(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.fixture
def facts(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def test_the_format_is_a_json_schema_itself():
    jsonschema.Draft202012Validator.check_schema(FORMAT.schema)
    assert FILES


def test_every_file_has_the_documented_format(facts: dict[str, Any]):
    assert [f"{error.json_path}: {error.message}" for error in FORMAT.iter_errors(facts)] == []


def test_a_file_is_named_after_its_model(file: Path, facts: dict[str, Any]):
    assert file.stem == facts["slug"]


def test_a_successor_is_a_model_that_is_still_served(facts: dict[str, Any]):
    if successor := facts.get("successor"):
        assert successor in SLUGS
        assert "retired" not in json.loads((MODELS / "facts" / f"{successor}.json").read_text())


def test_the_shortest_usual_time_comes_before_the_longest(facts: dict[str, Any]):
    shortest, longest = facts["expected_seconds"]
    assert shortest < longest


def test_a_documented_path_is_of_the_model_and_only_where_a_page_was_seen(facts: dict[str, Any]):
    seen = any(version["certainty"] == "documented" for version in facts["api_versions"].values())
    assert (facts["documented_path"] is not None) is seen
    if path := facts["documented_path"]:
        assert path.removesuffix("/async").endswith(f"/{facts['slug']}")


def _fields(facts: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    for version in facts["api_versions"].values():
        for name, field in version["schema"]["properties"].items():
            yield name, field, version


def test_a_field_that_names_a_file_is_annotated_as_one(facts: dict[str, Any]):
    """By the names that Kling gives to files. A new name needs an annotation, and an entry here."""
    for name, field, _ in _fields(facts):
        annotated = field.get("items", field)
        if name == "dynamic_masks":
            annotated = annotated["properties"]["mask"]
        kind = "video" if name == "videos" else "audio" if name == "sound_file" else "image"
        is_file = name in {"videos", "sound_file", "dynamic_masks", "static_mask", "image_tail"} or (
            name.rpartition("_")[2] in {"image", "images"}
        )
        assert annotated.get("x-media") == (kind if is_file else None), name
        assert (annotated.get("x-role") == "mask") is ("mask" in name), name
        assert (annotated.get("x-role") == "last_frame") is (name == "image_tail"), name
        assert field.get("x-prompt", False) is name.endswith("prompt"), name


def test_limits_of_files_are_of_kinds_that_the_model_takes(facts: dict[str, Any]):
    for version in facts["api_versions"].values():
        fields = version["schema"]["properties"].values()
        kinds = {field.get("items", field).get("x-media") for field in fields}
        assert kinds >= version.get("media_limits", {}).keys()


def test_an_assumed_default_replaces_no_documented_one(facts: dict[str, Any]):
    for version in facts["api_versions"].values():
        for name in version["assumed"]:
            assert "default" not in version["schema"]["properties"].get(name, {}), name


def test_a_default_is_a_value_that_the_field_takes(facts: dict[str, Any]):
    for name, field, _ in _fields(facts):
        if "default" in field:
            bounds = {key: value for key, value in field.items() if not key.startswith("x-")}
            jsonschema.validate(field["default"], bounds)
            assert name

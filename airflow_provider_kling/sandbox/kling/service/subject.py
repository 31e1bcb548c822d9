"""What the rules of an endpoint look at: a body whose fields are right by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_kling.sandbox.kling.service.endpoint import Endpoint, ModelVersion
from airflow_provider_kling.sandbox.kling.service.library import Library
from airflow_provider_kling.sandbox.kling.service.sessions import Sessions
from airflow_provider_kling.sandbox.kling.service.works import Works


@dataclass(frozen=True, kw_only=True)
class Holdings:
    """What the account has, which requests can name by id."""

    works: Works
    library: Library
    sessions: Sessions

    def clear(self) -> None:
        """Remove all of it."""
        self.works.clear()
        self.library.clear()
        self.sessions.clear()


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A request to an endpoint."""

    endpoint: Endpoint
    body: Mapping[str, Any]
    holdings: Holdings

    @property
    def model(self) -> ModelVersion:
        """Return the model that is asked for."""
        return self.endpoint.model_of(self.body)

    def setting(self, name: str) -> Any:
        """Return a setting of the new standard, or its default; None if the endpoint has neither."""
        given: Mapping[str, Any] = self.body.get("settings", {})
        known = self.endpoint.schema["properties"]["settings"]["properties"]
        return given.get(name, known.get(name, {}).get("default"))

    def field(self, name: str) -> Any:
        """Return a field of the legacy standard, or its default; None if the endpoint has neither."""
        known = self.endpoint.schema["properties"].get(name) or {}
        return self.body.get(name, known.get("default"))

    def contents(self, *types: str) -> list[Mapping[str, Any]]:
        """Return the contents of some types, in their order."""
        return [content for content in self.body.get("contents", ()) if content["type"] in types]

    @property
    def prompt(self) -> str:
        """Return the text of the prompt, which the two generations write in different places."""
        given = [content["text"] for content in self.contents("prompt")]
        return given[0] if given else str(self.body.get("prompt", ""))

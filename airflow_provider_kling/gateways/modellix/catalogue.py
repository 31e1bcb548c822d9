"""What Modellix publishes about its models (docs: list-active-models; the vendor's own client)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from airflow_provider_kling.exceptions import KlingProtocolError
from airflow_provider_kling.gateways.json_values import mapping, text
from airflow_provider_kling.gateways.modellix.response import parse_object
from airflow_provider_kling.http.message import Call, HttpRequest, HttpResponse, Operation
from airflow_provider_kling.http.model_info import ModelInfo, PublishedSchema
from airflow_provider_kling.models import ModelName

_WEBSITE = "https://www.modellix.ai"


class ModellixCatalogue:
    """See :class:`~airflow_provider_kling.gateways.base.Catalogue`.

    :param base_url: of the service's own API, which publishes its schemas on another host.
    """

    def __init__(self, *, base_url: str) -> None:
        self._base_url = base_url

    def models(self) -> Call[list[ModelInfo]]:
        """List the models on offer."""
        return Call(
            request=HttpRequest(method="GET", path="/api/v1/models"),
            parse=_parse_models,
            idempotent=True,
            operation=Operation.OTHER,
        )

    def schema(self, model: ModelName) -> Call[PublishedSchema]:
        """Read the published schema of a model's request."""
        path = f"/models/{quote(model.provider, safe='')}/{quote(model.slug, safe='')}/api_schema"
        return Call(
            request=HttpRequest(method="GET", path=path),
            parse=_parse_schema,
            idempotent=True,
            operation=Operation.OTHER,
        )

    def public_url(self, base_url: str) -> str:
        """Return the website for the service's own API, else the same place."""
        return _WEBSITE if base_url == self._base_url else base_url


def _parse_models(response: HttpResponse) -> list[ModelInfo]:
    """Read the list of models, which has no ``data`` around it."""
    models = parse_object(response).get("models")
    if not isinstance(models, list):
        raise KlingProtocolError(f"{response.request} was answered without a list of models")
    return [
        ModelInfo(
            slug=slug,
            type=text(model.get("type")),
            description=text(model.get("description")),
            docs_url=text(model.get("docs_url")),
            price=mapping(model.get("price")) or None,
        )
        for model in map(mapping, models)
        if (slug := text(model.get("slug")))
    ]


def _parse_schema(response: HttpResponse) -> PublishedSchema:
    """Read an OpenAPI operation, the way the vendor's client does."""
    published = parse_object(response)
    content = mapping(mapping(mapping(published.get("post")).get("requestBody")).get("content"))
    body = mapping(content.get("application/json")).get("schema")
    if not isinstance(body, Mapping):
        raise KlingProtocolError(f"{response.request} was answered without a schema")
    servers = published.get("servers")
    server = mapping(servers[0]) if isinstance(servers, list) and servers else {}
    return PublishedSchema(submit_url=text(server.get("url")), body=body)

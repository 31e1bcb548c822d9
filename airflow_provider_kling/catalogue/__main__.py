"""``python -m airflow_provider_kling.catalogue check``: compare this release's models with the service."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing

from airflow_provider_kling.catalogue.drift import differences
from airflow_provider_kling.exceptions import KlingError, KlingNotFoundError, KlingRequestError
from airflow_provider_kling.gateways import gateway_class, make_gateway
from airflow_provider_kling.gateways.base import Catalogue
from airflow_provider_kling.http.client import KlingClient
from airflow_provider_kling.http.settings import ClientSettings
from airflow_provider_kling.models import KlingModel, find_model, list_models

SAME, DIFFERENT, UNREADABLE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0, 1 where anything differs, 2 where the service could not be read."""
    given = _parser().parse_intermixed_args(arguments)
    try:
        models = [find_model(name) for name in given.models] or [*_published_models()]
        return check(models, url=given.url)
    except KlingError as error:
        reading = "" if isinstance(error, KlingRequestError) else "The service's schemas could not be read: "
        print(f"{reading}{error}", file=sys.stderr)
        return UNREADABLE


def check(models: Sequence[KlingModel], *, url: str) -> int:
    """Print where the models differ from what is published at ``url``, and return the exit status."""
    catalogue = _catalogue()
    settings = ClientSettings(base_url=url.rstrip("/"), caller="catalogue")
    differing = 0
    with closing(KlingClient(settings=settings)) as client:
        for model in models:
            lines = _differences(model, client=client, catalogue=catalogue)
            differing += bool(lines)
            for line in lines:
                print(f"{model.name}: {line}")
    print(f"{len(models)} models compared with {url}, {differing} differ")
    return DIFFERENT if differing else SAME


def _differences(model: KlingModel, *, client: KlingClient, catalogue: Catalogue) -> list[str]:
    try:
        published = client.call(catalogue.schema(model.name))
    except KlingNotFoundError:
        gone = model.retired or model.left_documents
        return [] if gone else ["the service publishes no schema: it does not know the model, or no longer"]
    return differences(model, published.body)


def _published_models() -> Iterator[KlingModel]:
    """Yield the models of the default gateway's service; others have other models as well."""
    versions = gateway_class().api_versions
    return (model for model in list_models() if any(one.api_version in versions for one in model.versions))


def _catalogue() -> Catalogue:
    catalogue = make_gateway().catalogue
    assert catalogue is not None  # noqa: S101  - the default gateway has one
    return catalogue


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m airflow_provider_kling.catalogue",
        description="Compare the models that this release of airflow-provider-kling knows with what the "
        "service publishes. Exits with 1 where anything differs.",
    )
    parser.add_argument("command", choices=["check"])
    parser.add_argument("models", nargs="*", help="models to compare (default: all)")
    public = _catalogue().public_url(gateway_class().default_base_url)
    parser.add_argument("--url", default=public, help="where schemas are published (default: %(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
